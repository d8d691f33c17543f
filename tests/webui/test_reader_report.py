"""The head of an organisation sees how much its people opened, and no case (S13)."""

from datetime import timedelta

from sqlalchemy import select

from engine import audit, reader_notice
from engine.clock import TestClock
from engine.models import AuditEntry, Case, Job
from tests.webui.site import Site

PAGE = "/memberships/readers"


def _write(site: Site, who: str, event: str, times: int, case: Case | None) -> None:
    with site.application.database.transaction() as session:
        for _ in range(times):
            row = session.get_one(Case, case.id) if case else None
            me = site._account(session, who).id
            audit.record(
                session,
                row,
                at=site.application.now(session),
                actor_id=me,
                event=event,
                subject="test",
            )


def _cells(site: Site, lead: str, day: str) -> dict[str, list[str]]:
    visitor = site.visit(lead)
    assert visitor.get(f"{PAGE}?day={day}").status_code == 200
    assert visitor.page is not None
    return {
        row.xpath("./th")[0].text_content(): [
            " ".join(cell.text_content().split()) for cell in row.xpath("./td")
        ]
        for row in visitor.page.xpath("//tbody/tr")
    }


def test_report_counts_what_the_own_people_opened_and_names_no_case(site: Site) -> None:
    cases = [site.report() for _ in range(3)]
    anna = site.visit("intake.anna")
    for case in cases:
        assert anna.get(f"/cases/{case.code}").status_code == 200
        assert anna.get(f"/cases/{case.code}/timeline").status_code == 200
    peter = site.visit("police.peter")
    for case in (*cases, *cases):
        assert peter.get(f"/cases/{case.code}").status_code == 404
    _write(site, "chair.clara", "case:file:break_glass", 1, cases[0])
    day = site.application.clock.now().date().isoformat()
    own = _cells(site, "lead.lars", day)
    assert own["Anna Visser"] == ["3", "3", "0", "0", "0", "nothing"]
    assert own["Clara de Boer"] == ["0", "0", "0", "1", "0", "emergency access"]
    assert "Peter Dekker" not in own
    theirs = _cells(site, "lead.petra", day)
    assert theirs["Peter Dekker"] == ["0", "0", "6", "0", "0", "many refused look-ups"]
    assert next(iter(theirs)) == "Peter Dekker", "what is unusual stands first"
    lars = site.visit("lead.lars")
    lars.get(f"{PAGE}?day={day}")
    assert not any(case.code in lars.text() for case in cases)
    with site.application.database.reading() as session:
        seen = session.scalars(
            select(AuditEntry).where(AuditEntry.event == "organisation:readers:read")
        ).all()
        assert len(seen) >= 3


def test_report_marks_many_cases_in_a_day_and_the_night(site: Site) -> None:
    case = site.report()
    clock = site.application.clock
    assert isinstance(clock, TestClock)
    clock.advance(timedelta(hours=18))
    _write(site, "intake.anna", "case:file:read", 2, case)
    day = clock.now().date().isoformat()
    assert _cells(site, "lead.lars", day)["Anna Visser"][-1] == "opened cases at night"


def test_report_is_for_the_lead_and_for_weeks_that_were(site: Site) -> None:
    for who in ("police.peter", "chair.clara", "privacy.paula", "operator.otto", "head.greta"):
        assert site.visit(who).get(PAGE).status_code == 404
    lars = site.visit("lead.lars")
    assert lars.get(PAGE).status_code == 200
    for day in ("2099-01-01", "1999-01-01", "soon"):
        assert lars.get(f"{PAGE}?day={day}").status_code == 404


def test_notice_comes_once_a_week_to_each_lead_and_tells_nothing(site: Site) -> None:
    clock = site.application.clock
    assert isinstance(clock, TestClock)
    first = reader_notice.tell(site.application)
    assert first == 2
    assert reader_notice.tell(site.application) == 0
    clock.advance(timedelta(days=7))
    assert reader_notice.tell(site.application) == first
    with site.application.database.reading() as session:
        rows = session.scalars(select(Job).where(Job.key.startswith("reader_report:"))).all()
    assert all(set(row.payload) == {"template", "account_id", "alone"} for row in rows)
