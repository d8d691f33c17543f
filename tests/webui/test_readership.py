"""S13: who looked is on record before anything is shown, and is told to those who may ask."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select, text

from engine import verification
from engine.models import AuditEntry
from tests.webui.site import Site
from tests.webui.story import tell

TO_PLAN = ("intake_to_multi_agency", "analysis_to_plan")


def _events(site: Site, *wanted: str) -> list[AuditEntry]:
    with site.application.database.reading() as session:
        found = session.scalars(select(AuditEntry).order_by(AuditEntry.at, AuditEntry.sequence))
        return [entry for entry in found if entry.event in wanted]


@contextmanager
def _nothing_can_be_recorded(site: Site) -> Iterator[None]:
    """Take the table of the audit trail away for a while."""
    engine = site.application.database.engine
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit_entry RENAME TO audit_away"))
    try:
        yield
    finally:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE audit_away RENAME TO audit_entry"))


def test_nothing_is_shown_when_the_reading_cannot_be_recorded(site: Site) -> None:
    case = tell(site, *TO_PLAN)
    emma = site.visit("content.emma")
    pages = ["/", "/cases", f"/cases?code={case.code}", "/what-i-opened"]
    pages += [f"/cases/{case.code}{part}" for part in ("", "/timeline", "/people", "/readers")]
    with _nothing_can_be_recorded(site):
        for page in pages:
            answer = emma.get(page)
            assert answer.status_code in {500, 503}, page
            assert case.code not in emma.text(), page
    assert emma.get(f"/cases/{case.code}").status_code == 200


def test_readers_page_says_who_looked_in_which_function_at_what(site: Site) -> None:
    case = tell(site, *TO_PLAN)
    site.visit("youth.yara").get(f"/cases/{case.code}/people")
    emma = site.visit("content.emma")
    emma.get(f"/cases/{case.code}")
    assert "Who looked" in emma.text()
    emma.get(f"/cases/{case.code}/readers")
    for words in ("Yara Kok", "Youth Work Rivertown", "Partner", "People", "Emma Bakker"):
        assert words in emma.text(), words
    emma.get(f"/cases/{case.code}/readers?person=youth.yara")
    table = emma.page.xpath("//main//table")[0].text_content() if emma.page is not None else ""
    assert "Yara Kok" in table
    assert "Emma Bakker" not in table


@pytest.mark.parametrize(
    ("username", "status"),
    [
        ("content.emma", 200),
        ("chair.clara", 200),
        ("youth.yara", 404),
        ("intake.anna", 404),
        ("head.greta", 404),
    ],
)
def test_readers_are_told_to_coordinators_and_chair(site: Site, username: str, status: int) -> None:
    case = tell(site, *TO_PLAN)
    visitor = site.visit(username)
    assert visitor.get(f"/cases/{case.code}/readers").status_code == status
    if visitor.get(f"/cases/{case.code}").status_code == 200:
        assert ("Who looked" in visitor.text()) is (status == 200)


def test_asking_for_a_case_of_others_is_on_record_and_shows_nothing(site: Site) -> None:
    case = tell(site, *TO_PLAN)
    greta = site.visit("head.greta")
    for path in (f"/cases/{case.code}", f"/cases/{case.code}/plan", "/cases/2222-2222"):
        assert greta.get(path).status_code == 404
    greta.get(f"/cases?code={case.code.lower()}")
    greta.get("/cases?code=2222-2222")
    refused = _events(site, "case:file:refuse")
    assert [entry.case_id for entry in refused] == [case.id] * 3
    # As much is written for a code that does not exist: the time to answer is the same.
    missed = _events(site, "case:search:miss")
    assert len(missed) == 2
    assert all(entry.case_id is None and "2222" not in str(entry.detail) for entry in missed)
    clara = site.visit("chair.clara")
    clara.get(f"/cases/{case.code}/readers?person=head.greta")
    assert clara.text().count("was not shown anything") == 3
    greta.get("/what-i-opened")
    assert case.code not in greta.text()


def test_lists_write_which_cases_they_have_shown(site: Site) -> None:
    case, other = site.report(), site.report()
    anna = site.visit("intake.anna")
    anna.get("/")
    anna.get("/cases?state=open")
    site.visit("police.peter").get("/cases")
    listed = _events(site, "case:list:read")
    assert [entry.subject for entry in listed] == ["worklist", "cases"]
    assert all(set(one.detail["cases"]) == {case.code, other.code} for one in listed)


def test_own_page_shows_what_one_has_opened(site: Site) -> None:
    case = site.report()
    anna = site.visit("intake.anna")
    anna.get("/what-i-opened")
    assert "opened nothing yet" in anna.text()
    anna.get("/cases")
    anna.get(f"/cases/{case.code}/people")
    anna.get("/what-i-opened")
    assert "which showed 1 case" in anna.text()
    assert case.code in anna.text()
    bram = site.visit("intake.bram")
    bram.get("/what-i-opened")
    assert case.code not in bram.text()


def test_readers_come_in_pages(site: Site) -> None:
    case = site.report()
    anna = site.visit("intake.anna")
    for _ in range(51):
        anna.get(f"/cases/{case.code}")
    anna.get("/what-i-opened?page=2")
    assert "page 2 of 2" in anna.text()


def test_trail_holds_after_all_kinds_of_reading(site: Site) -> None:
    case = site.report()
    for username in ("intake.anna", "intake.bram", "police.peter"):
        visitor = site.visit(username)
        for path in ("/", "/cases", f"/cases/{case.code}", f"/cases?code={case.code}"):
            visitor.get(path)
    with site.application.database.reading() as session:
        assert verification.verify(session).breaks == []
