"""What SQLite plans by is counted again each hour, and a connection reads it within an hour."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, text
from sqlalchemy.exc import DBAPIError

from engine import database as module
from engine import row_counts
from engine.database import Database
from engine.models import Organisation
from tasks.worker import look
from tests.engine.desk import Desk

SECRET = "written-once-in-an-index"


def _row() -> dict[str, object]:
    code = f"{SECRET}-{uuid4().hex[:8]}"
    return {"id": uuid4(), "code": code, "name": code, "discipline": "police"}


def _fill(database: Database, rows: int) -> None:
    with database.transaction() as session:
        session.execute(insert(Organisation), [_row() for _ in range(rows)])


def _counted(database: Database, table: str) -> int:
    """Return how many rows of a table SQLite plans for; 0 where it knows nothing."""
    with database.reading() as session:
        known = session.scalar(text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_stat1'"))
        if not known:
            return 0
        query = text("SELECT stat FROM sqlite_stat1 WHERE tbl = :table")
        found = session.scalar(query, {"table": table})
    return int(found.split()[0]) if found else 0


@pytest.fixture
def lite(database: Database) -> Database:
    if not database.is_sqlite:
        pytest.skip("PostgreSQL counts by itself")
    return database


def test_rows_are_counted_again(lite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_counts, "FEW", 30)
    _fill(lite, 30)
    row_counts.refresh(lite)
    assert _counted(lite, "organisation") == 30
    _fill(lite, 60)
    row_counts.refresh(lite)
    assert _counted(lite, "organisation") == 90


def test_small_table_is_not_counted(lite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_counts, "FEW", 30)
    _fill(lite, 29)
    row_counts.refresh(lite)
    assert _counted(lite, "organisation") == 0


def test_what_is_erased_is_not_kept_where_rows_are_counted(lite: Database) -> None:
    _fill(lite, 200)
    row_counts.refresh(lite)
    with lite.transaction() as session:
        session.execute(delete(Organisation).where(Organisation.code.startswith(SECRET)))
    with lite.engine.connect() as connection:
        connection.commit()
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert SECRET.encode() not in Path(str(lite.url.database)).read_bytes()


def test_worker_counts_each_hour_and_not_at_each_look(desk: Desk) -> None:
    database = desk.application.database
    if not database.is_sqlite:
        pytest.skip("PostgreSQL counts by itself")
    look(desk.application)
    _fill(database, 3 * row_counts.FEW)
    desk.clock.advance(timedelta(hours=2))
    look(desk.application)
    before = _counted(database, "organisation")
    assert before > 0
    _fill(database, 3 * row_counts.FEW)
    look(desk.application)
    assert _counted(database, "organisation") == before
    desk.clock.advance(timedelta(hours=2))
    look(desk.application)
    # Large tables are counted with a limit, so the figure is about right and no more.
    assert _counted(database, "organisation") > 1.5 * before


def test_connection_is_opened_anew_after_an_hour(database: Database) -> None:
    def taken() -> tuple[object, float]:
        with database.worker.connect() as connection:
            record = connection.connection._connection_record
            assert record is not None
            return record.dbapi_connection, record.starttime

    first, since = taken()
    assert taken() == (first, since)
    with database.worker.connect() as connection:
        record = connection.connection._connection_record
        assert record is not None
        record.starttime -= module.RENEWED_SECONDS + 1
    second, later = taken()
    assert second is not first
    assert later >= since


def test_what_reads_across_cases_can_change_nothing_on_postgresql(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has no transactions that only read")
    with pytest.raises(DBAPIError, match="read-only"), database.reading() as session:
        session.execute(insert(Organisation), [_row()])
