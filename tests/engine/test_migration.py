"""Migrations lead from nothing to the tables of the models and back, with data in them."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, insert, inspect, make_url, select, text, update

from engine import demo, migration, witness
from engine.application import Application
from engine.clock import SystemClock, TestClock
from engine.database import Database
from engine.keyring import row_id, sealed_fields
from engine.models import AuditEntry, Base, Case, Deployment, Signal, SignalSource
from tests.conftest import POSTGRES, START, make_settings, with_all_rights
from tests.engine import small
from tests.engine.desk import REPORT
from tests.engine.lives import play


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        found = Database(f"sqlite:///{tmp_path / 'empty.sqlite'}")
        yield found
        found.close()
        return
    name = f"casetable_migration_{os.getpid()}"
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = make_url(POSTGRES).set(database=name)
    found = Database(url.render_as_string(hide_password=False))
    yield found
    found.close()
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


def test_migration_makes_exactly_the_tables_of_the_models(empty: Database) -> None:
    migration.upgrade(empty)
    assert migration.is_current(empty)
    with empty.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    assert differences == []


@pytest.mark.parametrize("empty", ["sqlite"], indirect=True)
def test_partial_indexes_hold_the_same_rows_everywhere(empty: Database) -> None:
    """One that holds some rows on PostgreSQL and all on SQLite is read whole at each look."""
    wanted = {}
    for table in Base.metadata.sorted_tables:
        for index in table.indexes:
            postgres, lite = (index.dialect_options[of]["where"] for of in ("postgresql", "sqlite"))
            assert str(postgres) == str(lite), index.name
            wanted[index.name] = str(lite)
    migration.upgrade(empty)
    found = {}
    for name in inspect(empty.engine).get_table_names():
        for one in inspect(empty.engine).get_indexes(name):
            found[one["name"]] = str(one.get("dialect_options", {}).get("sqlite_where"))
    assert {name: rows for name, rows in found.items() if name in wanted} == wanted


def test_migration_goes_down_with_data_and_up_again(empty: Database, tmp_path: Path) -> None:
    from dataclasses import replace

    from engine import cases

    migration.upgrade(empty)
    folder = small.write_processes(tmp_path / "processes")
    settings = replace(make_settings(tmp_path, ""), processes_dir=folder)
    application = Application(settings, empty, SystemClock())
    demo.seed(application)
    cases.report_concern(application, REPORT)
    migration.downgrade(empty, "base")
    assert set(inspect(empty.engine).get_table_names()) <= {"alembic_version"}
    migration.upgrade(empty)
    assert demo.seed(application)
    cases.report_concern(application, REPORT)


def test_migration_links_the_audit_trail_anew_in_both_directions(
    empty: Database, tmp_path: Path
) -> None:
    from dataclasses import replace

    from engine import audit, cases, verification

    migration.upgrade(empty)
    folder = small.write_processes(tmp_path / "processes")
    settings = replace(make_settings(tmp_path, ""), processes_dir=folder)
    application = Application(settings, empty, SystemClock())
    demo.seed(application)
    cases.report_concern(application, REPORT)
    with empty.transaction() as session:
        now = application.now(session)
        for event in ("incident:retry", "incident:close"):
            audit.record(session, None, at=now, actor_id=None, event=event, subject="one")
    migration.downgrade(empty, "0001")
    migration.upgrade(empty)
    with empty.reading() as session:
        found = verification.verify(session)
    assert found.entries > 2
    assert found.breaks == []


def test_migration_moves_the_reporter_apart_and_keeps_receipts(
    empty: Database, tmp_path: Path
) -> None:
    from engine import receipt

    application = Application(make_settings(tmp_path, ""), empty, SystemClock())
    migration.upgrade(empty, "0004")
    old = hashlib.sha256(b"receipt:2222333344445555").hexdigest()
    columns = "id, receipt_hash, channel, reporter, about, text, urgent, received_at"
    values = f"'{'1' * 32}', '{old}', 'telephone', '{{\"name\": \"N\"}}', '{{}}', 't', false, "
    with with_all_rights(empty) as session:
        session.execute(
            text(f"INSERT INTO signal ({columns}) VALUES ({values} '2026-01-01 00:00')")  # noqa: S608
        )
    migration.upgrade(empty)
    key = application.settings.report_key
    with empty.reading() as session:
        source = session.scalars(select(SignalSource)).one()
        signal = session.scalars(select(Signal)).one()
        assert source.said == {"name": "N"}
        assert source.signal_id == signal.id
        assert signal.receipt_hash == receipt.hash_receipt(key, "2222-3333-4444-5555")
    migration.downgrade(empty, "0004")
    with with_all_rights(empty) as session:
        row = session.execute(text("SELECT reporter, receipt_hash FROM signal")).one()
    assert row.reporter in ({"name": "N"}, '{"name": "N"}')
    assert row.receipt_hash is None


def test_migration_seals_what_is_there_and_opens_it_again(empty: Database, tmp_path: Path) -> None:
    """Going down and up with two lives of a case: each word comes back, none lies open."""
    migration.upgrade(empty)
    clock = TestClock(START)
    application = Application(make_settings(tmp_path, ""), empty, clock)
    demo.seed(application)
    for _ in range(2):
        play(application, clock)
    words = every_word(application)
    assert len(words) > 200
    migration.downgrade(empty, BEFORE_SEALING)
    stored = everything_stored(empty)
    assert sum(word in stored for word in loose_words(words)) > 20
    migration.upgrade(empty)
    assert every_word(application) == words
    stored = everything_stored(empty)
    assert [word for word in loose_words(words) if word in stored] == []


BEFORE_SEALING = "0013"


def every_word(application: Application) -> dict[tuple[str, str, str], Any]:
    """Every sealed value as its row shows it."""
    with application.database.reading() as session:
        return {
            (mapper.class_.__tablename__, name, row_id(inspect(row).identity)): getattr(row, name)
            for mapper in Base.registry.mappers
            if sealed_fields(mapper)
            for row in session.scalars(select(mapper.class_)).unique()
            for name in sealed_fields(mapper)
        }


def loose_words(words: dict[tuple[str, str, str], Any]) -> set[str]:
    """The sentences among them, as they would be found in a file."""
    return {word for word in words.values() if isinstance(word, str) and len(word) > 20}


def everything_stored(database: Database) -> str:
    """The whole file of SQLite with its log; on PostgreSQL a dump and the files of the tables."""
    if database.is_sqlite:
        file = Path(database.url.database or "")
        parts = [file, file.with_name(f"{file.name}-wal")]
        return "".join(part.read_bytes().decode("latin-1") for part in parts if part.exists())
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    return subprocess.run(["pg_dump", url], check=True, capture_output=True, text=True).stdout


def test_migration_leaves_a_current_database_alone(empty: Database) -> None:
    migration.upgrade(empty)
    migration.upgrade(empty)
    assert migration.is_current(empty)


BEFORE_WITNESSED_FILES = "0030"


def test_migration_witnesses_whose_file_a_case_of_before_is(empty: Database) -> None:
    """S12: rows of before are covered by the trail; what is changed past it is named."""
    from engine import verification

    migration.upgrade(empty, BEFORE_WITNESSED_FILES)
    empty.audit_key = b"a key of this test"
    old = _cases_of_before(empty)
    migration.upgrade(empty)
    with empty.reading() as session:
        wanted = select(AuditEntry).where(AuditEntry.event == witness.EVENT)
        told = {
            name: entry.case_id
            for entry in session.scalars(wanted)
            for name in witness.told_in(entry.event, entry.detail)
        }
        assert {f"casework_case {one}": one for one in old}.items() <= told.items()
        assert verification.verify(session).breaks == []
    for column, before, value in (
        ("roles", "", " chair "),
        ("file", "", "care"),
        ("steward", "desk_head", "chair"),
    ):
        of_case = update(Case).where(Case.id == old[0])
        with with_all_rights(empty) as session:
            session.connection().execute(of_case.values({column: value}))
        with empty.reading() as session:
            [broken] = verification.verify(session).breaks
        assert f"casework_case {old[0]} was changed past the application" in str(broken), column
        with with_all_rights(empty) as session:
            session.connection().execute(of_case.values({column: before}))
    # What the trail has witnessed stays in it: going back and coming again breaks no chain.
    migration.downgrade(empty, BEFORE_WITNESSED_FILES)
    migration.upgrade(empty)
    with empty.reading() as session:
        assert verification.verify(session).breaks == []


def _cases_of_before(database: Database) -> list[UUID]:
    """Write two cases that nothing witnesses, one of them a file that is kept apart."""
    found = [UUID(int=1), UUID(int=2)]
    with with_all_rights(database) as session:
        plain = {"profile": "p", "manifest": {}, "note": "n", "published_at": START}
        session.add(Deployment(id="d", **plain))
        witness.seal(session)
        connection = session.connection()
        for number, one in enumerate(found):
            case = {"kind": "signal", "state": "open", "deployment_id": "d", "created_at": START}
            apart = {"file": "security", "roles": " desk_head "} if number else {}
            row = {"id": one, "code": f"{number}", "audit_sequence": 0, "audit_head": ""}
            connection.execute(insert(Case).values(**row, **case, **apart))
    return found
