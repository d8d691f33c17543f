"""The commands `casetable key`: make, change, take along and bring back the keys of cases."""

import os
from pathlib import Path
from typing import IO, Any

import click


@click.group("key")
def key() -> None:
    """Look after the keys with which the contents of cases open."""


def _open() -> Any:
    from engine.application import open_application

    return open_application()


@key.command("generate")
@click.argument("file", type=click.Path(path_type=Path))
def generate(file: Path) -> None:
    """Write the first master key into a new file that its owner alone reads.

    Example: casetable key generate /etc/casetable/master_keys
    """
    from engine import masterkey
    from engine.errors import InputError

    try:
        handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError as error:
        raise InputError(f"{file} is there already; nothing was changed.") from error
    with os.fdopen(handle, "w") as target:
        target.write(masterkey.line(1) + "\n")
    click.echo(f"{file} holds master key 1. Keep a copy where the database's backups are not.")


@key.command("status")
def status() -> None:
    """Say under which master keys the keys of cases are wrapped, and how many are destroyed.

    Example: casetable key status
    """
    from engine import casekey

    application = _open()
    with application.database.reading() as session:
        found = casekey.standing(session)
    for version, count in sorted(found.wrapped.items()):
        click.echo(f"master key {version}: {count} cases")
    click.echo(f"destroyed: {found.destroyed} cases")


def _two_operators(command: Any) -> Any:
    """Ask for the two operators who do it together, on record (security.md 2.4)."""
    second = click.option("--second", required=True, help="User name of the second operator.")
    return click.option("--by", required=True, help="User name of the operator.")(second(command))


@key.command("rotate")
@_two_operators
def rotate(by: str, second: str) -> None:
    """Add a master key to the file and wrap the keys of all cases under it.

    Pages and workers go on meanwhile. With CASETABLE_MASTER_KEYS, add the new line there and
    restart everything first; then this wraps under the highest version.

    Example: casetable key rotate --by otto --second olaf
    """
    from engine import administration, audit, casekey

    application = _open()
    with application.database.reading() as session:
        administration.two_operators(session, by, second)
    master = application.database.master_keys
    version = master.add() if master.path else master.newest()[0]
    total = 0
    while True:
        with application.database.transaction() as session:
            count = casekey.rewrap(session, master)
            total += count
            if count == 0:
                first, other = administration.two_operators(session, by, second)
                audit.record(
                    session,
                    None,
                    at=application.now(session),
                    actor_id=first.id,
                    event="key:master:rotate",
                    subject=str(version),
                    second=str(other.id),
                    cases=total,
                )
                break
    click.echo(
        f"{total} keys are wrapped under master key {version}. "
        "Once backups made before are gone, take the older lines out of the file."
    )


@key.command("backup")
@click.argument("file", type=click.File("w", atomic=True))
def backup(file: IO[str]) -> None:
    """Write the keys of all cases, wrapped; to be kept apart from backups of the database.

    Example: casetable key backup /media/keys/case_keys.jsonl
    """
    from engine import casekey

    application = _open()
    with application.database.reading() as session:
        lines = list(casekey.export(session))
    file.write("\n".join(lines) + "\n")
    click.echo(f"{len(lines) - 1} keys are written. Keep this file for weeks, not for years.")


@key.command("restore")
@click.argument("file", type=click.File("r"))
@_two_operators
def restore(file: IO[str], by: str, second: str) -> None:
    """Bring back the keys that are missing; what was destroyed stays destroyed.

    Example: casetable key restore /media/keys/case_keys.jsonl --by otto --second olaf
    """
    from engine import administration, audit, casekey

    application = _open()
    with application.database.transaction() as session:
        first, other = administration.two_operators(session, by, second)
        added, destroyed = casekey.bring_back(session, file)
        now, event = application.now(session), "key:case:restore"
        told = {"second": str(other.id), "added": added}
        audit.record(
            session, None, at=now, actor_id=first.id, event=event, subject="case_key", **told
        )
    click.echo(f"{added} keys are back; {destroyed} stay destroyed.")
