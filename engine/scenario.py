"""Runs scenarios: tests in a process owner's language, on the test clock, through the real engine.

Each scenario begins with the same database in memory. The state is stored and loaded between all
steps, because every step is a turn of its own. Bad scenario files are problems of that scenario, in
one sentence each, and never stop the others.
"""

import gc
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime, time
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError, InputError
from engine.inheritance import story_paths
from engine.language.telling import message_of, told
from engine.profile import BASE, read_tables
from engine.scenario_world import World

STEP_KINDS = (
    *("start", "do", "after", "message", "refused", "expect", "opinion", "reopen", "agree"),
    *("erase", "file"),
)


@dataclass(frozen=True)
class Result:
    """How one scenario went."""

    name: str
    title: str
    requirements: tuple[str, ...]
    problems: tuple[str, ...]
    log: tuple[str, ...]
    gone: tuple[str, ...] = ()
    """`process element` of each element and flow that the scenario went over."""
    stopped: int = 0
    """Number of the step that went wrong; 0 where none did or nothing could be played."""

    @property
    def passed(self) -> bool:
        """Say whether everything happened as told."""
        return not self.problems

    def as_dict(self) -> dict[str, Any]:
        """Return the result for machines."""
        return {
            "name": self.name,
            "title": self.title,
            "passed": self.passed,
            "requirements": list(self.requirements),
            "problems": list(self.problems),
        }


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
    lent: int = 0
    """How many of its first steps come from parts that other scenarios use, too."""


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
    lent = _fragments(data, path, fragments)
    steps = lent + check_steps(data, path)
    return replace(scenario_of({"profile": profile} | data, path, steps), lent=len(lent))


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
    return _fragments(data, path, known, (*seen, path)) + check_steps(data, path)


def _fragments(
    data: Mapping[str, Any],
    path: Path,
    fragments: Mapping[str, Path],
    seen: tuple[Path, ...] = (),
) -> list[dict[str, Any]]:
    steps: list[dict[str, Any]] = []
    for name in _texts(data, "use", path):
        steps += read_steps(
            fragments.get(name, Path("fragments") / f"{name}.toml"), fragments, seen
        )
    return steps


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


def run_scenarios(
    processes_dir: Path,
    files: Iterable[Path],
    *,
    profile: str | None = None,
    jobs: int | None = None,
) -> Iterator[Result]:
    """Run scenarios in worker processes (default: one a processor) and give results in order."""
    wanted = list(files)
    workers = min(jobs or os.cpu_count() or 1, len(wanted))
    codes = {path: profile or profile_of(processes_dir, path) for path in wanted}
    parts = {code: _parts(processes_dir, code) for code in set(codes.values())}
    if workers <= 1:
        for path in wanted:
            yield run_file(processes_dir, path, profile, parts[codes[path]])
        return
    with ProcessPoolExecutor(workers) as pool:
        running = [
            (path, pool.submit(_run_among, processes_dir, path, profile, parts[codes[path]]))
            for path in wanted
        ]
        for path, done in running:
            try:
                yield done.result()
            except BrokenProcessPool:
                yield _failed(
                    path, told("the process that ran it, or another one, was ended from outside")
                )


def _run_among(
    processes_dir: Path, path: Path, profile: str | None, parts: Mapping[str, Path] | None
) -> Result:
    """Run one of many in a process of its own."""
    found = run_file(processes_dir, path, profile, parts)
    _keep_what_is_read()
    return found


@cache
def _keep_what_is_read() -> None:
    """Leave what the first story of a process has read out of all later searches for garbage.

    Looking through it for what nobody needs any more would take a tenth of their time. Once: asking
    how much is left out already goes through all of it, too.
    """
    gc.freeze()


def _parts(processes_dir: Path, profile: str) -> dict[str, Path] | None:
    """Return the parts of a profile's scenarios; None where each scenario has to say what broke."""
    try:
        return fragments_of(processes_dir, profile)
    except CasetableError:
        return None


def run_file(
    processes_dir: Path,
    path: Path,
    profile: str | None = None,
    parts: Mapping[str, Path] | None = None,
) -> Result:
    """Run the scenario of a file; whatever goes wrong is a problem of this scenario alone.

    `parts` are what `fragments_of` its profile returns, where they have been read already.
    """
    try:
        chosen = profile or profile_of(processes_dir, path)
        parts = fragments_of(processes_dir, chosen) if parts is None else parts
        scenario = read_scenario(path, parts, profile=chosen)
        return run_scenario(processes_dir, scenario, profile=profile)
    except CasetableError as error:
        return _failed(path, message_of(error))
    except Exception as error:  # noqa: BLE001 - the edge: the other scenarios still count
        return _failed(path, _broke(error))


def _broke(error: Exception) -> str:
    return told(
        "the engine broke with %(kind)s: %(error)s",
        kind=type(error).__name__,
        error=message_of(error),
    )


def _failed(path: Path, problem: str) -> Result:
    return Result(path.stem, "", (), (problem,), ())


def run_scenario(
    processes_dir: Path,
    scenario: Scenario,
    *,
    profile: str | None = None,
    drawn: ResolvedDeployment | None = None,
) -> Result:
    """Run one scenario; the first step that goes wrong ends it, whatever the reason.

    It is played on what the folder holds, or on another set that is `drawn`. There, parts of other
    scenarios are only the way to where this one begins: of those, what nobody owes is passed over.
    """
    log: list[str] = []
    problems: list[str] = []
    stopped = 0
    with World(
        processes_dir,
        profile or scenario.profile,
        datetime.combine(datetime.fromisoformat(scenario.starts).date(), time(9)),
        scenario.values,
        drawn=drawn,
    ) as world:
        for number, step in enumerate(scenario.steps, start=1):
            kind = step_kind(step)
            if drawn is not None and number <= scenario.lent and not world.has_place(kind, step):
                continue
            log.append(f"{number}. {world.today}  {kind} {step[kind]}")
            try:
                found = world.take(kind, step)
            except CasetableError as error:
                found = [message_of(error)]
            except Exception as error:  # noqa: BLE001 - the edge: the step is to be named
                found = [_broke(error)]
            problems += [
                told(
                    "step %(number)s (%(kind)s %(what)s): %(problem)s",
                    number=number,
                    kind=kind,
                    what=str(step[kind]),
                    problem=text,
                )
                for text in found
            ]
            if problems:
                stopped = number
                break
        problems += world.broken_rules()
        gone = world.gone_over()
    return Result(
        name=scenario.name,
        title=scenario.title,
        requirements=scenario.requirements,
        problems=tuple(problems),
        log=tuple(log),
        gone=gone,
        stopped=stopped,
    )
