"""`casetable migrate`: what would become of the running cases; moves them, brings them back."""

import sys
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import click

FINDING = 1


@click.command()
@click.option("--from", "from_id", help="Id of the version that the cases run on.")
@click.option("--to", "to_id", help="Id of the version to move them to.")
@click.option("--profile", default=None, help="The national structure that both belong to.")
@click.option("--map", "chosen", multiple=True, metavar="OLD=NEW", help="What takes whose place.")
@click.option("--plan", "what", flag_value="plan", default="plan", help="Show it on copies.")
@click.option("--run", "what", flag_value="run", help="Move the cases.")
@click.option("--revert", type=click.UUID, metavar="RUN", help="Bring the cases of a run back.")
@click.option("--by", help="User name of the process owner who answers for it.")
def migrate(
    *,
    from_id: str | None,
    to_id: str | None,
    profile: str | None,
    chosen: tuple[str, ...],
    what: str,
    revert: UUID | None,
    by: str | None,
) -> None:
    """Move running cases to another version of the processes, each proved from where it stands.

    Ids may be shortened. The process owner types the own password. A run that was cut off goes
    on where it stopped. Exits with 1 when a case stays where it is.

    Example: casetable migrate --from 3f2b1c --to 9a01dd --by owner.olga --plan
    """
    from engine.application import open_application
    from engine.errors import InputError
    from engine.migrating import run as runs
    from engine.migrating.places import pairs, written
    from engine.prompt import prove

    if not by:
        raise click.UsageError("Say with --by which process owner answers for it.")
    application = open_application()
    with application.database.transaction() as session:
        owner = _owner(session, by)
    if prove(application, by) != owner:
        raise InputError(f"Type the user name of {by} as it is on the sign-in page.")
    if revert is not None:
        run_id = runs.revert(application, revert, owner)
        _carry_out(application, run_id)
        return
    if not (from_id and to_id):
        raise click.UsageError("Name both versions with --from and --to.")
    with application.database.transaction() as session:
        old, new = (_deployment(session, one, profile) for one in (from_id, to_id))
        places = runs.sides(application, session, old, new).read(pairs(chosen))
        cut_off = runs.unfinished(session, old, new, written(places))
    if what == "run" and cut_off is not None:
        _carry_out(application, cut_off)
        return
    run_id = runs.ask(application, owner, old, new, pairs(chosen), by_worker=False)
    runs.work(application, run_id)
    with application.database.transaction() as session:
        plan = _checked(runs.find(session, run_id)).plan
    if what == "plan":
        _print(plan["groups"], plan["needs"])
        _leave(plan["groups"], "moves")
    runs.begin(application, run_id, owner, by_worker=False)
    _carry_out(application, run_id)


def _carry_out(application: Any, run_id: UUID) -> None:
    from engine.migrating import run as runs

    click.echo(f"Run {run_id}")
    over = False
    while not over:
        over = runs.work(application, run_id, seconds=2.0)
        with application.database.transaction() as session:
            run = _checked(runs.find(session, run_id))
            click.echo(f"{run.done} of {run.total} cases", err=True)
            groups = run.result["groups"]
    _print(groups, {})
    _leave(groups, "moved")


def _leave(groups: Iterable[Mapping[str, Any]], good: str) -> None:
    sys.exit(0 if all(group["verdict"] == good for group in groups) else FINDING)


def _checked(run: Any) -> Any:
    from engine.errors import CasetableError

    if run.state == "failed":
        raise CasetableError(run.problem or "The run failed.")
    return run


def _print(groups: Iterable[Mapping[str, Any]], needs: Mapping[str, Any]) -> None:
    rows = list(groups)
    for group in rows:
        click.echo(f"{group['verdict']:8} {group['count']:6}  {group['places']}")
        if group["sentence"]:
            click.echo(f"                 {group['sentence']}")
    for key, need in needs.items():
        click.echo(f"--map {key}=...  ({need['label']}, {need['kind']})")
        for choice in need["choices"]:
            click.echo(f"    {choice['element']}  {choice['label']}")
    total = sum(group["count"] for group in rows)
    click.echo(f"{total} {'case' if total == 1 else 'cases'} in {len(rows)} groups.")


def _owner(session: Any, username: str) -> UUID:
    from engine import accounts
    from engine.errors import InputError
    from engine.policy import DESK_ACTIONS

    account = accounts.find_account(session, username)
    if not DESK_ACTIONS["workshop:publish"] & account.role_codes:
        raise InputError(f"{username} is no process owner; somebody who is answers for it.")
    found: UUID = account.id
    return found


def _deployment(session: Any, start: str, profile: str | None) -> str:
    """Return the id of the one stored version that begins so."""
    from sqlalchemy import select

    from engine.errors import InputError
    from engine.models import Deployment

    wanted = select(Deployment.id).where(Deployment.id.startswith(start, autoescape=True))
    if profile:
        wanted = wanted.where(Deployment.profile == profile)
    found = list(session.scalars(wanted))
    if len(found) != 1:
        known = "no version" if not found else f"{len(found)} versions"
        raise InputError(f"{known} of the processes begins with {start}; give more of the id.")
    deployment_id: str = found[0]
    return deployment_id
