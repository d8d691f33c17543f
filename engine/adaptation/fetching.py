"""Writes a profile that was published in the workshop as a folder, so that it can be in force.

An installation runs the profile of a folder. What process owners have published lies in the
database alone until whoever administers the machine has fetched it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from shutil import rmtree
from tempfile import mkdtemp

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.application import Application
from engine.errors import InputError
from engine.inheritance import (
    BASE_PROFILE,
    BASE_SELFCHECK,
    INHERITED,
    PROFILE,
    PROFILE_RULES,
    RULES,
    SELFCHECK,
    known,
    read_files,
    read_scenarios,
)
from engine.models import CurrentDeployment

OWN = {PROFILE: PROFILE, SELFCHECK: SELFCHECK, PROFILE_RULES: RULES}
"""Files of a set that always are the profile's own, with their names in its folder."""
UNDERNEATH = (BASE_PROFILE, BASE_SELFCHECK, RULES)


@dataclass(frozen=True)
class Fetched:
    """Where a profile was written, and what is otherwise than published."""

    folder: Path
    otherwise: tuple[str, ...]
    """Files of what lies underneath that an update of the product has changed meanwhile."""


def without_folder(session: Session, processes_dir: Path) -> list[str]:
    """Return the codes of the profiles that are published and lie in no folder."""
    codes = session.scalars(select(CurrentDeployment.profile))
    return sorted(set(codes) - set(known(processes_dir)))


def fetch(application: Application, code: str) -> Fetched:
    """Write the published set of a profile as its folder, whole or not at all.

    Raise InputError where nothing is published, a folder is there already, or cannot be written.
    """
    home = application.settings.processes_dir
    with application.database.reading() as session:
        waiting = without_folder(session, home)
        if code not in waiting:
            there = "lies in a folder already" if code in known(home) else "is not published"
            others = f"; to be fetched: {', '.join(waiting)}" if waiting else ""
            raise InputError(f"The profile {code} {there}{others}.")
        published = application.deployments.current(session, code)
    parent = published.profile.inherits
    if parent not in known(home):
        raise InputError(f"The profile {code} inherits {parent}; fetch {parent} first.")
    under = read_files(home, parent) | read_scenarios(home, parent)
    target = home / "profiles" / code
    try:
        _write(home, target, dict(_own(published.files, under)))
    except OSError as error:
        raise InputError(
            f"{target} cannot be written ({error.strerror}); run this on the machine and as the "
            "user to whom the processes belong."
        ) from error
    now = read_files(home, code)
    changed = {path for path in now if now[path] != published.files.get(path)}
    return Fetched(target, tuple(sorted(changed)))


def _own(files: Mapping[str, bytes], under: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield what the folder of a profile holds: its own files, and those that differ."""
    for path, content in files.items():
        if path in OWN:
            yield OWN[path], content
        elif (
            path not in UNDERNEATH
            and not path.startswith(INHERITED)
            and (under.get(path) != content)
        ):
            yield path, content


def _write(home: Path, target: Path, files: Mapping[str, bytes]) -> None:
    """Write all files aside and put them into place in one step."""
    aside = Path(mkdtemp(prefix=".fetching-", dir=home))
    try:
        for path, content in files.items():
            parts = PurePosixPath(path)
            # Threat: a name from the database could lead out of the folder.
            if parts.is_absolute() or ".." in parts.parts:
                raise InputError(f"{path} is no name of a file of a profile; nothing was written.")
            place = aside / parts
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
        aside.chmod(0o755)
        aside.rename(target)
    finally:
        rmtree(aside, ignore_errors=True)
