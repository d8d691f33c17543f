"""Danger to life opens a case in short, for a few hours, on record, reviewed by two (S13)."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from engine import accounts, due, verification
from engine.models import (
    AuditEntry,
    Case,
    CaseMember,
    CaseStanding,
    CaseState,
    Contribution,
    EmergencyAccess,
    EmergencyReview,
    Incident,
    Job,
    Organisation,
    Person,
    Signal,
    Standing,
    WebSession,
)
from tests.webui.site import Site, Visitor
from tests.webui.story import tell
from webui.identity import wall_clock

TO_PLAN = ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")
MOTIVE = "The mother called: he left with a knife and does not answer his telephone."
WHY = "The call to the emergency number is on record, and the danger was real."
UNKNOWN = "2222-2222"
OUTSIDER = "child.chris"
"""A partner who takes no part in the story's case."""


def _ask(visitor: Visitor, code: str, **other: str) -> Any:
    form = {"code": code, "category": "violence", "motive": MOTIVE, **other}
    return visitor.post("/emergency", form)


def _open(site: Site, case: Case, username: str = OUTSIDER) -> tuple[Visitor, str]:
    visitor = site.visit(username)
    answer = _ask(visitor, case.code)
    assert answer.status_code == 302, visitor.text()
    return visitor, answer.headers["Location"]


def _all(site: Site, table: Any, *conditions: Any) -> list[Any]:
    with site.application.database.reading() as session:
        return list(session.scalars(select(table).where(*conditions)).unique())


@pytest.fixture
def case(site: Site) -> Case:
    found = tell(site, *TO_PLAN)
    with site.application.database.transaction() as session:
        partners = ("police.peter", "youth.yara", "school.sofia", "health.hugo")
        rows = {row.organisation_id: row for row in session.scalars(select(Contribution))}
        levels = ("full", "summary", "concern_only", "nothing")
        for name, level in zip(partners, levels, strict=True):
            row = rows[site._account(session, name).organisation_id]
            row.level, row.concern, row.details = level, True, {}
            row.one_person = level == "full"
            row.summary, row.body = f"summary-{name}", f"body-{name}"
        person = session.scalars(select(Person).where(Person.case_id == found.id)).one()
        person.name = "Canary Quixote"
        for signal in session.scalars(select(Signal).where(Signal.case_id == found.id)):
            signal.reporter, signal.text = {"name": "Source Canary"}, "signal-canary"
    return found


def test_emergency_shows_the_case_in_short_and_nothing_more(site: Site, case: Case) -> None:
    chris, address = _open(site, case)
    assert chris.get(address).status_code == 200
    text = chris.text()
    for shown in ("Canary Quixote", "summary-police.peter", "summary-youth.yara", "4 hours left"):
        assert shown.lower() in text.lower()
    assert "youth_work@example.org" in text
    hidden = ("body-", "summary-school", "summary-health", "Source Canary", "signal-canary")
    assert not [one for one in hidden if one in text]
    for path in ("", "/people", "/timeline", "/plan", "/diagram", "/readers"):
        assert chris.get(f"/cases/{case.code}{path}").status_code == 404
    chris.get("/cases")
    assert case.code not in chris.text()


def test_emergency_of_one_is_nobody_elses(site: Site, case: Case) -> None:
    _, address = _open(site, case)
    for other in ("care.karin", "police.peter", "privacy.paula", "chair.clara"):
        assert site.visit(other).get(address).status_code == 404


def test_emergency_ends_when_its_time_is_over(site: Site, case: Case) -> None:
    chris, address = _open(site, case)
    clock: Any = site.application.clock
    clock.advance(timedelta(hours=3, minutes=59))
    assert chris.get(address).status_code == 200
    assert "1 minute left" in chris.text()
    clock.advance(timedelta(minutes=1))
    assert chris.get(address).status_code == 404
    assert chris.post(f"{address}/end").status_code == 404
    due.run_due(site.application)
    ended = _all(site, AuditEntry, AuditEntry.event == "case:emergency:end")
    assert [entry.actor_id for entry in ended] == [None]
    assert _all(site, EmergencyAccess)[0].ended_at == clock.now()


