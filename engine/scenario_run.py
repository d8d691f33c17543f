"""Runs scenarios on the test clock, through the real engine, and says what went otherwise.

Each scenario begins with the same database in memory. The state is stored and loaded between all
steps, because every step is a turn of its own. A scenario that breaks never stops the others.
"""

import gc
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from pathlib import Path
from typing import Any

from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError
from engine.language.telling import message_of, told
from engine.scenario import Scenario, fragments_of, profile_of, read_scenario, step_kind
from engine.scenario_beginning import Beginnings, keys_of
from engine.scenario_world import World


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


_BEGINNINGS = Beginnings()
"""Of this process."""


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
    with World(
        processes_dir,
        profile or scenario.profile,
        datetime.combine(datetime.fromisoformat(scenario.starts).date(), time(9)),
        scenario.values,
        drawn=drawn,
    ) as world:
        log, problems, stopped = _play(world, scenario, passing=drawn is not None)
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


def _play(world: World, scenario: Scenario, *, passing: bool) -> tuple[list[str], list[str], int]:
    """Play the steps; return the log, what went otherwise than told, and the step where it did."""
    keys = keys_of(world, scenario.steps, scenario.ends, passing=passing)
    log, done = list[str](), 0
    if (found := _BEGINNINGS.find(keys)) is not None:
        done, begun = found
        world.take_up(begun.world)
        log += begun.log
    for number, step in enumerate(scenario.steps[done:], start=done + 1):
        kind = step_kind(step)
        if not passing or number > scenario.lent or world.has_place(kind, step):
            log.append(f"{number}. {world.today}  {kind} {step[kind]}")
            if problems := _take(world, number, kind, step):
                return log, problems, number
        if number in keys:
            _BEGINNINGS.keep(keys[number], world, log)
    return log, [], 0


def _take(world: World, number: int, kind: str, step: Mapping[str, Any]) -> list[str]:
    """Take one step; return what went otherwise than told, with the number of the step."""
    try:
        found = world.take(kind, step)
    except CasetableError as error:
        found = [message_of(error)]
    except Exception as error:  # noqa: BLE001 - the edge: the step is to be named
        found = [_broke(error)]
    return [
        told(
            "step %(number)s (%(kind)s %(what)s): %(problem)s",
            number=number,
            kind=kind,
            what=str(step[kind]),
            problem=text,
        )
        for text in found
    ]
