"""The command `casetable publish`: asks that a folder be published, agrees, or refuses."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from engine.errors import InputError
from engine.prompt import prove

if TYPE_CHECKING:
    from engine.application import Application

FINDING = 1


@click.command("publish")
@click.argument("folder", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--profile", default=None, help="The national structure [default: of the settings].")
@click.option("--note", default="", help="Why it is published; the other process owners read it.")
@click.option("--by", "username", required=True, help="User name of the process owner who acts.")
@click.option("--agree", "agreed", default=None, help="Id of what another person has asked.")
@click.option("--refuse", "refused", default=None, help="Id of what another person has asked.")
@click.option("--reason", default="", help="Why it is refused.")
def publish(  # noqa: PLR0917 - one option each
    folder: Path | None,
    profile: str | None,
    note: str,
    username: str,
    agreed: str | None,
    refused: str | None,
    reason: str,
) -> None:
    """Ask that the processes in FOLDER be published; a second process owner agrees or refuses.

    Checks, rules and scenarios run first, and nothing red is published.

    Example: casetable publish processes --note "Longer monitoring" --by olga
    Example: casetable publish --agree 0f0c9a52-1d0e-4a3b-9d53-6c1f5a0f7d11 --by oscar
    """
    from engine.application import open_application
    from engine.workshop import publishing

    if sum(one is not None for one in (folder, agreed, refused)) != 1:
        raise click.UsageError("Name one of: FOLDER, --agree ID, --refuse ID.")
    application = open_application()
    actor = prove(application, username)
    if agreed is not None:
        deployment_id = publishing.agree(application, _id(agreed), actor)
        click.echo(f"Published: new cases start on {deployment_id[:12]}.")
    elif refused is not None:
        publishing.refuse(application, _id(refused), actor, reason)
        click.echo("Refused: nothing was published.")
    elif folder is not None:
        _ask(application, actor, folder, profile or application.settings.profile, note)


def _id(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise InputError(f"{given}: not an id; copy the one that publish has printed.") from None


def _ask(application: "Application", actor: UUID, folder: Path, profile: str, note: str) -> None:
    from engine.inheritance import read_files, read_scenarios
    from engine.workshop import judgement, publishing

    files = read_files(folder, profile) | read_scenarios(folder, profile)
    judged = judgement.begin_with_files(application, actor, profile, files)
    judgement.judge_now(application, judged, _say_how_far)
    with application.database.reading_as(actor) as session:
        found = publishing.obstacles(session, judgement.find(session, judged))
    if found:
        for one in found:
            click.echo(one)
        click.echo("Nothing was asked, since this cannot be published.", err=True)
        sys.exit(FINDING)
    asked = publishing.ask(application, judged, actor, note)
    click.echo(f"Asked. Another process owner agrees: casetable publish --agree {asked} --by NAME")


def _say_how_far(done: int, total: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r{done} of {total} scenarios", nl=done == total, err=True)