@pytest.mark.parametrize("username", ["content.emma", "privacy.paula", OUTSIDER])
def test_emergency_is_taken_back_at_once(site: Site, case: Case, username: str) -> None:
    chris, address = _open(site, case)
    assert site.visit(username).post(f"{address}/end").status_code == 302
    assert chris.get(address).status_code == 404
    assert len(_all(site, AuditEntry, AuditEntry.event == "case:emergency:end")) == 1


def test_emergency_is_not_taken_back_by_just_anybody(site: Site, case: Case) -> None:
    chris, address = _open(site, case)
    for username in ("care.karin", "police.peter", "head.greta", "owner.olga"):
        assert site.visit(username).post(f"{address}/end").status_code == 404
    assert chris.get(address).status_code == 200


def test_emergency_answers_alike_whatever_does_not_open(site: Site, case: Case) -> None:
    sealed, erased = site.report(), site.report()
    with site.application.database.transaction() as session:
        session.get_one(Case, sealed.id).state = CaseState.SEALED.value
        session.get_one(Case, erased.id).state = CaseState.ERASED.value
        left = session.scalars(
            select(CaseMember).where(
                CaseMember.case_id == case.id, CaseMember.function == "partner"
            )
        ).unique()
        gone = next(one for one in left if one.account.username == "police.peter")
        gone.until, gone.reason = wall_clock(), "conflict of interest"
        session.add(
            CaseMember(
                case_id=case.id,
                account_id=site._account(session, "care.karin").id,
                function="partner",
                since=wall_clock(),
                until=wall_clock(),
            )
        )
    karin = site.visit("care.karin")
    answers = []
    for code in (UNKNOWN, case.code, sealed.code, erased.code):
        answer = _ask(karin, code)
        assert answer.status_code == 422
        answers.append(answer.get_data(as_text=True).replace(code, ""))
    assert len(set(answers)) == 1
    assert "Nothing is opened" in answers[0]
    assert _ask(site.visit("police.peter"), case.code).status_code == 422
    assert _all(site, EmergencyAccess) == []


def test_emergency_is_closed_to_whoever_is_kept_out_for_a_conflict(site: Site, case: Case) -> None:
    chris, address = _open(site, case)
    _keep_out(site, case, OUTSIDER, "chair.clara")
    assert chris.get(address).status_code == 404
    assert site.visit("chair.clara").get(f"{address}/review").status_code == 404
    with site.application.database.transaction() as session:
        session.execute(update(EmergencyAccess).values(ended_at=wall_clock()))
    assert _ask(chris, case.code).status_code == 422
    assert len(_all(site, EmergencyAccess)) == 1


def _keep_out(site: Site, case: Case, *usernames: str) -> None:
    with site.application.database.transaction() as session:
        for username in usernames:
            account = site._account(session, username)
            session.execute(
                update(CaseMember)
                .where(CaseMember.case_id == case.id, CaseMember.account_id == account.id)
                .values(until=wall_clock())
            )
            session.add(
                CaseStanding(
                    case_id=case.id,
                    account_id=account.id,
                    function="partner",
                    state=Standing.RECUSED.value,
                    reason="family",
                    since=wall_clock(),
                )
            )


def test_emergency_writes_down_each_attempt_and_no_unknown_code(site: Site, case: Case) -> None:
    emma = site.visit("content.emma")  # reads the case already
    _ask(emma, case.code)
    _ask(emma, UNKNOWN)
    refused = _all(site, AuditEntry, AuditEntry.event == "case:file:refuse")
    assert [(entry.case_id, entry.detail["section"]) for entry in refused] == [
        (case.id, "emergency")
    ]
    missed = _all(site, AuditEntry, AuditEntry.event == "case:search:miss")
    assert len(missed) == 1
    assert missed[0].case_id is None
    assert UNKNOWN not in str(missed[0].detail) + missed[0].subject


def test_emergency_slows_down_who_tries_codes(site: Site, case: Case) -> None:
    chris = site.visit(OUTSIDER)
    answers = [_ask(chris, f"2222-222{digit}").status_code for digit in range(2, 8)]
    assert answers == [422] * 5 + [429]
    assert _ask(chris, case.code).status_code == 429


