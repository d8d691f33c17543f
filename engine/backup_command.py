"""The commands `casetable backup`: make a backup, bring it back, prove that it would come back."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

if TYPE_CHECKING:
    from engine.backup.restoring import Restored

FINDING = 1
FILE = click.Path(path_type=Path)
KEYS = "The file of the keys of cases, away from the backup."


@click.group("backup")
def backup() -> None:
    """Make backups, bring them back, and prove that they would come back."""


def _two_operators(command: Any) -> Any:
    """Ask for the two operators who do it together, on record."""
    second = click.option("--second", required=True, help="User name of the second operator.")
    return click.option("--by", required=True, help="User name of the operator.")(second(command))


@backup.command("create")
@click.argument("folder", type=FILE)
@click.option("--keys", required=True, type=FILE, help=KEYS)
def create(folder: Path, keys: Path) -> None:
    """Write the database into a new FOLDER, and the keys of cases into a file elsewhere.

    The work goes on meanwhile. Without the keys nobody reads what people wrote in it.

    Example: casetable backup create /media/backup/monday --keys /media/keys/monday.jsonl
    """
    from engine.application import open_application
    from engine.backup.creating import create as make

    made = make(open_application(), folder, keys)
    click.echo(
        f"{folder} holds {sum(made.rows.values())} rows of {made.moment}; {keys} holds the keys. "
        "Keep the keys apart, and for weeks only."
    )


@backup.command("restore")
@click.argument("folder", type=FILE)
@click.option("--keys", required=True, type=FILE, help=KEYS + " Give the newest one.")
@_two_operators
def restore(folder: Path, keys: Path, by: str, second: str) -> None:
    """Bring a backup back into the empty database of the settings, whole or not at all.

    Everybody is signed out. Mails wait until `casetable backup release` says what becomes of them.

    Example: casetable backup restore /media/backup/monday --keys /media/keys/friday.jsonl
    --by otto --second olaf
    """
    from engine.backup import restoring
    from engine.settings import load_settings

    settings = load_settings()
    source = restoring.open_source(settings, folder, keys)
    found = restoring.restore(settings, source, (by, second))
    click.echo(f"The database is as it was at {found.manifest.moment}. {_told(found)}")
    click.echo(
        "Look at who left and which holds were set since, start the worker, and then run: "
        "casetable backup held"
    )
    _end(found)


@backup.command("drill")
@click.argument("folder", required=False, type=FILE)
@click.option("--keys", type=FILE, help=KEYS)
@click.option(
    "--admin",
    envvar="CASETABLE_ADMIN_DATABASE_URL",
    default="",
    help="Address of somebody who may add a database; better in CASETABLE_ADMIN_DATABASE_URL.",
)
def drill(folder: Path | None, keys: Path | None, admin: str) -> None:
    """Bring a backup back beside the running installation, prove it, and take it away again.

    Without FOLDER one is made for the drill. Exits with 1 when something does not hold.

    Example: casetable backup drill /media/backup/monday --keys /media/keys/monday.jsonl
    """
    from engine.application import open_application
    from engine.backup.drill import drill as run

    done = run(open_application(), admin, folder=folder, keys=keys)
    made = "" if done.creating is None else f"Made in {done.creating:.1f} s. "
    click.echo(f"{made}Brought back and proved in {done.restoring:.1f} s. {_told(done.restored)}")
    _end(done.restored)


@backup.command("held")
def held() -> None:
    """Say how many mails wait for a person's word since a restore.

    Example: casetable backup held
    """
    from engine import restored
    from engine.application import open_application

    application = open_application()
    with application.database.reading() as session:
        found = restored.kept_back(session)
    click.echo(
        f"{found.owed} were owed when the backup was made, {found.since} came since the restore."
    )


@backup.command("release")
@click.option("--owed", required=True, type=click.Choice(["send", "drop"]))
@click.option("--since", required=True, type=click.Choice(["send", "drop"]))
@_two_operators
def release(owed: str, since: str, by: str, second: str) -> None:
    """Send or drop the mails that wait since a restore: those of the backup, and those since.

    What was owed then went out already, most likely, by the database that is gone. What came
    since tells of what fell due in between, too. Steps stand in the worklists either way.

    Example: casetable backup release --owed drop --since send --by otto --second olaf
    """
    from engine import administration, restored
    from engine.application import open_application

    words = {word: word for word in get_args(restored.Answer)}
    application = open_application()
    with application.database.transaction() as session:
        people = administration.two_operators(session, by, second)
        found = restored.answer(
            session,
            owed=words[owed],
            since=words[since],
            people=people,
            now=application.now(session),
        )
    click.echo(f"{found.owed} owed: {owed}. {found.since} since: {since}. New mails go out.")


def _told(found: "Restored") -> str:
    proof = found.proof
    return (
        f"{sum(found.manifest.rows.values())} rows, {proof.entries} entries of the audit trail, "
        f"{proof.keys} keys that open and {found.destroyed} that stay destroyed, {proof.states} "
        f"running process states, {proof.timers} waiting timers; {len(proof.problems)} problems."
    )


def _end(found: "Restored") -> None:
    for problem in found.proof.problems:
        click.echo(problem, err=True)
    if found.proof.problems:
        click.echo("Keep it as it is until somebody independent has looked.", err=True)
        sys.exit(FINDING)
