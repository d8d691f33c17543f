"""Reads scenarios: tests in a process owner's language, a file each, with the parts they share.

Bad scenario files are problems of that scenario, in one sentence each.
"""

import itertools
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.inheritance import story_paths
from engine.language.telling import told
from engine.profile import BASE, read_tables

STEP_KINDS = (
    *("start", "do", "after", "message", "refused", "expect", "opinion", "reopen", "agree"),
    *("erase", "file"),
)


@dataclass(frozen=True)
class Scenario:
    """One scenario file with its fragments put in place."""

    name: str
    title: str
    requirements: tuple[str, ...]
    profile: str
    starts: str
    values: Mapping[str, Any]
    steps: tuple[dict[str, Any], ...] = field(default_factory=tuple)
    shows: tuple[str, ...] = ()
    """What its profile has of its own that it is about, as `step:decide_by_police`."""
    ends: tuple[int, ...] = ()
    """Numbers of the steps with which its parts end: beginnings that other scenarios have, too."""

    @property
    def lent(self) -> int:
        """Return how many of its first steps come from parts."""
        return max(self.ends, default=0)


def find_scenarios(processes_dir: Path, profile: str | None = None) -> list[Path]:
    """Return the scenario files of the base and of all profiles, or those that hold for one."""
    if profile is not None:
        found = story_paths(processes_dir, profile)
        return [path for name, path in sorted(found.items()) if "/fragments/" not in name]
    own = sorted((processes_dir / "scenarios").glob("*.toml"))
    return own + sorted(processes_dir.glob("profiles/*/scenarios/*.toml"))


def profile_of(processes_dir: Path, path: Path) -> str:
    """Return the profile in whose folder a scenario lies; the base for all others."""
    inside = path.resolve().parts[len((processes_dir / "profiles").resolve().parts) :]
    own = path.resolve().is_relative_to((processes_dir / "profiles").resolve())
    return inside[0] if own and inside else BASE


def fragments_of(processes_dir: Path, profile: str) -> dict[str, Path]:
    """Return the parts of scenarios of a profile by name: its own over those it inherits."""
    found = story_paths(processes_dir, profile)
    return {path.stem: path for name, path in found.items() if "/fragments/" in name}


def read_scenario(
    path: Path, fragments: Mapping[str, Path] | None = None, *, profile: str = BASE
) -> Scenario:
    """Read a scenario; raise InputError naming the entry to mend.

    `fragments` are the parts that it may use, by name; without them those that lie beside it.
    `profile` is the one that holds where the file names none.
    """
    data = read_toml(path)
    if fragments is None:
        fragments = _beside(path.parent / "fragments")
    parts = _fragments(data, path, fragments)
    ends = tuple(itertools.accumulate(len(part) for part in parts))
    steps = list(itertools.chain(*parts, check_steps(data, path)))
    return replace(scenario_of({"profile": profile} | data, path, steps), ends=ends)


def _beside(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def scenario_of(data: Mapping[str, Any], path: Path, steps: Sequence[dict[str, Any]]) -> Scenario:
    """Return the scenario that a file says; raise InputError naming the entry to mend."""
    title = data.get("title")
    if not isinstance(title, str):
        raise InputError(told("%(name)s: a scenario needs a title.", name=path.name))
    starts = str(data.get("starts", "2026-01-15"))
    try:
        datetime.fromisoformat(starts)
    except ValueError as error:
        raise InputError(
            told("%(name)s: starts is a date like 2026-01-15.", name=path.name)
        ) from error
    values = data.get("values", {})
    if not isinstance(values, dict):
        raise InputError(told("%(name)s: [values] is a table of profile values.", name=path.name))
    return Scenario(
        name=path.stem,
        title=title,
        requirements=tuple(_texts(data, "requirements", path)),
        profile=str(data.get("profile", "base")),
        starts=starts,
        values=values,
        steps=tuple(steps),
        shows=tuple(_texts(data, "shows", path)),
    )


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file; raise InputError saying what is wrong with it."""
    try:
        # A copy, so that nobody who plays a step changes it for the stories that share it.
        return deepcopy(_parsed(path.read_bytes(), path.name))
    except OSError:
        raise InputError(
            told(
                "%(name)s: there is no such file in %(folder)s.",
                name=path.name,
                folder=path.parent.name,
            )
        ) from None


@lru_cache(maxsize=256)
def _parsed(content: bytes, name: str) -> dict[str, Any]:
    """Return the tables of a file; the parts that most stories begin with are taken apart once."""
    return read_tables(content, name)


def read_steps(
    path: Path, fragments: Mapping[str, Path] | None = None, seen: tuple[Path, ...] = ()
) -> list[dict[str, Any]]:
    """Read the steps of a fragment and of the fragments that it uses."""
    if path in seen:
        raise InputError(
            told("%(name)s: this fragment uses itself; take one of the two out.", name=path.name)
        )
    data = read_toml(path)
    known = _beside(path.parent) if fragments is None else fragments
    parts = _fragments(data, path, known, (*seen, path))
    return list(itertools.chain(*parts, check_steps(data, path)))


def _fragments(
    data: Mapping[str, Any],
    path: Path,
    fragments: Mapping[str, Path],
    seen: tuple[Path, ...] = (),
) -> list[list[dict[str, Any]]]:
    """Return the steps of each part that a file uses."""
    return [
        read_steps(fragments.get(name, Path("fragments") / f"{name}.toml"), fragments, seen)
        for name in _texts(data, "use", path)
    ]


def _texts(data: Mapping[str, Any], name: str, path: Path) -> list[str]:
    found = data.get(name, [])
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise InputError(
            told(
                '%(name)s: %(entry)s is a list of texts like ["one", "two"].',
                name=path.name,
                entry=name,
            )
        )
    return found


def check_steps(data: Mapping[str, Any], path: Path) -> list[dict[str, Any]]:
    """Return the own steps of a file; raise InputError naming the one that is of no kind."""
    steps = data.get("step", [])
    if not isinstance(steps, list) or not all(isinstance(step, dict) for step in steps):
        raise InputError(told("%(name)s: each step begins with a line [[step]].", name=path.name))
    for number, step in enumerate(steps, start=1):
        kinds = [kind for kind in STEP_KINDS if kind in step]
        if len(kinds) != 1:
            raise InputError(
                told(
                    "%(name)s: step %(number)s needs exactly one of %(listed)s.",
                    name=path.name,
                    number=number,
                    listed=", ".join(STEP_KINDS),
                )
            )
    return steps


def step_kind(step: Mapping[str, Any]) -> str:
    """Return what a step is: start, do, after, ..."""
    return next(kind for kind in STEP_KINDS if kind in step)
