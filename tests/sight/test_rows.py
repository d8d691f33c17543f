"""By the policies alone nobody sees a row of a case that is not his or hers (S3)."""

import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Table, create_engine, select, true

from engine import access, demo_cast
from engine.access import casefile, condition, step
from engine.models import Base, Case, WorkItem
from engine.models.sight import HIDDEN, OPEN, READER, is_guarded
from engine.reading import cases, worklist
from tests.sight.crowd import OPENER, STRANGER, Crowd, tables
from tests.webui.site import Site
from webui.application import create_app

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
Answer = Callable[..., Any]
NAMES = sorted(person.username for person in demo_cast.PEOPLE)


@pytest.fixture(scope="module")
def connection(crowd: Crowd) -> Iterator[Connection]:
    """A connection of the login that the product works with."""
    engine = create_engine(crowd.server.settings.database_url)
    with engine.connect() as found:
        yield found
    engine.dispose()


def test_every_table_says_who_reads_it(crowd: Crowd) -> None:
    unsaid = sorted(
        table.name
        for table in Base.metadata.sorted_tables
        if not is_guarded(table) and table.name not in OPEN
    )
    assert unsaid == [], "say in engine/models/sight.py by which case its rows go, or in OPEN"
    assert not [name for name in OPEN if is_guarded(Base.metadata.tables[name])]
    with crowd.admin() as connection:
        forced = set(
            connection.exec_driver_sql(
                "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
            ).scalars()
        )
        policies = set(
            map(tuple, connection.exec_driver_sql("SELECT tablename, policyname FROM pg_policies"))
        )
    for table in Base.metadata.sorted_tables:
        assert (table.name in forced) is is_guarded(table), table.name
        if is_guarded(table):
            wanted = {(table.name, one) for one in ("owner", "engine", "reader")}
            assert wanted <= policies, table.name


@pytest.mark.parametrize("username", NAMES)
def test_person_gets_no_row_of_a_foreign_case(
    crowd: Crowd, connection: Connection, username: str
) -> None:
    for table in tables():
        rows = crowd.look(connection, username, table)
        connection.rollback()
        assert crowd.foreign(username, table, rows) == [], table.name


def test_reader_sees_all_rows_of_an_own_case(crowd: Crowd, connection: Connection) -> None:
    """What a member's pages ask for is there: the net catches too much nowhere."""
    emma = "content.emma"
    for table in tables():
        rows = crowd.look(connection, emma, table)
        connection.rollback()
        with crowd.admin() as admin:
            admin_rows = [dict(row) for row in admin.execute(table.select()).mappings()]
        reads = crowd.reads[emma]
        mine = [row for row in admin_rows if crowd.case_of(table, row) in reads]
        if table.name == "case_link":
            # Its other case is one that she does not read; who reads both sees a link in
            # tests/engine/test_files_apart.py.
            assert all(row["other_case_id"] not in reads for row in mine)
            assert rows == []
            continue
        found = [row for row in rows if crowd.case_of(table, row) in reads]
        assert len(found) == len(mine), table.name
        assert mine, f"{table.name} has no row of the case: add one"


def test_nobody_signed_in_sees_no_row(crowd: Crowd) -> None:
    with crowd.application.database.reading_as(None) as session:
        for table in tables():
            assert session.execute(table.select()).all() == [], table.name


@pytest.mark.parametrize("table", tables(), ids=str)
def test_policy_that_is_opened_or_dropped_is_noticed(crowd: Crowd, table: Table) -> None:
    with crowd.admin() as connection:
        name = f'"{table.name}"'
        connection.exec_driver_sql(f"ALTER POLICY reader ON {name} USING (true)")
        rows = crowd.look(connection, STRANGER, table)
        assert crowd.foreign(STRANGER, table, rows), "nobody would notice"
    with crowd.admin() as connection:
        before = crowd.look(connection, OPENER, table)
        connection.exec_driver_sql(f"DROP POLICY reader ON {name}")
        assert crowd.look(connection, OPENER, table) == []
        assert before or table.name in {"draft", "case_link"}


@pytest.mark.parametrize("name", sorted(HIDDEN))
def test_table_that_no_page_reads_is_closed(crowd: Crowd, name: str) -> None:
    with crowd.admin() as connection:
        right = f"SELECT has_table_privilege('{READER}', '{name}', 'SELECT')"
        assert connection.exec_driver_sql(right).scalar_one() is False


def _open_everything(patch: pytest.MonkeyPatch) -> None:
    """Take away every condition by which the pages keep people out of cases, wherever imported."""
    for function in (casefile._may_case, step.may_step):
        _replace(patch, function, lambda *_, **__: True)
    for function in (
        condition._cases,
        condition.work_items_of,
        access.visible_cases,
        access.visible_work_items,
        access.listed_cases,
        access.near_items,
        access.own_near,
        access.own_seen,
    ):
        _replace(patch, function, lambda *_, **__: true())
    # These keep the statements that they have put together with the conditions.
    for kept in (cases.own_cases, worklist.own_statement):
        _replace(patch, kept, kept.__wrapped__)


def _replace(
    patch: pytest.MonkeyPatch, function: Callable[..., Any], by: Callable[..., Any]
) -> None:
    ours = [one for name, one in sys.modules.items() if name.startswith(("engine.", "webui."))]
    places = [one for one in ours if vars(one).get(function.__name__) is function]
    assert places, f"{function.__name__} has moved"
    for module in places:
        patch.setattr(module, function.__name__, by)


def _pages(crowd: Crowd) -> tuple[str, list[str]]:
    """Return the code of the lived case and the addresses of its pages."""
    with crowd.application.database.reading() as session:
        code = session.get_one(Case, crowd.lived).code
        items = session.scalars(select(WorkItem.id).where(WorkItem.case_id == crowd.lived))
        steps = [f"/work/{one}" for one in items]
    parts = ("", "/timeline", "/plan", "/people", "/readers", "/mine")
    return code, [*(f"/cases/{code}{part}" for part in parts), *steps[:10]]


@pytest.mark.parametrize("username", [STRANGER, "owner.olga", "care.karin"])
def test_pages_without_their_own_conditions_show_nothing_of_a_foreign_case(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch, username: str
) -> None:
    site = Site(crowd.application, create_app(crowd.application))
    code, pages = _pages(crowd)
    if crowd.lived in crowd.reads[username]:
        pytest.fail(f"{username} takes part: choose somebody else")
    _open_everything(monkeypatch)
    visitor = site.visit(username)
    for page in ("/", "/cases"):
        assert code not in visitor.client.get(page).get_data(as_text=True)
    assert {visitor.client.get(page).status_code for page in pages} == {404}
    database = type(crowd.application.database)
    monkeypatch.setattr(database, "reading_as", lambda self, _: self.reading())
    assert code in visitor.client.get("/cases").get_data(as_text=True), "else nothing was compared"
    assert visitor.client.get(pages[0]).status_code == 200
