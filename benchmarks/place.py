"""An installation to measure on: the shipped processes and demo people, SQLite or PostgreSQL."""

import itertools
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine, make_url, select, text

from engine import demo, due, row_counts, scenario
from engine.application import Application
from engine.calendar import occurrence, parse_duration
from engine.clock import TestClock
from engine.database import Database
from engine.models import Account, Base, WorkItem, WorkItemState
from engine.scenario_world import Player
from engine.settings import PREFIX, ROOT, Settings

POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
_NUMBERS = itertools.count(1)
START = datetime(2026, 1, 15, 8, tzinfo=UTC)
KEPT = ("PATH", "PYTHONPATH", "HOME", "LANG", "TMPDIR")
FRAGMENTS = ROOT / "processes/scenarios/fragments"


@dataclass
class Place:
    """One installation with its clock."""

    application: Application
    clock: TestClock
    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return what another process of the same installation finds in its environment."""
        own = self.application.settings
        told = {
            "DATA_DIR": str(self.folder),
            "DATABASE_URL": own.database_url,
            "SECRET_KEY": own.secret_key,
            "DEMO": "yes",
            "POLL_SECONDS": "0.1",
        }
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return kept | {f"{PREFIX}{name}": value for name, value in told.items()}

    def count_rows(self) -> None:
        """Let the database count what was copied in, as it does by itself while it is in use."""
        database = self.application.database
        row_counts.refresh(database)
        if not database.is_sqlite:
            engine = create_engine(database.url, isolation_level="AUTOCOMMIT")
            with engine.connect() as connection:
                connection.execute(text("VACUUM ANALYZE"))
            engine.dispose()
        # An hour would pass until all connections have read the counts of SQLite.
        for one in database.engines:
            one.dispose()

    def player(self) -> Player:
        """Return somebody who plays fragments of scenarios on a new case."""
        return Player(self.application, self.clock, self.zone)

    def pass_time(self, duration: str) -> None:
        """Let a duration go by, and do what becomes due in it."""
        target = occurrence(self.clock.now(), parse_duration(duration), 1, self.zone)
        due.advance(self.application, self.clock, target)

    @property
    def zone(self) -> ZoneInfo:
        """Return the time zone of the profile."""
        with self.application.database.reading() as session:
            return self.application.deployment(session).profile.zone

    def account(self, username: str) -> Account:
        """Return a demo person."""
        with self.application.database.reading() as session:
            query = select(Account).where(Account.username == username)
            return session.scalars(query).unique().one()

    def open_items(self, element: str, case: UUID | None = None) -> list[WorkItem]:
        """Return the open work items of a step."""
        query = select(WorkItem).where(
            WorkItem.element_id == element, WorkItem.state == WorkItemState.OPEN.value
        )
        if case is not None:
            query = query.where(WorkItem.case_id == case)
        with self.application.database.reading() as session:
            return list(session.scalars(query.order_by(WorkItem.created_at)).unique())


def steps_of(*fragments: str) -> list[dict[str, Any]]:
    """Return the steps of fragments of scenarios."""
    return [s for name in fragments for s in scenario.read_steps(FRAGMENTS / f"{name}.toml")]


def answers_of(fragment: str, element: str, number: int = 0) -> dict[str, Any]:
    """Return the answers that a fragment gives at a step."""
    found = [step for step in steps_of(fragment) if step.get("do") == element]
    return dict(found[number]["answers"])


def play(player: Player, *fragments: str) -> None:
    """Play fragments; a step that goes wrong ends the measurement with its sentence."""
    for step in steps_of(*fragments):
        for problem in player.take(scenario.step_kind(step), step):
            raise SystemExit(f"{step}: {problem}")


def postgres_is_there() -> bool:
    """Say whether a PostgreSQL server answers."""
    try:
        with create_engine(POSTGRES).connect():
            return True
    except Exception:  # noqa: BLE001 - whatever the driver says, there is no server
        return False


@contextmanager
def place(kind: str, start: datetime = START) -> Iterator[Place]:
    """Set up an installation on `sqlite` or `postgres` and take it away again."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'bench.sqlite'}"
        admin = None
        # A database of its own: another measurement, or a larger place, may stand beside it.
        own = f"casetable_bench_{os.getpid()}_{next(_NUMBERS)}"
        if kind == "postgres":
            admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
            with admin.connect() as connection:
                connection.execute(text(f"DROP DATABASE IF EXISTS {own} WITH (FORCE)"))
                connection.execute(text(f"CREATE DATABASE {own}"))
            url = make_url(POSTGRES).set(database=own).render_as_string()
        database = Database(url)
        Base.metadata.create_all(database.engine)
        clock = TestClock(start)
        application = Application(_settings(folder, url), database, clock)
        application.sends_mail = False
        demo.seed(application)
        try:
            yield Place(application, clock, folder)
        finally:
            database.close()
            if admin is not None:
                with admin.connect() as connection:
                    connection.execute(text(f"DROP DATABASE {own} WITH (FORCE)"))
                admin.dispose()


def _settings(folder: Path, url: str) -> Settings:
    return Settings(
        data_dir=folder,
        database_url=url,
        broker_url="memory://",
        processes_dir=ROOT / "processes",
        secret_key="a key that only the measurement uses",  # noqa: S106 - thrown away after it
        production=False,
        demo=True,
        base_url="http://127.0.0.1:8080",
        proxies=0,
        profile="base",
        mail_host="",
        mail_port=0,
        mail_from="bench@localhost",
        poll_seconds=1,
    )
