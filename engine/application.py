"""The parts of a running installation in one place: settings, database, clock, deployments."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.clock import Clock
from engine.database import Database
from engine.deployment import Deployments, ResolvedDeployment
from engine.errors import SettingsError
from engine.models import DemoClock
from engine.session import asked_once
from engine.settings import Settings, load_settings


class DatabaseClock:
    """The database's time, so that several machines agree on what is due (R9)."""

    def __init__(self, database: Database, *, demo: bool) -> None:
        self._database = database
        self._demo = demo

    def now(self) -> datetime:
        """Return the database's time; on a demo database shifted by what was asked for."""
        if self._database.is_sqlite and not self._demo:
            return datetime.now(UTC)
        with self._database.reading_as(None) as session:
            return self.read(session)

    def read(self, session: Session) -> datetime:
        """Return the time, read through an open session."""
        base = datetime.now(UTC)
        if not self._database.is_sqlite:
            base = session.execute(select(func.clock_timestamp())).scalar_one().astimezone(UTC)
        return base + self._offset(session) if self._demo else base

    def _offset(self, session: Session) -> timedelta:
        row = session.get(DemoClock, 1)
        return timedelta(seconds=row.offset_seconds) if row else timedelta()


class Application:
    """What every edge (pages, worker, command line, tests) hands to the engine."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self.settings = settings
        self.database = database
        self.database.audit_key = settings.audit_key
        self.database.index_key = settings.index_key
        self.database.report_key = settings.report_key
        self.database.now = self.now
        self.database.master_keys = settings.open_master_keys()
        self.database.told_time = None if isinstance(clock, DatabaseClock) else clock.now
        self.clock = clock
        self.deployments = Deployments()
        self.sends_mail = True
        """Scenarios and play write down which mails are owed, but send none."""

    def job_state(self, kind: str) -> str:
        """Return the state in which a job of this kind begins."""
        return "waiting" if self.sends_mail or kind != "notice" else "void"

    def now(self, session: Session) -> datetime:
        """Return the current instant without opening a second connection; of a page, one."""
        clock = self.clock
        if isinstance(clock, DatabaseClock):
            return asked_once(session, "now", lambda: clock.read(session))
        return clock.now()

    def deployment(self, session: Session) -> ResolvedDeployment:
        """Return what new cases are started on."""
        return self.deployments.current(session, self.settings.profile)


def open_application(settings: Settings | None = None) -> Application:
    """Open the installation that the settings describe."""
    found = settings or load_settings()
    return _opened(found, Database(found.database_url))


def open_as_owner(settings: Settings | None = None) -> Application:
    """Open the installation as who owns the tables, where the settings name an owner."""
    found = settings or load_settings()
    return _opened(found, Database(found.owner_database_url or found.database_url))


def open_letterbox(settings: Settings | None = None) -> Application:
    """Open the installation as the public page of its own does: it adds letters, no more (S3)."""
    given = settings or load_settings()
    if not given.report_url:
        raise SettingsError("Set CASETABLE_REPORT_URL, the public page's own address.")
    found = replace(
        given,
        base_url=given.report_url,
        database_url=given.report_database_url or given.database_url,
    )
    return _opened(found, Database(found.database_url, letterbox=True))


def _opened(settings: Settings, database: Database) -> Application:
    return Application(settings, database, DatabaseClock(database, demo=settings.demo))
