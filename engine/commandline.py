"""The command `casetable`. Further commands come from the packages that announce them."""

import json
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from engine import (
    audit_command,
    backup_command,
    comparison_command,
    key_command,
    language_command,
    log,
    metrics_command,
    migrate_command,
    profile_command,
    publish_command,
    role_command,
)
from engine.errors import CasetableError
from engine.user_command import user

FINDING = 1
UNCONFIRMED = 3
USAGE = 2


class Commands(click.Group):
    """A group that finds further commands by the entry point group `casetable.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        found = {entry.name for entry in entry_points(group="casetable.commands")}
        return sorted(found | set(super().list_commands(ctx)))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, importing its package only when it is asked for."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        for entry in entry_points(group="casetable.commands", name=cmd_name):
            command: click.Command = entry.load()
            return command
        return None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def casetable() -> None:
    """Casetable runs multi-agency individual case management from its drawn process."""


def main() -> None:
    """Run the command line; a known error is one sentence and exit code 1."""
    log.configure()
    try:
        casetable(standalone_mode=True)
    except CasetableError as error:
        click.echo(f"casetable: {error}", err=True)
        sys.exit(FINDING)


def _open() -> Any:
    from engine.application import open_application

    return open_application()


@casetable.group()
def db() -> None:
    """Look after the database."""


@db.command("upgrade")
def db_upgrade() -> None:
    """Bring the tables up to date and publish the shipped processes.

    Example: casetable db upgrade
    """
    from engine.application import open_as_owner
    from engine.checking import check_paths
    from engine.deployment import publish_shipped, resolve
    from engine.migration import upgrade

    application = open_as_owner()
    upgrade(application.database)
    settings = application.settings
    report = check_paths((), settings.profile, home=settings.processes_dir)
    if report.errors:
        raise CasetableError(
            f"Nothing is published, the processes have to be mended first:\n{report.as_text()}"
        )
    deployment = resolve(settings.processes_dir, settings.profile)
    with application.database.transaction() as session:
        is_current = publish_shipped(session, deployment, at=application.now(session))
        current = application.deployment(session).id
    if is_current:
        click.echo(f"The database is up to date; processes {deployment.id[:12]} are published.")
        return
    click.echo(
        f"The database is up to date; processes {current[:12]} stay published, because your "
        f"process owners published them. To see what the shipped set {deployment.id[:12]} brings, "
        "run: casetable diff published processes"
    )


@casetable.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--profile", default=None, help="The national structure [default: each of them].")
@click.option("--json", "as_json", is_flag=True, help="Findings for machines.")
@language_command.spoken_option
def check(paths: tuple[Path, ...], profile: str | None, *, as_json: bool) -> None:
    """Find what is wrong with diagrams, tables, forms and profiles.

    Example: casetable check processes --profile base
    """
    from engine.checking import check_paths, check_shipped
    from engine.profile import BASE
    from engine.settings import load_settings

    if profile is None and not paths and not as_json:
        wrong = False
        for code, found in check_shipped(load_settings().processes_dir).items():
            click.echo(f"{code}: {found.as_text()}")
            wrong = wrong or bool(found.findings)
        sys.exit(FINDING if wrong else 0)
    profile = profile or BASE
    report = check_paths(paths, profile, home=load_settings().processes_dir)
    click.echo(report.as_json() if as_json else report.as_text())
    if report.findings:
        sys.exit(FINDING)


@casetable.command()
@click.argument("folder", required=False, type=click.Path(exists=True, path_type=Path))
@click.option("--profile", default=None, help="The national structure [default: each of them].")
@click.option("--json", "as_json", is_flag=True, help="Verdicts for machines.")
@click.option("--running", is_flag=True, help="For the running cases, from where each stands.")
@language_command.spoken_option
def verify(folder: Path | None, profile: str | None, *, as_json: bool, running: bool) -> None:
    """Prove the safety rules on every path of the drawings, or show the path that breaks one.

    A path is shown once the engine has gone it, too. Exits with 1 when a rule is broken, and with
    3 when the engine does not go a path that was found: then the proof is wrong, not the drawing.

    Example: casetable verify processes --profile base
    """
    from engine.deployment import resolve
    from engine.profile import BASE
    from engine.proof.proof import prove
    from engine.proof.replay import ReplayError
    from engine.proof.report import as_json as for_machines
    from engine.proof.report import as_text
    from engine.settings import load_settings

    try:
        if running:
            if folder is not None:
                raise click.UsageError(
                    "--running looks at each case under its own version; leave FOLDER out."
                )
            from engine.running_command import verify_running

            sys.exit(0 if verify_running(as_json=as_json) else FINDING)
        home = folder or load_settings().processes_dir
        if profile is None and folder is None and not as_json:
            sys.exit(0 if _verify_each(home) else FINDING)
        deployment = resolve(home, profile or BASE)
        proof = prove(deployment)
    except ReplayError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(UNCONFIRMED)
    click.echo(for_machines(proof) if as_json else as_text(proof, deployment.profile))
    if not proof.holds:
        sys.exit(FINDING)


def _verify_each(home: Path) -> bool:
    """Prove the rules of every profile; say in one line each how it went, and more where not."""
    from concurrent.futures import ProcessPoolExecutor

    from engine.inheritance import known

    hold = True
    with ProcessPoolExecutor() as pool:
        running = [(code, pool.submit(_verified, home, code)) for code in known(home)]
        for code, done in running:
            holds, told = done.result()
            hold = hold and holds
            click.echo(f"{code}: {told.splitlines()[-1] if holds else told}")
    return hold


def _verified(home: Path, code: str) -> tuple[bool, str]:
    from engine.deployment import resolve
    from engine.proof.proof import prove
    from engine.proof.report import as_text

    deployment = resolve(home, code)
    proof = prove(deployment)
    return proof.holds, as_text(proof, deployment.profile)


@casetable.group()
def scenario() -> None:
    """Run scenarios: what should happen, in the words of a process owner."""


@scenario.command("run")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--profile", default=None, help="Run what holds for this profile, under it.")
@click.option("--json", "as_json", is_flag=True, help="Results for machines.")
@click.option("--verbose", is_flag=True, help="Print each step.")
@click.option("--jobs", type=click.IntRange(min=1), help="Worker processes [default: all cores].")
def scenario_run(
    files: tuple[Path, ...], profile: str | None, jobs: int | None, *, as_json: bool, verbose: bool
) -> None:
    """Run scenarios on the test clock; the last line is `N passed, N failed`.

    Example: casetable scenario run processes/scenarios/straight_path_to_closed.toml
    """
    from engine.scenario import find_scenarios
    from engine.scenario_run import run_scenarios
    from engine.settings import load_settings

    settings = load_settings()
    wanted = list(files) or find_scenarios(settings.processes_dir, profile)
    results = []
    for result in run_scenarios(settings.processes_dir, wanted, profile=profile, jobs=jobs):
        results.append(result)
        if not as_json:
            mark = "passed" if result.passed else "FAILED"
            click.echo(f"{mark}  {result.name}  {result.title}")
            for line in result.log if verbose else result.problems:
                click.echo(f"        {line}")
    failed = sum(not result.passed for result in results)
    if as_json:
        click.echo(json.dumps([result.as_dict() for result in results], indent=2))
    else:
        click.echo(f"{len(results) - failed} passed, {failed} failed")
    if failed or not results:
        sys.exit(FINDING)


db.add_command(role_command.roles)
casetable.add_command(audit_command.audit)
casetable.add_command(backup_command.backup)
casetable.add_command(comparison_command.diff)
casetable.add_command(key_command.key)
casetable.add_command(language_command.language)
casetable.add_command(publish_command.publish)
casetable.add_command(metrics_command.metrics)
casetable.add_command(migrate_command.migrate)
casetable.add_command(profile_command.profile)


@casetable.command()
def health() -> None:
    """Say whether the database answers and what waits.

    Example: casetable health
    """
    from engine import role
    from engine.health import look

    application = _open()
    role.check(application.database, application.settings)
    click.echo(json.dumps(look(application), indent=2))


@casetable.group()
def clock() -> None:
    """Move the clock of a demo database."""


@clock.command("advance")
@click.argument("duration")
def clock_advance(duration: str) -> None:
    """Move on by an ISO 8601 duration and do all that becomes due.

    Example: casetable clock advance P92D
    """
    from engine.demo import advance_clock

    application = _open()
    done = advance_clock(application, duration)
    click.echo(f"It is now {application.clock.now():%d %B %Y}; {done} things were done.")


casetable.add_command(user)
