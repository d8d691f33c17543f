"""The command `casetable diff`: what is different between two sets of process files, in words."""

import re
import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from engine.errors import CasetableError, InputError, NotFoundError
from engine.language_command import spoken_option

DIFFERENT = 1
USAGE = 2
PUBLISHED = "published"
DEPLOYMENT = re.compile(r"[0-9a-f]{8,64}")


@click.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--profile", default=None, help="The national structure [default: of the settings].")
@click.option("--json", "as_json", is_flag=True, help="Changes for machines.")
@click.option("--without-rules", is_flag=True, help="Do not prove the safety rules on both sides.")
@spoken_option
def diff(old: str, new: str, profile: str | None, *, as_json: bool, without_rules: bool) -> None:
    """Say in words what changes from OLD to NEW.

    Each is a folder, a file, the word `published`, or the beginning of a deployment's id. The exit
    code is 0 where nothing of the meaning changes, 1 where something does, 2 for bad input.

    Example: casetable diff published processes
    """
    try:
        report, different = _compared(old, new, profile, as_json=as_json, proved=not without_rules)
    except (CasetableError, OSError) as error:
        click.echo(f"casetable: {error}", err=True)
        sys.exit(USAGE)
    except SQLAlchemyError as error:
        kind = type(error).__name__
        message = f"the database cannot be read ({kind}); run casetable db upgrade."
        click.echo(f"casetable: {message}", err=True)
        sys.exit(USAGE)
    click.echo(report)
    if different:
        sys.exit(DIFFERENT)


def _compared(
    old: str, new: str, profile: str | None, *, as_json: bool, proved: bool
) -> tuple[str, bool]:
    from dataclasses import replace

    from engine import comparison
    from engine.comparison.consequence import Consequences, rule_effects
    from engine.comparison.running import touched_cases

    sides = _Sides(profile)
    before, after = sides.read(old), sides.read(new)
    if Path(old).is_file() and Path(new).is_file() and Path(old).suffix == Path(new).suffix:
        # Two versions of one file, whatever they are called.
        before = replace(before, files=dict(zip(after.files, before.files.values(), strict=True)))
    changes = comparison.compare(before, after)
    found = rule_effects(before, after, changes) if proved else Consequences()
    different = any(change.weight == "meaning" for change in changes)
    if different and before.deployment_id:
        with sides.application.database.reading() as session:
            found = replace(found, cases=touched_cases(session, before, changes))
    tell = comparison.as_json if as_json else comparison.as_text
    return tell(before, after, changes, found), different


class _Sides:
    """Reads what the two arguments name; opens the database only when one needs it."""

    def __init__(self, profile: str | None) -> None:
        from engine.settings import load_settings

        self._profile = profile or load_settings().profile
        self._application: Any = None

    @property
    def application(self) -> Any:
        if self._application is None:
            from engine.application import open_application

            self._application = open_application()
        return self._application

    def read(self, name: str) -> Any:
        """Return the side that an argument names; raise CasetableError with the mend."""
        from engine.checking import ENDINGS
        from engine.comparison.side import Side
        from engine.inheritance import read_files

        if name == PUBLISHED:
            return self._stored(name)
        path = Path(name)
        if (path / "profiles").is_dir():
            return Side(name, read_files(path, self._profile))
        if path.is_dir():
            inside = [one for one in sorted(path.rglob("*")) if one.suffix in ENDINGS]
            return Side(
                name, {one.relative_to(path).as_posix(): one.read_bytes() for one in inside}
            )
        if path.is_file():
            return Side(name, {path.name: path.read_bytes()})
        if DEPLOYMENT.fullmatch(name):
            return self._stored(name)
        raise InputError(
            f"{name}: there is no such folder or file; name one, or write {PUBLISHED}."
        )

    def _stored(self, name: str) -> Any:
        from sqlalchemy import select

        from engine.comparison.side import Side
        from engine.models import CurrentDeployment, Deployment

        application = self.application
        with application.database.reading() as session:
            wanted = select(Deployment.id).where(Deployment.id.startswith(name))
            if name == PUBLISHED:
                wanted = select(CurrentDeployment.deployment_id).where(
                    CurrentDeployment.profile == self._profile
                )
            found = session.scalars(wanted.limit(2)).all()
            if len(found) != 1:
                raise NotFoundError(
                    f"{name}: {'no deployment' if not found else 'more than one deployment'} "
                    "begins so; run casetable db upgrade, or write more of the id."
                )
            deployment = application.deployments.get(session, found[0])
        title = f"{PUBLISHED} ({found[0][:12]})" if name == PUBLISHED else found[0][:12]
        return Side(title, deployment.files, found[0])
