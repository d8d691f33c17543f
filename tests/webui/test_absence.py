"""Being away on the pages: entered, shown, ended; a deputy's reach and where it stops (P36)."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from engine.clock import TestClock
from engine.models import Absence, AuditEntry, Case, Contribution, ContributionShare, Note
from tests.webui.site import Site, Visitor
from tests.webui.story import tell

TO_PLAN = ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")


def _today(site: Site) -> date:
    return site.application.clock.now().date()


def _id(site: Site, username: str) -> UUID:
    with site.application.database.reading() as session:
        return site._account(session, username).id


def _form(site: Site, deputy: str, days: int = 7, **more: str) -> dict[str, Any]:
    today = _today(site)
    return {
        "first_day": today.isoformat(),
        "last_day": (today + timedelta(days=days)).isoformat(),
        "deputy": str(_id(site, deputy)),
        **more,
    }


def _leave(site: Site, who: str, deputy: str, **more: str) -> Visitor:
    visitor = site.visit(who)
    assert visitor.post("/absences", _form(site, deputy, **more)).status_code == 302
    return visitor


def _end(site: Site, visitor: Visitor) -> int:
    with site.application.database.reading() as session:
        found = session.scalars(select(Absence.id).order_by(Absence.at.desc())).first()
    return visitor.post(f"/absences/{found}/end").status_code


def test_absence_opens_the_case_for_the_deputy_and_its_end_closes_it(site: Site) -> None:
    case = site.report()
    daan = site.visit("process.daan")
    assert daan.get(f"/cases/{case.code}").status_code == 404
    anna = _leave(site, "intake.anna", "process.daan", note="Call me if needed.")
    anna.get("/")
    assert "You are away until" in anna.text()
    assert "Daan Smit deputises" in anna.text()
    daan.get("/")
    assert "You deputise for Anna Visser" in daan.text()
    assert "Call me if needed." in daan.text()
    assert "for Anna Visser, who is away" in daan.text()
    assert daan.get(f"/cases/{case.code}").status_code == 200
    assert _end(site, anna) == 302
    assert daan.get(f"/cases/{case.code}").status_code == 404
    daan.get("/")
    assert case.code not in daan.text()


def test_step_of_a_deputy_shows_both_names(site: Site) -> None:
    case = site.report()
    item = site.item(case, "check_source")
    anna = _leave(site, "intake.anna", "process.daan")
    daan = site.visit("process.daan")
    daan.get(f"/work/{item.id}")
    assert "You do this step for Anna Visser" in daan.text()
    answers = {
        "source_kind": "professional",
        "first_hand": "yes",
        "source_reliability": "reliable",
        "conflict_behind": "no",
        "source_summary": "Saw it.",
        "_key": daan.hidden("_key"),
        "action": "submit",
    }
    assert daan.post(f"/work/{item.id}", answers).status_code == 302
    anna.get(f"/cases/{case.code}/timeline")
    assert "Daan Smit, Municipality of Rivertown, for Anna Visser" in anna.text()
    anna.get(f"/work/{item.id}")
    assert "Daan Smit, Municipality of Rivertown, for Anna Visser" in anna.text()
    with site.application.database.reading() as session:
        read = session.scalars(
            select(AuditEntry).where(
                AuditEntry.event == "case:file:read",
                AuditEntry.actor_id == _id(site, "process.daan"),
            )
        ).first()
        assert read is not None
        assert read.detail["for"] == [str(_id(site, "intake.anna"))]


def test_note_of_a_deputy_is_recorded_for_both(site: Site) -> None:
    case = tell(site, *TO_PLAN)
    _leave(site, "police.peter", _colleague(site, "police.peter"))
    pia = site.visit("police.pia")
    form = {"kind": "note", "text": "Told by telephone."}
    assert pia.post(f"/cases/{case.code}/notes/new", form).status_code in {302, 303}
    with site.application.database.reading() as session:
        notes = session.scalars(select(Note)).unique()
        [note] = [one for one in notes if one.text == "Told by telephone."]
        assert note.by_id == _id(site, "police.pia")
        assert note.for_id == _id(site, "police.peter")


def _colleague(site: Site, of: str, roles: frozenset[str] = frozenset()) -> str:
    from engine import accounts

    name = of.split(".", maxsplit=1)[0] + ".pia"
    with site.application.database.transaction() as session:
        accounts.add_account(
            session,
            username=name,
            display_name="Pia Nieuw",
            password_hash="none",
            organisation=site._account(session, of).organisation,
            roles=roles,
            email=f"{name}@example.org",
            now=site.application.now(session),
        )
    return name


def test_sharing_is_changed_by_a_colleague_who_deputises_and_by_nobody_else(site: Site) -> None:
    case: Case = tell(site, *TO_PLAN)
    with site.application.database.reading() as session:
        hugo = site._account(session, "health.hugo")
        contribution = session.scalars(
            select(Contribution.id).where(Contribution.organisation_id == hugo.organisation_id)
        ).first()
    path = f"/cases/{case.code}/contributions/{contribution}/sharing"
    _colleague(site, "health.hugo")
    pia = site.visit("health.pia")
    assert pia.get(path).status_code == 404
    _leave(site, "health.hugo", "health.pia")
    assert pia.get(path).status_code == 200
    assert pia.post(path, {"audience": "table", "level": "nothing"}).status_code == 302
    assert "Pia Nieuw for Hugo Maas" in (pia.get(path), pia.text())[1]
    with site.application.database.reading() as session:
        row = session.scalars(select(ContributionShare)).unique().one()
        assert row.for_id == hugo.id
    form = _form(site, "health.hugo")
    police = site.visit("police.peter")
    assert police.post("/absences", form).status_code == 422, "another organisation"
    assert "Choose somebody from the list" in police.text()


def test_accountable_person_decides_in_person(site: Site) -> None:
    case = tell(site, *TO_PLAN, "implementation_to_closure")
    with site.application.database.reading() as session:
        from engine.models import WorkItem

        kept = session.scalars(
            select(WorkItem.deputies).where(
                WorkItem.case_id == case.id, WorkItem.role == "accountable_person"
            )
        ).all()
        of_partners = session.scalars(
            select(WorkItem.deputies).where(
                WorkItem.case_id == case.id, WorkItem.organisation_id.is_not(None)
            )
        ).all()
    assert set(kept) <= {"nobody"}
    assert set(of_partners) == {"organisation"}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"first_day": "2020-01-01"}, "today or a later day"),
        ({"first_day": "soon"}, "like 2026-12-31"),
        ({"last_day": "2020-01-01"}, "not before the first day"),
        ({"last_day": "2099-01-01"}, "within a year"),
        ({"deputy": ""}, "Choose somebody"),
        ({"deputy": "nobody"}, "Choose somebody"),
        ({"note": "x" * 301}, "at most 300"),
    ],
)
def test_absence_that_is_not_possible_says_what_to_mend(
    site: Site, change: dict[str, str], words: str
) -> None:
    anna = site.visit("intake.anna")
    assert anna.post("/absences", _form(site, "process.daan") | change).status_code == 422
    assert words in anna.text()
    assert anna.page is not None
    link = anna.page.xpath("//div[contains(@class,'error-summary')]//a/@href")[0]
    assert anna.page.xpath(f"//*[@id='{link[1:]}']")
    with site.application.database.reading() as session:
        assert session.scalars(select(Absence)).all() == []


@pytest.mark.parametrize("deputy", ["privacy.paula", "intake.anna", "school.sofia"])
def test_deputy_has_to_be_able(site: Site, deputy: str) -> None:
    anna = site.visit("intake.anna")
    assert anna.post("/absences", _form(site, deputy)).status_code == 422


def test_deputy_who_is_away_and_a_second_absence_are_refused(site: Site) -> None:
    _leave(site, "intake.bram", "process.daan")
    anna = site.visit("intake.anna")
    assert anna.post("/absences", _form(site, "intake.bram")).status_code == 422
    assert "is away too" in anna.text()
    _leave(site, "intake.anna", "process.daan")
    assert anna.post("/absences", _form(site, "process.dina")).status_code == 422
    assert "end that one first" in anna.text()


def test_head_of_the_desk_enters_it_for_somebody_and_never_names_itself(site: Site) -> None:
    greta = site.visit("head.greta")
    greta.get("/absences/others?person=intake.anna")
    assert "Absence of Anna Visser" in greta.text()
    form = _form(site, "head.greta", person="intake.anna")
    assert greta.post("/absences/others", form).status_code == 422
    form = _form(site, "process.daan", person="intake.anna")
    assert greta.post("/absences/others", form).status_code == 302
    with site.application.database.reading() as session:
        row = session.scalars(select(Absence)).one()
        assert (row.account_id, row.by_id) == (_id(site, "intake.anna"), _id(site, "head.greta"))
    anna = site.visit("intake.anna")
    assert _end(site, anna) == 302, "who is back ends it, whoever entered it"


def test_absences_of_others_are_nobody_elses(site: Site) -> None:
    _leave(site, "intake.anna", "process.daan")
    with site.application.database.reading() as session:
        found = session.scalars(select(Absence.id)).one()
    for person in ("intake.bram", "process.daan", "police.peter", "mayor.fatima"):
        visitor = site.visit(person)
        assert visitor.get("/absences/others").status_code == 404
        assert visitor.post("/absences/others", _form(site, "process.dina")).status_code == 404
        assert visitor.post(f"/absences/{found}/end").status_code == 404
        visitor.get("/absences")
        assert visitor.page is not None
        table = "".join(visitor.page.xpath("//main//table//text()"))
        assert ("Anna Visser" in table) is (person == "process.daan")


def test_deputy_reads_no_more_in_a_case_that_the_absent_person_does_not_see(site: Site) -> None:
    """Who sees a case anyway reads nothing in it as what the absent person is elsewhere."""
    case = tell(site, *TO_PLAN)
    daan = site.visit("process.daan")
    daan.get(f"/cases/{case.code}/timeline")
    before = daan.text()
    with site.application.database.transaction() as session:
        from engine.models import CaseMember

        for member in session.scalars(select(CaseMember)).unique():
            if member.account_id == _id_in(site, session, "chair.clara"):
                session.delete(member)
    _leave(site, "chair.clara", "process.daan")
    daan.get(f"/cases/{case.code}/timeline")
    assert daan.text() == before


def _id_in(site: Site, session: Any, username: str) -> UUID:
    return site._account(session, username).id


def test_health_names_the_queues_that_are_short(site: Site) -> None:
    clock = site.application.clock
    assert isinstance(clock, TestClock)
    with site.application.database.transaction() as session:
        site._account(session, "intake.bram").disabled_at = clock.now()
    figures = site.visit().get("/health").get_json()["queues_short"]
    assert figures == {"intake_desk": {"able": 1, "there": 1}}
