"""What every scenario stands on: the shipped set, settings of its own, the first database."""

from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from sqlite3 import Connection as SQLite
from sqlite3 import connect

from engine import demo, masterkey
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.deployment import ResolvedDeployment, resolve
from engine.models import Base
from engine.settings import Settings


@cache
def resolved(processes_dir: Path, profile: str) -> ResolvedDeployment:
    """Parse a deployment once for all scenarios of a run."""
    return resolve(processes_dir, profile)


@cache
def shared_database() -> Database:
    """Make the one database in memory that the scenarios of this process use in turn.

    A new one each time would compile every statement again, half of a scenario's time.
    """
    return Database("sqlite://")


@cache
def beginning(processes_dir: Path, profile: str) -> Database:
    """Make the database that each scenario of a profile begins with: tables, processes, people."""
    database = Database("sqlite://")
    Base.metadata.create_all(database.engine)
    clock = TestClock(datetime(2000, 1, 1, tzinfo=UTC))
    application = Application(settings_of(processes_dir, profile), database, clock)
    demo.seed(application, resolved(processes_dir, profile))
    return database


def overwrite(source: Database, target: Database) -> None:
    """Overwrite a database in memory with another one."""
    with closing(source.engine.raw_connection()) as before:
        if isinstance(before.driver_connection, SQLite):
            write_over(before.driver_connection, target)


def write_over(source: SQLite, target: Database) -> None:
    """Overwrite a database in memory with a copy that was made of one."""
    with closing(target.engine.raw_connection()) as after:
        if isinstance(after.driver_connection, SQLite):
            source.backup(after.driver_connection)


def copy_of(database: Database) -> SQLite:
    """Return a copy of a database in memory."""
    copy = connect(":memory:", check_same_thread=False)
    with closing(database.engine.raw_connection()) as before:
        if isinstance(before.driver_connection, SQLite):
            before.driver_connection.backup(copy)
    return copy


def settings_of(processes_dir: Path, profile: str) -> Settings:
    """Return settings under which nothing is kept and nothing sent."""
    return Settings(
        data_dir=Path("/nonexistent"),
        database_url="sqlite://",
        broker_url="memory://",
        processes_dir=processes_dir,
        secret_key="a scenario keeps nothing",  # noqa: S106 - in memory only
        production=False,
        demo=True,
        base_url="http://127.0.0.1",
        proxies=0,
        profile=profile,
        mail_host="",
        mail_port=0,
        mail_from="scenario@localhost",
        poll_seconds=1,
        master_keys=_master_keys(),
    )


@cache
def _master_keys() -> str:
    """Return the keys of this process: what one story has sealed, another one may go on with."""
    return masterkey.line(1)
