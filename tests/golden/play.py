"""Plays a story on a database, and says after each step what the case waits for."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path
from sqlite3 import Connection as SQLite
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from engine import demo, masterkey, migration, scenario
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.models import (
    InstanceState,
    ProcessInstance,
    Timer,
    TimerState,
    WorkItem,
    WorkItemState,
)
from engine.profile import BASE
from engine.scenario_ground import overwrite, settings_of
from engine.scenario_world import Player
from engine.settings import ROOT
from tests.golden.kept import InFlight

PROCESSES = ROOT / "processes"


def stories() -> dict[str, scenario.Scenario]:
    """Return the base stories that change no value of the profile, by name."""
    parts = scenario.fragments_of(PROCESSES, BASE)
    found = [
        scenario.read_scenario(path, parts) for path in scenario.find_scenarios(PROCESSES, BASE)
    ]
    return {one.name: one for one in found if not one.values}


class Stage:
    """A database in memory, made by the migrations as an installation's is."""

    def __init__(self) -> None:
        self.master_keys = masterkey.line(1)
        self._first = Database("sqlite://")
        migration.upgrade(self._first)
        demo.seed(self._on(self._first, TestClock(datetime(2000, 1, 1, tzinfo=UTC))))
        self.database = Database("sqlite://")

    def _on(self, database: Database, clock: TestClock) -> Application:
        settings = replace(settings_of(PROCESSES, BASE), master_keys=self.master_keys)
        application = Application(settings, database, clock)
        application.sends_mail = False
        return application

    def play(self, story: scenario.Scenario, until: int | None = None) -> Iterator[Player]:
        """Play a story from its beginning; give the player after each step."""
        overwrite(self._first, self.database)
        clock = TestClock(datetime(2000, 1, 1, tzinfo=UTC))
        application = self._on(self.database, clock)
        with application.database.reading() as session:
            zone = application.deployment(session).profile.zone
        begins = datetime.combine(datetime.fromisoformat(story.starts).date(), time(9), zone)
        clock.set(begins.astimezone(UTC))
        player = Player(application, clock, zone)
        for step in story.steps[:until]:
            problems = player.take(scenario.step_kind(step), step)
            if problems:
                raise SystemExit(f"{story.name}: {problems}")
            yield player

    def content(self) -> bytes:
        """Return the database as the bytes of a file."""
        with closing(self.database.engine.raw_connection()) as raw:
            connection: Any = raw.driver_connection
            assert isinstance(connection, SQLite)
            connection.execute("VACUUM")
            return connection.serialize()


def waits(application: Application) -> frozenset[str]:
    """Return what the processes wait for."""
    with application.database.reading() as session:
        tasks = select(WorkItem.process_id, WorkItem.element_id).where(
            WorkItem.state == WorkItemState.OPEN.value
        )
        timers = select(Timer.process_id, Timer.element_id).where(
            Timer.state == TimerState.WAITING.value
        )
        found = {f"task {process} {element}" for process, element in session.execute(tasks)}
        found |= {f"timer {process} {element}" for process, element in session.execute(timers)}
        awaited = session.scalars(select(ProcessInstance.awaited)).all()
        found |= {f"message {name}" for names in awaited for name in names}
    return frozenset(found)


def has_ended(application: Application) -> bool:
    """Say whether no process of the case runs any more."""
    with application.database.reading() as session:
        states = session.scalars(select(ProcessInstance.status)).all()
    return InstanceState.RUNNING.value not in states


def open_kept(path: Path, case: InFlight) -> Player:
    """Open a kept database as its installation would after an upgrade of the program."""
    database, clock = Database(f"sqlite:///{path}"), TestClock(case.instant)
    settings = replace(
        settings_of(PROCESSES, BASE),
        master_keys=case.master_keys,
        database_url=f"sqlite:///{path}",
    )
    application = Application(settings, database, clock)
    application.sends_mail = False
    migration.upgrade(database)
    player = Player(application, clock, ZoneInfo(case.zone))
    player._case_id = UUID(case.case_id)
    return player


def plain(steps: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], ...]:
    """Return steps as JSON can hold them: dates as ISO texts, as a form sends them."""
    return tuple(_plain(step) for step in steps)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | bool) else str(value)
