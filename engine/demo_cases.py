"""Cases to look at in a demonstration, played through the real engine from their beginning.

`processes/demo.toml` says how long ago each case began and how far it has come. Its steps are
fragments of the scenarios, done at the times at which they would have been done.
"""

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update

from engine.application import Application
from engine.calendar import occurrence, parse_duration
from engine.clock import TestClock
from engine.database import Database
from engine.errors import CasetableError, InputError
from engine.inheritance import chain, folder_of
from engine.models import CaseMember
from engine.scenario import fragments_of, read_steps, read_toml, step_kind
from engine.scenario_world import Player

SCRIPT = "demo.toml"
PLAYED = frozenset({"start", "do", "after", "message", "opinion", "reopen", "agree", "file"})


def add_cases(application: Application) -> int:
    """Play all demo cases into an empty demonstration; return how many.

    No worker may run meanwhile: it would do what the past owed before its time.
    """
    count, problems = 0, []
    path, cases = _script(application.settings.processes_dir, application.settings.profile)
    # Connections of its own, which go by the clock of the past: pages are served meanwhile, and
    # whoever reads through theirs must not be told that it is last year.
    with closing(Database(application.database.url.render_as_string(hide_password=False))) as own:
        for case in cases:
            try:
                _play(application, own, case, path)
                count += 1
            except CasetableError as error:  # the others are still worth looking at
                problems.append(str(error))
    _confirm_members(application)
    if problems:
        raise CasetableError(f"{count} went as told, {len(problems)} not: {' '.join(problems)}")
    return count


def _script(processes_dir: Path, profile: str) -> tuple[Path, list[dict[str, Any]]]:
    """Return the cases that the profile, or the next one underneath, brings in its demo.toml."""
    folders = [folder_of(processes_dir, code) for code in reversed(chain(processes_dir, profile))]
    for path in [*(folder / SCRIPT for folder in folders), processes_dir / SCRIPT]:
        cases = read_toml(path).get("case", []) if path.is_file() else []
        if not isinstance(cases, list) or not all(isinstance(case, dict) for case in cases):
            raise InputError(f"{path.name}: each case begins with a line [[case]].")
        if cases:
            return path, cases
    return processes_dir / SCRIPT, []


def _confirm_members(application: Application) -> None:
    """Let the leads have confirmed everybody: the past was played without them."""
    with application.database.transaction() as session:
        now = application.now(session)
        session.execute(
            update(CaseMember).where(CaseMember.until.is_(None)).values(confirmed_at=now)
        )


def _play(application: Application, own: Database, case: Mapping[str, Any], path: Path) -> None:
    with application.database.reading() as session:
        zone = application.deployment(session).profile.zone
    now = application.clock.now()
    day = occurrence(now, parse_duration(str(case.get("began", "P1D"))), -1, zone)
    began = min(day.astimezone(zone).replace(hour=9, minute=0, second=0, microsecond=0), day)
    clock = TestClock(began)
    past = Application(application.settings, own, clock)
    past.sends_mail = False
    past.deployments = application.deployments
    player = Player(past, clock, zone)
    fragments = fragments_of(application.settings.processes_dir, application.settings.profile)
    for step in _steps(case, path, fragments):
        if "after" in step and _moved(clock, step, zone) > now:
            break
        for problem in player.take(step_kind(step), step):
            raise CasetableError(f"{path.name}: {case.get('title', 'case')}: {problem}")
        # People do one thing after the other; a history of equal instants reads oddly.
        clock.set(min(clock.now() + timedelta(minutes=20), max(now, clock.now())))


def _moved(clock: TestClock, step: Mapping[str, Any], zone: ZoneInfo) -> datetime:
    return occurrence(clock.now(), parse_duration(str(step["after"])), 1, zone)


def _steps(
    case: Mapping[str, Any], path: Path, fragments: Mapping[str, Path]
) -> Iterator[Mapping[str, Any]]:
    """Yield the steps of a demo case: its start, the fragments, and no further than `until`."""
    yield {"start": case.get("start", "signal_received"), "signal": case.get("signal", {})}
    steps = []
    for name in case.get("use", []):
        if name not in fragments:
            raise InputError(f"{path.name}: there is no part of scenarios called {name}.")
        steps += read_steps(fragments[name], fragments)
    if not isinstance(case.get("step", []), list):
        raise InputError(f"{path.name}: steps are written as [[case.step]].")
    for step in [*steps, *case.get("step", [])]:
        if case.get("until") and step.get("do") == case["until"]:
            return
        if step_kind(step) in PLAYED - {"start"}:
            yield _with_answers(step, case.get("answers", {}))


def _with_answers(step: Mapping[str, Any], answers: Mapping[str, Any]) -> Mapping[str, Any]:
    """Put the demo case's own answers in place of the fragment's."""
    own = {key: answers[key] for key in step.get("answers", {}) if key in answers}
    return {**step, "answers": {**step["answers"], **own}} if own else step
