"""A backup made by the command of docs/operations.md, after a case of it was erased (S15)."""

import subprocess
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import create_engine, make_url, text

from engine import casekey, keyring
from engine.database import Database
from engine.models import Case, CaseKey
from engine.settings import ROOT
from tests.conftest import POSTGRES
from tests.engine.test_sealed import cells, opens
from tests.sight.crowd import Crowd

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
WITHOUT_KEYS = "--exclude-table-data=case_key"


@pytest.fixture
def copy(crowd: Crowd) -> Iterator[Database]:
    """Bring a backup without the keys back into another database."""
    name = f"{make_url(crowd.server.as_admin).database}_copy"
    source = make_url(crowd.server.as_admin).set(drivername="postgresql")
    plain = source.render_as_string(hide_password=False)
    dump = subprocess.run(["pg_dump", WITHOUT_KEYS, plain], check=True, capture_output=True)
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    target = source.set(database=name).render_as_string(hide_password=False)
    subprocess.run(
        ["psql", "-q", "-v", "ON_ERROR_STOP=1", target],
        input=dump.stdout,
        check=True,
        capture_output=True,
    )
    found = Database(make_url(POSTGRES).set(database=name).render_as_string(hide_password=False))
    found.master_keys = crowd.application.database.master_keys
    yield found
    found.close()
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


def opened(database: Database) -> dict[UUID, tuple[int, int]]:
    """By case, how many sealed values there are and how many of them open."""
    found: dict[UUID, tuple[int, int]] = {}
    with database.reading() as session:
        everything = [(place, closed) for place, closed in cells(session) if place.case_id]
        for place, closed in everything:
            if place.case_id not in found:
                keyring.load(session, place.case_id)
            there, read = found.get(place.case_id, (0, 0))
            is_open = opens(keyring.of(session), place, closed)
            found[place.case_id] = (there + 1, read + is_open)
    return found


def test_backup_from_before_the_erasure_opens_nothing_of_that_case(
    crowd: Crowd, copy: Database
) -> None:
    database = crowd.application.database
    whole = opened(database)
    assert all(there == read for there, read in whole.values())
    assert len(whole) == 2
    assert whole[crowd.lived][0] > 100
    with copy.reading() as session:
        assert session.query(CaseKey).count() == 0
    with database.transaction() as session:
        casekey.destroy(session, session.get_one(Case, crowd.lived), crowd.clock.now())
    with database.reading() as session:
        newest = list(casekey.export(session))
    with copy.transaction() as session:
        casekey.bring_back(session, newest)
    for case_id, (there, read) in opened(copy).items():
        assert there == whole[case_id][0]
        assert read == (0 if case_id == crowd.lived else there)


def test_page_of_operations_names_the_command() -> None:
    assert f"pg_dump {WITHOUT_KEYS}" in (ROOT / "docs/operations.md").read_text(encoding="utf-8")
