"""Hit or no hit across organisations: whom to call, or nothing, and on record either way (S22)."""

from datetime import date, timedelta
from string import ascii_lowercase
from typing import Any

import pytest
from sqlalchemy import delete, select

from engine import verification
from engine.models import (
    AuditEntry,
    Case,
    CaseStanding,
    CaseState,
    HitAllowance,
    IdentityQuery,
    Incident,
    Job,
    Organisation,
    Person,
    Standing,
)
from tests.webui.site import Site, Visitor
from tests.webui.story import tell
from webui.views import known

TO_PLAN = ("intake_to_multi_agency", "analysis_to_plan")
ASKER = "care.karin"
REASON = "We begin to support the family and want to join up."
NOTHING = "There is nothing we can tell you"


@pytest.fixture
def case(site: Site, monkeypatch: pytest.MonkeyPatch) -> Case:
    monkeypatch.setattr(known, "SECONDS", 0.0)
    found = tell(site, *TO_PLAN)
    with site.application.database.transaction() as session:
        person = session.scalars(select(Person).where(Person.case_id == found.id)).one()
        person.name, person.birth_date = "Youssef Amrani", date(2004, 3, 17)
    return found


def _ask(visitor: Visitor, name: str = "Youssef Amrani", **other: str) -> Any:
    form = {"name": name, "birth_date": "2004-03-17", "purpose": "support", "reason": REASON}
    return visitor.post("/known", {**form, **other})


def _all(site: Site, table: Any, *conditions: Any) -> list[Any]:
    with site.application.database.reading() as session:
        return list(session.scalars(select(table).where(*conditions)).unique())


def _answer(visitor: Visitor) -> str:
    return visitor.text().partition("You can ask ")[0]


def test_known_person_is_told_by_whom_to_call_and_nothing_else(site: Site, case: Case) -> None:
    karin = site.visit(ASKER)
    for name in ("Youssef Amrani", "AMRANI, Yusuf", "Yousef el Amrani"):
        assert _ask(karin, name).status_code == 200
        told = _answer(karin)
        assert "Known to Police, Rivertown district: contact police@example.org" in told
        assert "Known to Municipality of Rivertown" in told
        # These take part too, and let nobody know.
        assert "Harbour College" not in told
        assert case.code not in karin.text()


@pytest.mark.usefixtures("case")
@pytest.mark.parametrize(
    "other",
    [
        {"name": "Somebody Else"},
        {"birth_date": "2004-03-18"},
    ],
)
def test_unknown_person_gets_the_answer_of_one_who_may_not_be_told(
    site: Site, other: dict[str, str]
) -> None:
    karin = site.visit(ASKER)
    unknown = _ask(karin, **other)
    assert NOTHING in karin.text()
    with site.application.database.transaction() as session:
        session.execute(delete(HitAllowance))
    hidden = _ask(karin)
    assert NOTHING in karin.text()
    assert hidden.text.replace("18 more", "19 more") == unknown.text


