"""How much of the database a page asks, and that nothing of it outlives a right (M5, M6)."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import InternalError

from engine.models import (
    Account,
    AccountRole,
    Case,
    CaseMember,
    CaseStanding,
    Episode,
    Note,
    WorkItem,
    WorkItemState,
)
from engine.session import ReadingSession, asked_once
from tests.conftest import hearing
from tests.webui.site import Site, Visitor
from tests.webui.story import tell
from webui import reading_record

STORY = ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")
MOST = {"/": 17, "/cases": 15, "": 36, "/timeline": 34, "/plan": 32, "/people": 36}
"""Statements of each page; those that begin with a case are of its code."""


def count(site: Site, visitor: Visitor, path: str) -> int:
    """Return how many statements a page sends that was opened before."""
    visitor.get(path)
    with hearing(site.application.database) as sent:
        assert visitor.get(path).status_code == 200
    return len(sent)


@pytest.mark.parametrize("page", MOST)
def test_page_asks_no_more_than_it_did(site: Site, page: str) -> None:
    case = tell(site, *STORY)
    path = page if page in {"/", "/cases"} else f"/cases/{case.code}{page}"
    assert count(site, site.visit("content.emma"), path) <= MOST[page]


def test_page_of_a_step_asks_no_more_than_it_did(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    assert count(site, site.visit("intake.anna"), f"/work/{item.id}") <= 36


@pytest.mark.parametrize("path", ["/", "/cases", "/cases?code=ZZZZ-ZZZZ"])
def test_list_asks_as_much_for_many_cases_as_for_few(site: Site, path: str) -> None:
    anna = site.visit("intake.anna")
    site.report()
    few = count(site, anna, path)
    for _ in range(12):
        site.report()
    assert count(site, anna, path) == few


@pytest.mark.parametrize("page", ["", "/timeline"])
def test_case_asks_as_much_with_many_entries_as_with_few(site: Site, page: str) -> None:
    case = tell(site, *STORY, anew=True)
    emma = site.visit("content.emma")
    write_notes(site, case, 30)
    few = count(site, emma, f"/cases/{case.code}{page}")
    write_notes(site, case, 60)
    assert count(site, emma, f"/cases/{case.code}{page}") == few


def write_notes(site: Site, case: Case, number: int) -> None:
    now = site.application.clock.now()
    with site.application.database.transaction() as session:
        emma = site._account(session, "content.emma").id
        episode = session.scalars(select(Episode.id).where(Episode.case_id == case.id)).first()
        place = {"case_id": case.id, "episode_id": episode, "element_id": "x"}
        session.add_all(
            Note(**place, by_id=emma, at=now, kind="note", text="Seen.") for _ in range(number)
        )


def test_code_of_others_asks_hardly_more_than_an_unknown_one(site: Site) -> None:
    """That time does not tell them apart either is S10 (tests/authz)."""
    case = site.report()
    peter = site.visit("police.peter")
    reads = []
    for code in (case.code, "ZZZZ-ZZZZ"):
        peter.get(f"/cases?code={code}")
        with hearing(site.application.database) as sent:
            assert "no case that fits" in peter.get(f"/cases?code={code}").get_data(as_text=True)
        reads.append([one for one in sent if "audit" not in one and "FOR UPDATE" not in one])
    # Whether it is somebody's is asked of the case that was found.
    assert len(reads[0]) - len(reads[1]) in {0, 1, 2}


def test_withdrawn_role_ends_with_the_next_request(site: Site) -> None:
    item = site.item(site.report(), "check_source")
    anna = site.visit("intake.anna")
    assert anna.get(f"/work/{item.id}").status_code == 200
    anna.get("/")
    assert leads_to(anna, f"/work/{item.id}")
    with site.application.database.transaction() as session:
        me = site._account(session, "intake.anna").id
        session.execute(delete(AccountRole).where(AccountRole.account_id == me))
    assert anna.get(f"/work/{item.id}").status_code == 404
    anna.get("/")
    assert not leads_to(anna, f"/work/{item.id}")


def leads_to(visitor: Visitor, path: str) -> bool:
    assert visitor.page is not None
    return path in visitor.page.xpath("//main//a/@href")


def _suspend(session: Any, case: Case, person: Account, site: Site) -> None:
    session.add(
        CaseStanding(
            case_id=case.id,
            account_id=person.id,
            function="content_coordinator",
            state="suspended",
            since=site.application.clock.now(),
            reason="not_confirmed",
        )
    )


def _leave(session: Any, case: Case, person: Account, site: Site) -> None:
    for one in session.scalars(
        select(CaseMember).where(CaseMember.case_id == case.id, CaseMember.account_id == person.id)
    ).unique():
        one.until = site.application.clock.now()


@pytest.mark.parametrize("deed", [_suspend, _leave])
def test_right_that_ends_while_a_page_waits_for_its_case_ends_the_page(
    site: Site, monkeypatch: pytest.MonkeyPatch, deed: Callable[..., None]
) -> None:
    case = tell(site, *STORY, anew=True)
    emma = site.visit("content.emma")
    assert emma.get(f"/cases/{case.code}").status_code == 200
    locked = reading_record._locked

    def lock_late(session: Any, case_id: Any) -> Case | None:
        monkeypatch.setattr(reading_record, "_locked", locked)
        with site.application.database.transaction() as other:
            deed(other, case, site._account(other, "content.emma"), site)
        return locked(session, case_id)

    monkeypatch.setattr(reading_record, "_locked", lock_late)
    assert emma.get(f"/cases/{case.code}").status_code == 404


def test_session_of_a_page_asks_once_and_the_next_one_again(site: Site) -> None:
    database, asked = site.application.database, []

    def ask() -> str:
        asked.append(uuid4())
        return str(len(asked))

    with database.reading_as(None) as session:
        assert isinstance(session, ReadingSession)
        assert [asked_once(session, "q", ask), asked_once(session, "q", ask)] == ["1", "1"]
    with database.reading_as(None) as session:
        assert asked_once(session, "q", ask) == "2"
    with database.transaction() as session:
        assert [asked_once(session, "q", ask), asked_once(session, "q", ask)] == ["3", "4"]


def test_worklist_shows_at_most_three_hundred_of_its_own_and_of_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.reading import worklist

    monkeypatch.setattr(worklist, "MOST", 2)
    worklist.own_statement.cache_clear()
    cases = [site.report() for _ in range(4)]
    with site.application.database.transaction() as session:
        bram = site._account(session, "intake.bram").id
        items = select(WorkItem).where(
            WorkItem.case_id.in_([case.id for case in cases]),
            WorkItem.state == WorkItemState.OPEN.value,
        )
        first = next(iter(session.scalars(items).unique()))
        first.assignee_id = bram
    anna = site.visit("intake.anna")
    anna.get("/")
    page = anna.text()
    worklist.own_statement.cache_clear()
    assert "Waiting for others 1" in page
    assert "This week 2" in page or "Overdue 2" in page or "Later 2" in page


def test_server_keeps_the_statements_of_a_page_prepared(site: Site) -> None:
    """A rollback at the end of a page would make the driver forget them all."""
    database = site.application.database
    if database.is_sqlite:
        pytest.skip("SQLite has no server")
    anna = site.visit("intake.anna")
    site.report()
    for _ in range(8):
        anna.get("/")
    names = text("SELECT statement FROM pg_prepared_statements")
    with database.reading_as(None) as session:
        kept = list(session.scalars(names))
    assert sum("work_item" in one for one in kept) >= 2
    with database.reading_as(None) as session, pytest.raises(InternalError, match="read-only"):
        session.execute(text("DELETE FROM organisation"))
