"""Opens the database and gives out transactions; SQLite and PostgreSQL behave alike.

On PostgreSQL each session works as one of the roles of engine/models/sight.py: what a page reads
comes through `reading_as`, for one account and by policies; `transaction()` and `reading()` are
the engine's own and look across cases. tests/meta/test_sight.py keeps the list of who does so.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, PendingRollbackError
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool, StaticPool

from engine import witness
from engine.keyring import Keyring
from engine.masterkey import MasterKeys
from engine.models.sight import ENGINE, LETTERBOX, READER
from engine.session import ReadingSession, WritingSession

BUSY_SECONDS = 30
HIDE = True
"""Threat: the text of a database error would carry what somebody typed into a log (S18)."""
PRIVATE = {"hide_parameters": True}
"""Threat: an error text with the values of a statement would carry a case into a log (S18)."""
CONNECT_SECONDS = 5
"""For a connection that is opened: a machine that says nothing must not keep a page for minutes."""
POOL, MORE, POOL_SECONDS = 10, 20, 20
"""Connections that stay open, further ones, and how long somebody waits for one to be free."""
RENEWED_SECONDS = 3600
"""After so long a connection is opened anew: SQLite reads the counts by which it plans then and
never again (engine/row_counts.py)."""
PREPARED = 300
"""Statements that a connection keeps prepared: all pages together send about as many."""
TRUSTED_SECONDS = 2.0
"""For so long a connection that worked is taken to work; after it, it is asked first. Asking each
time would cost a request three round trips; one that broke meanwhile costs one answer "try again",
after which the pool opens all anew."""
READ_SECONDS = 30
"""For one statement of a page that reads; then the page says that the database does not answer."""
READ_ONLY = f"-c default_transaction_read_only=on -c statement_timeout={READ_SECONDS}s"
NOT_COMPILED = "-c jit=off"
"""A policy makes statements of some hundred expressions of which few run; with two thousand cases
PostgreSQL would take a second or two to compile them for each list, and a tenth to answer."""
_READS_AS: Final = text(
    "SELECT set_config('casetable.account', :account, true), "
    "set_config('casetable.now', :now, true)"
)


class Database:
    """One database; `transaction()` for turns and writes, `reading_as()` for pages.

    Opened with `letterbox` it does no more than the public page needs.
    """

    def __init__(self, url: str, *, letterbox: bool = False) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.is_letterbox = letterbox and not self.is_sqlite
        self.engine = self._open()
        """As whoever the address names: for migrations and for looking at the roles."""
        self.worker, self.reader = self._as_roles()
        self._writer = self.worker.execution_options(casetable_write=True)
        self._across, self._for_one = (
            engine.execution_options(postgresql_readonly=True)
            for engine in (self.worker, self.reader)
        )
        self.told_time: Callable[[], datetime] | None = None
        """The clock of the installation, where it is not the database's own."""
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

    @property
    def reads_beside(self) -> bool:
        """Say whether one session may write while another one of the same request reads."""
        return not isinstance(self.engine.pool, StaticPool)

    @property
    def engines(self) -> tuple[Engine, ...]:
        """All that statements are sent through."""
        return tuple(dict.fromkeys((self.engine, self.worker, self.reader)))

    def _as_roles(self) -> tuple[Engine, Engine]:
        """Return the connections of the engine and of the pages' reading; no login of their own.

        The role comes with the connection, so that no transaction pays a statement for it. They are
        two pools everywhere: pages that each hold a connection of one pool and wait for another one
        of the same would wait for each other.
        """
        if self.is_sqlite:
            return self.engine, self._open() if self.reads_beside else self.engine
        if self.is_letterbox:
            alone = self._open(f"-c role={LETTERBOX}")
            return alone, alone
        return self._open(f"-c role={ENGINE}"), self._open(f"-c role={READER} {READ_ONLY}")

    def _open(self, options: str = "") -> Engine:
        if not self.is_sqlite:
            engine = create_engine(
                self.url,
                connect_args={
                    "options": f"{NOT_COMPILED} {options}".rstrip(),
                    "connect_timeout": CONNECT_SECONDS,
                },
                **_connections(),
                **PRIVATE,
            )
            _ask_after_a_rest(engine)
            event.listen(engine, "connect", _keep_prepared)
            return engine
        if self.url.database and self.url.database != ":memory:":
            Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
        arguments = {"timeout": BUSY_SECONDS, "check_same_thread": False}
        if self.url.database in {None, "", ":memory:"}:
            # One connection is one database in memory; it lives as long as the pool.
            engine = create_engine(
                self.url, connect_args=arguments, poolclass=StaticPool, **PRIVATE
            )
        else:
            engine = create_engine(self.url, connect_args=arguments, **_connections(), **PRIVATE)
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
        """Give the engine's session for reading across cases; PostgreSQL lets it change nothing."""
        with self._reading(
            Session(self._across, autoflush=False, expire_on_commit=False)
        ) as session:
            yield session

    @contextmanager
    def reading_as(self, account_id: UUID | None) -> Iterator[Session]:
        """Give a session that sees what an account may see; None: nothing of any case.

        SQLite has no policies: there the conditions of engine/access stand alone.
        """
        with self._reading(ReadingSession(self._for_one)) as session:
            if account_id is not None:
                self.read_on_as(session, account_id)
            yield session

    def read_on_as(self, session: Session, account_id: UUID) -> None:
        """Let a session that has seen nothing of any case see what an account may see."""
        if not self.is_sqlite:
            now = self.told_time().isoformat() if self.told_time else ""
            session.connection().execute(_READS_AS, {"account": str(account_id), "now": now})

    @contextmanager
    def _reading(self, opened: Session) -> Iterator[Session]:
        with opened as session:
            self._equip(session)
            try:
                yield session
            finally:
                # Detached before the end, which would empty what the reader keeps.
                session.expunge_all()
                # PostgreSQL itself keeps the session from changing anything.
                _let_go(session, is_harmless=not self.is_sqlite)

    @contextmanager
    def session_on(self, connection: Connection) -> Iterator[Session]:
        """Give a session that reads on a connection and in the transaction of the caller."""
        with Session(connection, autoflush=False, expire_on_commit=False) as session:
            self._equip(session)
            yield session

    def _equip(self, session: Session) -> None:
        session.info["audit_key"] = self.audit_key
        session.info["index_key"] = self.index_key
        session.info["now"] = self.now
        session.info["keyring"] = Keyring(self.master_keys)

    def in_use(self) -> int:
        """Return how many connections are in use, of all that this process may open."""
        pools = [engine.pool for engine in self.engines]
        return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))

    def close(self) -> None:
        """Close all connections."""
        for engine in self.engines:
            engine.dispose()


