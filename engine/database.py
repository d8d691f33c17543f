"""Opens the database and gives out transactions; SQLite and PostgreSQL behave alike."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from engine import witness
from engine.keyring import Keyring
from engine.masterkey import MasterKeys
from engine.session import WritingSession

BUSY_SECONDS = 30
HIDE = True
"""Threat: the text of a database error would carry what somebody typed into a log (S18)."""
PRIVATE = {"hide_parameters": True}
"""Threat: an error text with the values of a statement would carry a case into a log (S18)."""


class Database:
    """One database; `transaction()` for turns and writes, `reading()` for pages."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._open()
        self._writer = self.engine.execution_options(casetable_write=True)
        self.audit_key = b""
        """Under which audit entries are written; set by whoever knows the settings."""
        self.index_key = b""
        """Under which people are found again (engine/blind_index.py); set likewise."""
        self.report_key = b""
        """Under which receipts are stored, for the migration that keyed them."""
        self.now: Callable[[Session], datetime] = lambda _: datetime.now(UTC)
        """What time it is for a session; set by whoever knows the clock."""
        self.master_keys = MasterKeys()
        """Under which the keys of cases are wrapped; set likewise."""

    def _open(self) -> Engine:
        if not self.is_sqlite:
            return create_engine(
                self.url, pool_pre_ping=True, pool_size=10, max_overflow=20, **PRIVATE
            )
        if self.url.database and self.url.database != ":memory:":
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        if self.url.database in {None, "", ":memory:"}:
            # One connection is one database in memory; it lives as long as the pool.
            engine = create_engine(
                self.url, connect_args=arguments, poolclass=StaticPool, **PRIVATE
            )
        else:
            engine = create_engine(self.url, connect_args=arguments, **PRIVATE)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Give a session whose work is committed at the end, or not at all.

        On SQLite it takes the write lock at once (BEGIN IMMEDIATE), so that two turns never
        both read and then collide at the commit.
        """
        with (
            self._writer.connect() as connection,
            WritingSession(connection) as session,
        ):
            self._equip(session)
            try:
                yield session
                witness.seal(session)
                session.commit()
            except BaseException:
                session.rollback()
                raise

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Give a session for reading; whatever it changed is rolled back."""
        with Session(self.engine, autoflush=False, expire_on_commit=False) as session:
            self._equip(session)
            try:
                yield session
            finally:
                # Detached before the rollback, which would empty what the reader keeps.
                session.expunge_all()
                session.rollback()

    def _equip(self, session: Session) -> None:
        session.info["audit_key"] = self.audit_key
        session.info["index_key"] = self.index_key
        session.info["now"] = self.now
        session.info["keyring"] = Keyring(self.master_keys)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _prepare_sqlite(connection: Any, record: Any) -> None:
    """Set the pragmas on which the promise "an acknowledged answer is never lost" rests (R1)."""
    del record
    connection.isolation_level = None  # we begin ourselves, see _begin_sqlite
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # What is deleted is overwritten: an erased key must not be found in the free pages (S15).
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    write = connection.get_execution_options().get("casetable_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
