"""Lets tests begin where others began before them, without paying for the way there again.

What hundreds of tests begin with (tables, the demonstration's people, a case at a step) is made
once in each process that runs tests. It is kept as the database holds it and laid into the empty
database of the next test.
"""

from collections.abc import Callable, Hashable
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlalchemy import Engine, event, text
from sqlalchemy.util import LRUCache

from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.models import Base

FILLED = " UNION ALL ".join(
    f"SELECT '{table.name}' WHERE EXISTS (SELECT 1 FROM \"{table.name}\")"  # noqa: S608 - our tables
    for table in Base.metadata.sorted_tables
)
"""Names the tables that have rows."""
SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
UNCHECKED = "SET LOCAL session_replication_role = replica"
"""Lets rows come and go without triggers and foreign keys: whole sets of rows are laid in."""
WRITTEN: WeakSet[Engine] = WeakSet()
"""Through which something was committed since it was handed to a test."""


class Compiled(LRUCache[Any, Any]):
    """The SQL of statements, shared by all databases of one system.

    SQLAlchemy keeps it for each engine, and tests open a new one each time: compiling every
    statement again was an eighth of their time.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(key[1:], default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key[1:], value)


COMPILED: dict[str, Compiled] = {}


def share_statements() -> None:
    """Let every database that is opened from now on share its compiled statements."""
    opened: Callable[..., Engine] = Database._open

    def _open(self: Database, options: str = "") -> Engine:
        engine = opened(self, options)
        known = COMPILED.setdefault(engine.dialect.name, Compiled(4000))
        engine.update_execution_options(compiled_cache=known)
        event.listen(engine, "commit", lambda _: WRITTEN.add(engine))
        return engine

    Database._open = _open  # type: ignore[method-assign]


def hand_out(database: Database) -> Database:
    """Note that a test gets a database as it is."""
    for engine in database.engines:
        WRITTEN.discard(engine)
    return database


def is_untouched(database: Database) -> bool:
    """Say whether nothing was committed since the database was handed to its test."""
    return not any(engine in WRITTEN for engine in database.engines)


def empty(database: Database) -> None:
    """Delete all rows of a PostgreSQL database.

    Deleting is quicker than TRUNCATE, which writes a new file for each table and index.
    """
    with database.engine.begin() as connection:
        connection.execute(text(UNCHECKED))
        for name in connection.scalars(text(FILLED)).all():
            connection.execute(text(f'DELETE FROM "{name}"'))  # noqa: S608 - names of our tables


# -- what a database holds -------------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """All rows of a PostgreSQL database, as COPY writes them, and where its sequences stand."""

    tables: dict[str, bytes]
    sequences: dict[str, int | None]


def take(database: Database) -> Any:
    """Return what a database holds, for `lay`."""
    if database.is_sqlite:
        database.close()  # the last connection moves the log into the file
        return Path(str(database.url.database)).read_bytes()
    with database.engine.connect() as connection, closing(_cursor(connection)) as cursor:
        tables = {}
        for name in connection.scalars(text(FILLED)).all():
            with cursor.copy(f'COPY "{name}" TO STDOUT (FORMAT binary)') as out:
                tables[name] = b"".join(out)
        return Rows(tables, dict(connection.execute(text(SEQUENCES)).all()))


def lay(kept: Any, database: Database) -> None:
    """Put what `take` returned in the place of all that a database holds."""
    if database.is_sqlite:
        database.close()
        file = Path(str(database.url.database))
        for beside in ("", "-wal", "-shm"):
            file.with_name(file.name + beside).unlink(missing_ok=True)
        file.write_bytes(kept)
        return
    empty(database)
    with database.engine.begin() as connection, closing(_cursor(connection)) as cursor:
        connection.execute(text(UNCHECKED))
        for name, rows in kept.tables.items():
            with cursor.copy(f'COPY "{name}" FROM STDIN (FORMAT binary)') as into:
                into.write(rows)
        for name, last in kept.sequences.items():
            if last is not None:
                cursor.execute("SELECT setval(%s::regclass, %s)", (f'"{name}"', last))


def _cursor(connection: Any) -> Any:
    return connection.connection.driver_connection.cursor()


# -- what an application stands on -----------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Where an application stood after something was done: rows, files, time, and the answer."""

    rows: Any
    files: dict[str, bytes]
    at: datetime
    answer: Any


PLACES: dict[Hashable, Place] = {}


def once(application: Application, what: Hashable, do: Callable[[], Any]) -> Any:
    """Do something with a fresh application, or put in place what it led to the last time.

    Only where nothing was done before: a database that was written to, a clock that was moved
    or a file of its own make another place, and there it is simply done.
    """
    key = _beginning(application, what)
    if key is None:
        return do()
    database = application.database
    place = PLACES.get(key)
    if place is None:
        answer = do()
        place = Place(take(database), _files(application), application.clock.now(), answer)
        PLACES[key] = place
        return answer
    lay(place.rows, database)
    for name, content in place.files.items():
        file = application.settings.data_dir / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    assert isinstance(application.clock, TestClock)
    application.clock.set(place.at)
    return place.answer


def _beginning(application: Application, what: Hashable) -> Hashable | None:
    """Return what decides where something leads; None where more was done than is known."""
    if not (is_untouched(application.database) and isinstance(application.clock, TestClock)):
        return None
    if _files(application):
        return None
    elsewhere = {"data_dir": Path(), "processes_dir": Path(), "database_url": ""}
    settings = replace(application.settings, **elsewhere)  # type: ignore[arg-type]
    known = tuple(sorted(application.deployments._known))
    return (what, application.database.is_sqlite, str(settings), known, application.clock.now())


def _files(application: Application) -> dict[str, bytes]:
    """Return the files of an application besides its database and its processes."""
    folder, drawn = application.settings.data_dir, application.settings.processes_dir
    name = Path(str(application.database.url.database)).name
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(name) and drawn not in path.parents
    }