def _connections() -> dict[str, Any]:
    # The last one given back first: where few work, it knows their statements.
    return {
        "pool_size": POOL,
        "max_overflow": MORE,
        "pool_timeout": POOL_SECONDS,
        "pool_use_lifo": True,
        "pool_recycle": RENEWED_SECONDS,
    }


def _keep_prepared(connection: Any, record: Any) -> None:
    del record
    connection.prepared_max = PREPARED


def _ask_after_a_rest(engine: Engine) -> None:
    """Ask a connection that nobody used for a while whether it still works, and replace it."""

    def rest(_: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    def take(connection: Any, record: Any, _: Any) -> None:
        since = record.info.get("rests_since")
        if since is None or time.monotonic() - since < TRUSTED_SECONDS:
            return
        try:
            engine.dialect.do_ping(connection)
        except (DBAPIError, engine.dialect.loaded_dbapi.Error) as error:
            raise DisconnectionError("The connection broke while it rested.") from error

    event.listen(engine, "checkin", rest)
    event.listen(engine, "checkout", take)


def _let_go(session: Session, *, is_harmless: bool) -> None:
    """End what has only read; a connection that broke meanwhile has nothing left to lose.

    Else a page that was read whole, or a step that was recorded, would end as an error (R4). What
    is harmless, because it can change nothing, is committed: at a rollback the driver forgets
    which statements the server has prepared, and each page and each look would have all of them
    parsed and planned anew.
    """
    try:
        if is_harmless:
            session.commit()
        else:
            session.rollback()
    except (DBAPIError, PendingRollbackError):
        # The second where the connection broke earlier, in the middle of the reading.
        session.invalidate()


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
