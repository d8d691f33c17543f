"""Plays the own stories of a profile without what they show: each has to go wrong then."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from os import cpu_count
from pathlib import Path
from typing import Any

from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError, InputError
from engine.form.form import walk
from engine.inheritance import chain, own_stories, read_files
from engine.peculiarity import Peculiar
from engine.profile_schema import nearest
from engine.scenario import Scenario, fragments_of, read_scenario
from engine.scenario_run import run_scenario


@dataclass(frozen=True)
class Showing:
    """One story and one thing that it shows."""

    story: str
    title: str
    shows: str
    """As `step:decide_by_police`; empty where the story names nothing."""
    how: str
    """How the story goes wrong without it, in one sentence."""
    problem: str = ""
    """What to mend in the story; empty where it shows what it names."""


@cache
def peculiar(processes_dir: Path, profile: str) -> Peculiar:
    """Return a profile beside what lies underneath; read once in each process."""
    under = chain(processes_dir, profile)[-2]
    return Peculiar(*(ResolvedDeployment(read_files(processes_dir, it)) for it in (profile, under)))


def chosen(processes_dir: Path, profile: str, names: Sequence[str] = ()) -> list[Path]:
    """Return the own stories of a profile, or those named; raise InputError for another name."""
    own = {path.stem: path for path in own_stories(processes_dir, profile)}
    for name in names:
        if name not in own:
            raise InputError(f"{profile} has no story {name} of its own; {nearest(name, own)}")
    return [own[name] for name in names or own]


def showings(
    processes_dir: Path, profile: str, wanted: Sequence[Path], *, jobs: int | None = None
) -> Iterator[Showing]:
    """Play stories of a profile without what each shows; give results in order."""
    workers = min(jobs or cpu_count() or 1, len(wanted))
    if workers <= 1:
        for path in wanted:
            yield from showings_of(processes_dir, profile, path)
        return
    with ProcessPoolExecutor(workers) as pool:
        running = [pool.submit(showings_of, processes_dir, profile, path) for path in wanted]
        for done in running:
            yield from done.result()


def showings_of(processes_dir: Path, profile: str, path: Path) -> list[Showing]:
    """Play one story without each thing that it shows."""
    try:
        parts = fragments_of(processes_dir, profile)
        story = read_scenario(path, parts, profile=profile)
    except CasetableError as error:
        return [Showing(path.stem, "", "", "", str(error))]
    if not story.shows:
        nothing = 'It names nothing that it shows; add a line like shows = ["step:decide_route"].'
        return [Showing(story.name, story.title, "", "", nothing)]
    return [_played(processes_dir, profile, story, name) for name in story.shows]


def _played(processes_dir: Path, profile: str, story: Scenario, name: str) -> Showing:
    here = peculiar(processes_dir, profile)
    try:
        without = here.without(name)
        # What the story sets itself would hide the value that lies underneath.
        told = replace(
            story,
            values={**story.values, **without.overrides},
            steps=tuple(_answered(step, here.own, without) for step in story.steps),
        )
        result = run_scenario(processes_dir, told, profile=profile, drawn=without)
    except CasetableError as error:
        return Showing(story.name, story.title, name, "", str(error))
    if not result.stopped:
        problem = f"It goes the same way without {name}, so it shows something else."
        return Showing(story.name, story.title, name, "", problem)
    how = result.problems[0]
    if result.stopped <= story.lent:
        problem = f"Without {name} it stops before its own first step: {how}"
        return Showing(story.name, story.title, name, how, problem)
    return Showing(story.name, story.title, name, how)


def _answered(
    step: dict[str, Any], own: ResolvedDeployment, without: ResolvedDeployment
) -> dict[str, Any]:
    """Return a step without answers to questions that are no longer asked.

    Otherwise every story that answers a question would seem to be about it.
    """
    task = str(step.get("do") or step.get("refused"))
    gone = _asked(own, task) - _asked(without, task)
    if not gone or "answers" not in step:
        return step
    answers = {key: answer for key, answer in step["answers"].items() if key not in gone}
    return {**step, "answers": answers}


def _asked(deployment: ResolvedDeployment, task: str) -> set[str]:
    """Return the questions of the form of a step."""
    elements = (found.by_id.get(task) for found in deployment.processes.values())
    names = {one.properties.get("formRef") for one in elements if one is not None}
    forms = (deployment.forms[name] for name in names if name in deployment.forms)
    return {component.key for form in forms for component, _rows in walk(form.components)}