@pytest.mark.parametrize(
    "wrong",
    [{"category": ""}, {"category": "curiosity"}, {"motive": "urgent!"}, {"motive": " " * 90}],
)
def test_emergency_needs_a_danger_and_a_motive(
    site: Site, case: Case, wrong: dict[str, str]
) -> None:
    for code in (case.code, UNKNOWN):
        assert _ask(site.visit(OUTSIDER), code, **wrong).status_code == 422
    assert _all(site, EmergencyAccess) == []
    assert _all(site, AuditEntry, AuditEntry.event == "case:file:refuse") == []


def test_emergency_says_at_once_all_that_is_missing(site: Site, case: Case) -> None:
    del case
    chris = site.visit(OUTSIDER)
    assert chris.post("/emergency").status_code == 422
    for said in ("Type the code", "Say what the danger is", "Write what you know"):
        assert said in chris.text(), said


def test_emergency_asks_for_the_password_first(site: Site, case: Case) -> None:
    chris = site.visit(OUTSIDER)
    with site.application.database.transaction() as session:
        for row in session.scalars(select(WebSession)).unique():
            row.confirmed_at = wall_clock() - timedelta(minutes=6)
    for answer in (chris.get("/emergency"), _ask(chris, case.code)):
        assert answer.headers["Location"].startswith("/confirm")
    assert _all(site, EmergencyAccess) == []


@pytest.mark.parametrize("username", ["privacy.paula", "head.greta", "owner.olga", "mayor.fatima"])
def test_emergency_is_not_for_roles_that_the_profile_does_not_name(
    site: Site, case: Case, username: str
) -> None:
    assert site.visit(username).get("/emergency").status_code == 404
    assert _ask(site.visit(username), case.code).status_code == 404


def test_emergency_tells_those_who_lead_and_watch_at_once(site: Site, case: Case) -> None:
    _open(site, case)
    jobs = _all(site, Job, Job.kind == "notice", Job.key.startswith("notice:"))
    with site.application.database.reading() as session:
        told = {job.payload["account_id"] for job in jobs}
        wanted = ("process.daan", "content.emma", "privacy.paula", "head.greta")
        assert {str(site._account(session, name).id) for name in wanted} <= told
    assert all(MOTIVE not in str(job.payload) for job in jobs)


def test_emergency_is_seen_on_the_page_of_who_looked(site: Site, case: Case) -> None:
    chris, address = _open(site, case)
    chris.get(address)
    clara = site.visit("content.emma")
    clara.get(f"/cases/{case.code}/readers?person={OUTSIDER}")
    assert "emergency access" in clara.text()
    assert "in short, by an emergency access" in clara.text().lower()
    with site.application.database.reading() as session:
        assert verification.verify(session).breaks == []


def test_emergency_is_suspended_after_two_in_a_quarter(site: Site, case: Case) -> None:
    clock: Any = site.application.clock
    others = [site.report(), site.report()]
    for one in (case, others[0]):
        _, address = _open(site, one)
        site.visit(OUTSIDER).post(f"{address}/end")
    chris = site.visit(OUTSIDER)
    for code in (others[1].code, UNKNOWN):
        assert _ask(chris, code).status_code == 422
        assert "used your emergency accesses" in chris.text()
    incident = _all(site, Incident)[0]
    assert (incident.owner_role, incident.attempts) == ("dpo", 2)
    paula = site.visit("privacy.paula")
    paula.get("/incidents")
    assert "more than a quarter" in paula.text()
    paula.post(f"/incidents/{incident.id}/retry")
    assert _all(site, Incident)[0].state == "resolved"
    clock.advance(timedelta(days=92))
    _open(site, others[1])


def test_emergency_that_runs_is_not_counted_twice(site: Site, case: Case) -> None:
    _, address = _open(site, case)
    assert [_open(site, case)[1] for _ in range(3)] == [address] * 3


def _review(site: Site, address: str, username: str, finding: str = "justified") -> int:
    form = {"finding": finding, "reasons": WHY}
    return int(site.visit(username).post(f"{address}/review", form).status_code)


