"""Connections that broke are replaced, and one that just worked is not asked about it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from engine import database as module
from engine.database import Database


@pytest.fixture
def postgres(database: Database) -> Database:
    if database.is_sqlite:
        pytest.skip("SQLite has no connections that somebody else could cut")
    # What tests before this one have left in the pools may be cut already.
    for engine in database.engines:
        engine.dispose()
    return database


def _cut(database: Database) -> int:
    """End the connection that the pool keeps, as a restarted server does; return its process."""
    with database.reading() as session:
        process: int = session.scalar(text("SELECT pg_backend_pid()"))
    with database.engine.connect() as other:
        other.execute(text("SELECT pg_terminate_backend(:process, 5000)"), {"process": process})
    return process


def _process(database: Database) -> int:
    with database.reading() as session:
        found: int = session.scalar(text("SELECT pg_backend_pid()"))
    return found


def test_connection_that_broke_while_it_rested_is_replaced_unseen(
    postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRUSTED_SECONDS", 0.0)
    assert _cut(postgres) != _process(postgres)


def test_connection_that_broke_just_now_costs_one_answer(
    postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRUSTED_SECONDS", 60.0)
    cut = _cut(postgres)
    with pytest.raises(OperationalError):
        _process(postgres)
    assert _process(postgres) != cut


def test_connection_that_just_worked_is_not_asked(
    postgres: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRUSTED_SECONDS", 60.0)
    _process(postgres)
    asked = []
    real = postgres.worker.dialect.do_ping
    monkeypatch.setattr(
        postgres.worker.dialect, "do_ping", lambda one: asked.append(one) or real(one)
    )
    seen = []
    event.listen(postgres.worker, "checkout", lambda *_: seen.append(1))
    _process(postgres)
    assert (len(seen), asked) == (1, [])
    monkeypatch.setattr(module, "TRUSTED_SECONDS", 0.0)
    _process(postgres)
    assert len(asked) == 1


@pytest.mark.parametrize("pages", [1, 4])
def test_pages_that_read_and_write_do_not_wait_for_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pages: int
) -> None:
    """Each held the last connections of one pool and waited for a second one: 503 for some (R5)."""
    for name, value in (("POOL", pages), ("MORE", 0), ("POOL_SECONDS", 2)):
        monkeypatch.setattr(module, name, value)
    database = Database(f"sqlite:///{tmp_path / 'small.sqlite'}")
    together = Barrier(pages)

    def page(_: int) -> int:
        with database.reading_as(None) as session:
            session.execute(text("SELECT 1"))
            together.wait(10)
            with database.transaction() as writing:
                return int(writing.execute(text("SELECT 2")).scalar_one())

    with ThreadPoolExecutor(pages) as pool:
        assert list(pool.map(page, range(pages))) == [2] * pages
    database.close()