@pytest.mark.usefixtures("case")
def test_answers_have_one_length_and_take_one_time(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(known, "SECONDS", 60.0)
    waited: list[float] = []
    monkeypatch.setattr(known.time, "sleep", waited.append)
    karin = site.visit(ASKER)
    hit, miss = _ask(karin), _ask(karin, "Somebody Else")
    assert NOTHING not in hit.text
    assert NOTHING in miss.text
    assert len(hit.data) == len(miss.data) == known.SIZE
    # What is left of the time is waited for, whatever the answer has cost.
    assert len(waited) == 2
    assert all(0 < seconds < 60 for seconds in waited)


@pytest.mark.parametrize("state", [CaseState.SEALED, CaseState.ERASED])
def test_case_that_nobody_reads_makes_nobody_known(
    site: Site, case: Case, state: CaseState
) -> None:
    with site.application.database.transaction() as session:
        session.get_one(Case, case.id).state = state.value
    karin = site.visit(ASKER)
    _ask(karin)
    assert NOTHING in karin.text()


def test_case_with_a_conflict_of_interest_tells_nothing(site: Site, case: Case) -> None:
    with site.application.database.transaction() as session:
        session.add(
            CaseStanding(
                case_id=case.id,
                account_id=site._account(session, ASKER).id,
                function="partner",
                state=Standing.RECUSED.value,
                reason="family",
                since=site.application.now(session),
            )
        )
    karin = site.visit(ASKER)
    _ask(karin)
    assert NOTHING in karin.text()


def test_question_is_on_record_without_the_name(site: Site, case: Case) -> None:
    karin = site.visit(ASKER)
    _ask(karin)
    _ask(karin, "Somebody Else")
    rows = _all(site, IdentityQuery)
    asked = _all(site, AuditEntry, AuditEntry.event == "person:identity:ask")
    assert len(rows) == len(asked) == 2
    assert rows[0].query_hash != rows[1].query_hash
    hits = _all(site, AuditEntry, AuditEntry.event == "case:identity:hit")
    assert [entry.case_id for entry in hits] == [case.id]
    assert len(hits[0].detail["organisations"]) == 3
    kept = repr([vars(row) for row in (*rows, *asked, *hits)]).lower()
    assert not any(word in kept for word in ("youssef", "amrani", "2004"))
    with site.application.database.reading() as session:
        assert verification.verify(session).breaks == []


def test_hit_is_told_to_those_who_are_named(site: Site, case: Case) -> None:
    _ask(site.visit(ASKER))
    jobs = _all(site, Job, Job.key.startswith("identity_hit:"))
    organisations = {row.code: str(row.id) for row in _all(site, Organisation)}
    assert {job.payload["organisation_id"] for job in jobs} == {
        organisations[code] for code in ("municipality", "police", "youth_work")
    }
    clara = site.visit("chair.clara")
    clara.get(f"/cases/{case.code}/readers?person={ASKER}")
    assert "asked whether the person is known" in clara.text()


@pytest.mark.usefixtures("case")
def test_list_of_names_is_stopped_and_the_officer_called(site: Site) -> None:
    karin = site.visit(ASKER)
    names = [f"Name {letter}" for letter in ascii_lowercase[:23]]
    answers = [_ask(karin, name).status_code for name in names]
    assert answers == [200] * 20 + [429] * 3
    assert _ask(karin).status_code == 429
    assert "police" not in karin.text().lower()
    incidents = _all(site, Incident)
    assert [(one.owner_role, one.attempts) for one in incidents] == [("dpo", 4)]
    assert _ask(site.visit("child.chris")).status_code == 200
    clock: Any = site.application.clock
    clock.advance(timedelta(days=1))
    assert _ask(karin).status_code == 200


@pytest.mark.usefixtures("case")
@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "  "},
        {"birth_date": "17 March"},
        {"birth_date": "2204-03-17"},
        {"purpose": ""},
        {"purpose": "curiosity"},
        {"reason": "because"},
    ],
)
def test_question_needs_a_name_a_date_and_a_purpose(site: Site, wrong: dict[str, str]) -> None:
    assert _ask(site.visit(ASKER), **wrong).status_code == 422
    assert _all(site, IdentityQuery) == []


@pytest.mark.usefixtures("case")
@pytest.mark.parametrize("username", ["privacy.paula", "owner.olga", "head.greta", "mayor.fatima"])
def test_question_is_for_those_who_work_on_cases(site: Site, username: str) -> None:
    visitor = site.visit(username)
    assert visitor.get("/known").status_code == 404
    assert _ask(visitor).status_code == 404


@pytest.mark.usefixtures("case")
def test_organisation_alone_says_who_may_learn_it(site: Site) -> None:
    organisations = {row.code: row for row in _all(site, Organisation)}
    peter = site.visit("police.peter")
    peter.get("/known/allowance")
    assert "Harbour College" in peter.text()
    chosen = str(organisations["school"].id)
    assert peter.post("/known/allowance", {"audience": chosen}).status_code == 302
    karin = site.visit(ASKER)
    _ask(karin)
    assert "Police" not in _answer(karin)
    assert "Youth Work" in _answer(karin)
    sofia = site.visit("school.sofia")
    _ask(sofia)
    assert "Police" in _answer(sofia)
    changed = _all(site, AuditEntry, AuditEntry.event == "organisation:identity:allow")
    assert [entry.detail["audience"] for entry in changed] == [[chosen]]
    assert peter.post("/known/allowance", {"audience": "everybody"}).status_code == 400
