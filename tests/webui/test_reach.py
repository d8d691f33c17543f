"""What a look, a turn and a page read is found by an index: none of it grows with all cases (M5).

The plans of SQLite are looked at, which tell of each table that is gone through from end to end.
"""

import re
from collections.abc import Callable

import pytest

from engine.models import Base
from tasks.worker import look
from tests.conftest import hearing
from tests.webui.site import Site
from tests.webui.story import tell

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
STORY = ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")
FEW = frozenset(
    {
        *("account", "account_role", "absence", "organisation"),
        *("deployment", "current_deployment", "migration_run", "restoration"),
        *("workshop_draft", "workshop_play", "workshop_publication"),
    }
)
"""Tables with rows for people and structures, not for cases."""
OPEN = {"draft": "what people have begun to write and not yet sent, as many as people work on"}
"""Tables of which each row goes away by itself."""
RARE = {
    "/data-protection": {"legal_hold"},
    "/emergency/reviews": {"emergency_access"},
    "/holds": {"legal_hold"},
    "/erasures": {"erasure_round"},
}
"""Rows that two persons make by hand, and the page of those who look after them."""
NEVER = re.compile(r"EXISTS \(SELECT \*\s+FROM work_item\s+WHERE 0 = 1\)")
"""How who watches over nothing is asked for: no row is looked at."""
OPENED = {
    "intake.anna": ("/", "/cases", "/cases?code=ZZZZ-ZZZZ", "/agreements", "/what-i-opened"),
    "content.emma": (
        *("/", "/cases", "/agreements", "/what-i-opened"),
        *("CASE", "CASE/timeline", "CASE/plan", "CASE/people", "CASE/people/history"),
        *("CASE/diagram", "CASE/definition", "CASE/readers", "CASE/printing"),
    ),
    "police.peter": ("/", "/cases", "CASE", "/known"),
    "process.daan": ("/", "/cases", "CASE"),
    "head.hanna": ("/", "/emergency/reviews"),
    "lead.petra": ("/", "/memberships", "/memberships/readers"),
    "privacy.paula": ("/", "/data-protection", "/holds", "/erasures"),
    "operator.otto": ("/", "/incidents"),
    "owner.olga": ("/", "/workshop", "/workshop/migration", "/workshop/running"),
}


def gone_through(site: Site, work: Callable[[], object]) -> set[str]:
    """Return which tables a piece of work goes through from end to end."""
    database = site.application.database
    with hearing(database) as sent:
        work()
    found = set()
    with database.engine.connect() as connection:
        for statement in set(sent):
            if not statement.startswith(("SELECT", "UPDATE", "DELETE", "WITH")):
                continue
            asked = NEVER.sub("0", statement)
            given = tuple([None] * asked.count("?"))
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", given)
            told = [row[3] for row in rows]
            if _goes_no_further(statement, told):
                continue
            for scan in (re.match(r"SCAN (\w+)(.*)", line) for line in told):
                # An index that holds only some rows holds those that are waited for.
                if scan and not _holds_some(scan[2]):
                    found |= _table(scan[1], statement)
    return found - FEW - OPEN.keys()


def _goes_no_further(statement: str, told: list[str]) -> bool:
    """Say whether the first rows of a table are taken as they lie, and no others looked at."""
    is_simple = "WHERE" not in statement and "LIMIT" in statement
    return is_simple and not any("TEMP B-TREE" in line for line in told)


def _holds_some(how: str) -> bool:
    used = re.search(r"USING (?:COVERING )?INDEX (\w+)", how)
    indexes = {one.name: one for table in Base.metadata.tables.values() for one in table.indexes}
    index = indexes.get(used[1]) if used else None
    return index is not None and index.dialect_options["sqlite"]["where"] is not None


def _table(alias: str, statement: str) -> set[str]:
    named = re.search(rf"\b(\w+) AS {alias}\b", statement)
    name = named[1] if named else alias
    return {name} & Base.metadata.tables.keys()


def test_table_that_is_gone_through_is_found(site: Site) -> None:
    """A look at plans that sees nothing would let everything pass."""

    def read() -> None:
        with site.application.database.engine.connect() as connection:
            connection.exec_driver_sql("SELECT count(*) FROM casework_case AS c WHERE c.kind = 'x'")

    assert gone_through(site, read) == {"casework_case"}


def test_turns_of_a_case_find_what_they_ask_for(site: Site) -> None:
    assert gone_through(site, lambda: tell(site, *STORY, anew=True)) == set()


def test_look_of_a_worker_finds_what_is_owed(site: Site) -> None:
    tell(site, *STORY)
    look(site.application)  # what belongs to each hour is done
    assert gone_through(site, lambda: look(site.application)) == set()


@pytest.mark.parametrize(
    ("username", "page"), [(name, page) for name, pages in OPENED.items() for page in pages]
)
def test_page_finds_what_it_shows(site: Site, username: str, page: str) -> None:
    case = tell(site, *STORY)
    visitor = site.visit(username)
    path = page.replace("CASE", f"/cases/{case.code}")

    def opened() -> None:
        assert visitor.get(path).status_code == 200

    assert gone_through(site, opened) == RARE.get(page, set())