def test_review_takes_the_officer_and_a_person_of_another_organisation(
    site: Site, case: Case
) -> None:
    _, address = _open(site, case)
    assert _review(site, address, OUTSIDER) == 404
    assert _review(site, address, "care.karin") == 404
    assert _review(site, address, "police.peter") == 302
    assert _review(site, address, "youth.yara") == 409  # that part is written
    assert _review(site, address, "privacy.paula") == 302
    assert sorted(row.part for row in _all(site, EmergencyReview)) == ["agency", "dpo"]


def test_review_is_not_written_by_the_openers_organisation(site: Site, case: Case) -> None:
    other = site.report()
    _, address = _open(site, other, "content.erik")
    assert _review(site, address, "chair.clara") == 409
    assert _review(site, address, "head.greta") == 409
    # No other organisation has an officer: the one there is writes that part.
    assert _review(site, address, "privacy.paula") == 302
    with site.application.database.transaction() as session:
        police = session.scalars(select(Organisation).where(Organisation.code == "police")).one()
        accounts.add_account(
            session,
            username="privacy.piet",
            display_name="Piet",
            password_hash="none",
            organisation=police,
            roles=frozenset({"dpo"}),
            email="piet@example.org",
            now=wall_clock(),
        )
    _, address = _open(site, case, "content.erik")
    assert _review(site, address, "privacy.paula") == 409
    assert _review(site, address, "privacy.piet") == 302


def test_review_of_the_opener_is_refused_by_the_database(site: Site, case: Case) -> None:
    _open(site, case)
    access = _all(site, EmergencyAccess)[0]
    with site.application.database.reading() as session:
        peter = site._account(session, "police.peter")
    own = {"account_id": access.account_id, "organisation_id": peter.organisation_id}
    same = {"account_id": peter.id, "organisation_id": access.organisation_id}
    for wrong in (own, same):
        with pytest.raises(IntegrityError), site.application.database.transaction() as session:
            session.add(EmergencyReview(**_row(access), **wrong))


def _row(access: EmergencyAccess) -> dict[str, Any]:
    return {
        "id": UUID(int=1),
        "access_id": access.id,
        "case_id": access.case_id,
        "part": "agency",
        "opener_id": access.account_id,
        "opener_organisation_id": access.organisation_id,
        "finding": "justified",
        "reasons": WHY,
        "at": wall_clock(),
    }


def test_review_that_is_overdue_calls_the_officer_until_it_is_written(
    site: Site, case: Case
) -> None:
    clock: Any = site.application.clock
    _, address = _open(site, case)
    assert _review(site, address, "police.peter") == 302
    clock.advance(timedelta(hours=71))
    due.run_due(site.application)
    mine = (Incident.key.startswith("emergency_review:"),)
    assert _all(site, Incident, *mine) == []
    clock.advance(timedelta(hours=2))
    due.run_due(site.application)
    incident = _all(site, Incident, *mine)[0]
    assert (incident.owner_role, incident.case_id) == ("dpo", case.id)
    paula = site.visit("privacy.paula")
    assert paula.post(f"/incidents/{incident.id}/retry").status_code == 409
    assert _review(site, address, "privacy.paula") == 302
    assert _all(site, Incident, *mine)[0].state == "resolved"


def test_review_that_finds_no_danger_calls_the_head_of_the_desk(site: Site, case: Case) -> None:
    _, address = _open(site, case)
    assert _review(site, address, "privacy.paula", "not_justified") == 302
    greta = site.visit("head.greta")
    greta.get("/incidents")
    assert "not justified" in greta.text()


def test_review_page_shows_motive_and_looks_to_those_who_watch(site: Site, case: Case) -> None:
    chris, address = _open(site, case)
    chris.get(address)
    for username in ("privacy.paula", "content.emma"):
        visitor = site.visit(username)
        visitor.get("/emergency/reviews")
        assert case.code in visitor.text()
        visitor.get(f"{address}/review")
        assert MOTIVE in visitor.text()
        assert "In short, by an emergency access" in visitor.text()
    chris.get("/emergency/reviews")
    assert case.code not in chris.text()
