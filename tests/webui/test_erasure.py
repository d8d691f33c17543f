"""A reviewed file is erased by two persons, one of them the officer, who reads nothing (S19)."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from engine import due, human, worklist
from engine.errors import SeparationError
from engine.models import (
    AuditEntry,
    Case,
    CaseKey,
    CaseMember,
    CaseState,
    ErasureRound,
    Incident,
    Job,
    ProcessInstance,
    WorkItem,
    WorkItemState,
)
from engine.reading import erasure
from engine.scenario import read_scenario
from engine.settings import ROOT
from engine.verification import verify
from tests.authz.stage import _take, _world
from tests.webui.site import Site, Visitor

OFFICER, SECOND, HEAD, OTHER_HEAD = "privacy.paula", "privacy.milan", "head.greta", "head.hanna"
CHAIR = "chair.clara"
NEUTRAL = "Its time is over, and no duty asks that it is kept."
FORM = {
    "ground": "wrong_person",
    "legal_basis": "Art. 17(1)(d)",
    "reason": "The register shows that it is about somebody else.",
}
REVIEW = {
    "retention_decision": "erase",
    "legal_hold": "no",
    "reasons": "She moved away: SECRET-WORD.",
    "neutral_words": NEUTRAL,
}


@pytest.fixture
def ended(site: Site) -> Case:
    """A case that another authority took over; its papers are kept for ninety days."""
    return played(site, "intake_transfer")


def played(site: Site, name: str) -> Case:
    """Play a scenario until its first waiting."""
    world = _world(site)
    for told in read_scenario(ROOT / f"processes/scenarios/{name}.toml").steps:
        if "after" in told:
            break
        if "expect" not in told:
            _take(world, told)
    return one(site, Case, Case.id == world._case_id)


def one(site: Site, table: Any, *conditions: Any) -> Any:
    with site.application.database.reading() as session:
        return session.scalars(select(table).where(*conditions)).unique().one()


def state(site: Site, case: Case) -> str:
    return str(one(site, Case, Case.id == case.id).state)


def later(site: Site, **how_long: int) -> None:
    clock: Any = site.application.clock
    clock.advance(timedelta(**how_long))
    due.run_due(site.application)


def step(site: Site) -> WorkItem:
    found: WorkItem = one(site, WorkItem, WorkItem.state == WorkItemState.OPEN.value)
    return found


def answer(visitor: Visitor, item: WorkItem, given: dict[str, str]) -> int:
    assert visitor.get(f"/work/{item.id}").status_code == 200, visitor.text()
    form = {**given, "_key": visitor.hidden("_key")}
    return int(visitor.post(f"/work/{item.id}", form).status_code)


def ask(visitor: Visitor, case: Case, **other: str) -> int:
    return int(visitor.post("/erasures/new", {"code": case.code, **FORM, **other}).status_code)


def reviewed(site: Site, case: Case) -> WorkItem:
    """Ask, and let the head of the desk review; return the step of the officer."""
    assert ask(site.visit(CHAIR), case) == 302
    assert answer(site.visit(HEAD), step(site), REVIEW) == 302
    return step(site)


def do(site: Site, item: WorkItem, username: str, answers: dict[str, str]) -> object:
    with site.application.database.reading() as session:
        account_id = site._account(session, username).id
    return worklist.complete(site.application, item.id, account_id, answers, f"{uuid4()}")


def make_one(site: Site, *names: str) -> None:
    with site.application.database.transaction() as session:
        found = [site._account(session, name) for name in names]
        for account in found[1:]:
            human.join(session, account, found[0].person_id)


AGREE, BACK = (
    {"erasure_agreement": "agree"},
    {"erasure_agreement": "back", "refusal_reason": "Name the duty that ended."},
)


def test_file_is_erased_when_the_officer_agrees_and_not_before(site: Site, ended: Case) -> None:
    item = reviewed(site, ended)
    assert (item.element_id, item.role, item.deputies) == ("agree_erasure", "dpo", "nobody")
    later(site, days=60)
    assert step(site).escalated_at is not None
    assert state(site, ended) == CaseState.ENDED.value
    assert site.visit(HEAD).get(f"/work/{item.id}").status_code == 404
    assert answer(site.visit(OFFICER), item, AGREE) == 302
    assert state(site, ended) == CaseState.ERASED.value
    assert one(site, CaseKey, CaseKey.case_id == ended.id).wrapped is None
    row = one(site, ErasureRound)
    assert (row.answer, row.outcome, row.ground) == ("agreed", "erase", "wrong_person")
    assert (row.neutral_words, row.reason, row.legal_basis) == (None, None, None)
    with site.application.database.reading() as session:
        assert verify(session).breaks == []
        events = session.scalars(
            select(AuditEntry.event)
            .where(AuditEntry.event.like("case:erasure:%"))
            .order_by(AuditEntry.sequence)
        ).all()
        told = session.scalars(select(Job).where(Job.kind == "notice")).all()
    assert events == ["case:erasure:ask", "case:erasure:agree"]
    [notice] = [job for job in told if job.payload["template"] == "erasure_answered"]
    assert set(notice.payload) >= {"case_id", "account_id"}
    assert "register" not in str(notice.payload)


def test_officer_sees_the_ground_and_the_neutral_words_and_nothing_of_the_case(
    site: Site, ended: Case
) -> None:
    item = reviewed(site, ended)
    paula = site.visit(OFFICER)
    paula.get("/")
    assert ended.code in paula.text()
    paula.get(f"/work/{item.id}")
    page = paula.text()
    for words in (ended.code, NEUTRAL, "Greta", FORM["reason"], FORM["legal_basis"]):
        assert words in page
    for words in ("SECRET-WORD", "Person A", "Recorded so far", "What is known"):
        assert words not in page
    assert f"/cases/{ended.code}" not in page
    for path in ("", "/timeline", "/people", "/diagram", "/plan"):
        assert paula.get(f"/cases/{ended.code}{path}").status_code == 404, path
    paula.get("/cases")
    assert ended.code not in paula.text()
    assert answer(paula, item, AGREE) == 302
    with site.application.database.reading() as session:
        officer = site._account(session, OFFICER).id
        parts = select(CaseMember).where(CaseMember.account_id == officer)
        assert session.scalars(parts).all() == []


def test_what_the_officer_hands_back_is_reviewed_anew_and_asked_anew(
    site: Site, ended: Case
) -> None:
    item = reviewed(site, ended)
    assert answer(site.visit(OFFICER), item, {"erasure_agreement": "back"}) == 422
    assert answer(site.visit(OFFICER), item, BACK) == 302
    again = step(site)
    assert again.element_id == "review_retention"
    greta = site.visit(HEAD)
    greta.get(f"/work/{again.id}")
    assert BACK["refusal_reason"] in greta.text()
    assert answer(greta, again, REVIEW) == 302
    assert step(site).element_id == "agree_erasure"
    assert state(site, ended) == CaseState.ENDED.value
    assert answer(site.visit(SECOND), step(site), AGREE) == 302
    assert state(site, ended) == CaseState.ERASED.value
    with site.application.database.reading() as session:
        rows = session.scalars(select(ErasureRound).order_by(ErasureRound.number)).all()
        assert [(row.number, row.answer, row.ground) for row in rows] == [
            (1, "refused", "wrong_person"),
            (2, "agreed", "wrong_person"),
        ]


def test_accounts_of_one_human_are_not_two_persons(site: Site, ended: Case) -> None:
    item = reviewed(site, ended)
    make_one(site, HEAD, OFFICER)
    with pytest.raises(SeparationError):
        do(site, item, OFFICER, AGREE)
    assert state(site, ended) == CaseState.ENDED.value
    assert answer(site.visit(SECOND), item, AGREE) == 302
    assert state(site, ended) == CaseState.ERASED.value


def round_in(site: Site, **changes: object) -> None:
    with site.application.database.transaction() as session:
        row = session.scalars(select(ErasureRound)).one()
        for name, value in changes.items():
            setattr(row, name, value)


def account_id(site: Site, username: str) -> UUID:
    with site.application.database.reading() as session:
        return site._account(session, username).id


@pytest.mark.parametrize("who", [HEAD, OTHER_HEAD, CHAIR])
def test_database_refuses_an_agreement_of_the_reviewer_and_of_whoever_is_no_officer(
    site: Site, ended: Case, who: str
) -> None:
    reviewed(site, ended)
    now = site.application.clock.now()
    with pytest.raises(DBAPIError, match=r"erasure_round|agreed_by_two"):
        round_in(site, answer="agreed", answered_at=now, answered_by_id=account_id(site, who))


def test_database_refuses_an_agreement_of_the_same_human_with_another_account(
    site: Site, ended: Case
) -> None:
    reviewed(site, ended)
    make_one(site, HEAD, OFFICER)
    now = site.application.clock.now()
    with pytest.raises(DBAPIError, match="two persons"):
        round_in(site, answer="agreed", answered_at=now, answered_by_id=account_id(site, OFFICER))


SQL = (
    "UPDATE casework_case SET state = 'erased'",
    "UPDATE case_key SET wrapped = NULL, destroyed_at = created_at",
    "DELETE FROM erasure_round",
    "UPDATE erasure_round SET outcome = 'keep'",
    "UPDATE erasure_round SET reviewed_by_id = asked_by_id",
    "UPDATE erasure_round SET answer = 'dropped', answered_at = reviewed_at",
)


@pytest.mark.parametrize("statement", SQL)
def test_database_refuses_an_erasure_without_the_agreement(
    site: Site, ended: Case, statement: str
) -> None:
    reviewed(site, ended)
    database = site.application.database
    with (
        pytest.raises(DBAPIError, match=r"erasure_round|reviewed file"),
        database.transaction() as session,
    ):
        session.execute(text(statement))


def test_operator_refuses_too_where_a_drawing_forgets_to_ask(site: Site, ended: Case) -> None:
    from types import SimpleNamespace

    from engine.errors import OperatorError
    from engine.models import ProcessInstance
    from tasks.retention import Ground, erase_case

    item = reviewed(site, ended)
    with site.application.database.reading() as session:
        turn: Any = SimpleNamespace(
            session=session,
            case=session.get_one(Case, ended.id),
            instance=session.get_one(ProcessInstance, item.instance_id),
            now=site.application.clock.now(),
        )
        with pytest.raises(OperatorError, match="has not agreed"):
            erase_case(turn, Ground("other"))
        session.rollback()


def test_legal_hold_wins_over_both(site: Site, ended: Case) -> None:
    from tests.webui.test_hold import lift, set_hold

    address = set_hold(site, ended)
    item = reviewed(site, ended)
    assert answer(site.visit(OFFICER), item, AGREE) == 302
    assert state(site, ended) == CaseState.ENDED.value
    assert step(site).element_id == "look_after_hold"
    lift(site, address)
    assert state(site, ended) == CaseState.ERASED.value


def test_request_is_answered_alike_for_codes_that_one_may_not_ask_for(
    site: Site, ended: Case
) -> None:
    said = []
    for username, code in ((CHAIR, "2222-2222"), ("chair.cora", ended.code)):
        visitor = site.visit(username)
        form = {"code": code, **FORM}
        assert visitor.post("/erasures/new", form).status_code == 422
        said.append(visitor.text().replace(code, ""))
        assert "No ended case" in said[-1]
    with site.application.database.reading() as session:
        assert session.scalars(select(ErasureRound)).all() == []
    for username in ("intake.anna", "police.peter", "operator.otto", "lead.lars"):
        visitor = site.visit(username)
        assert visitor.get("/erasures/new").status_code == 404, username
        assert visitor.get("/erasures").status_code == 404, username
        assert visitor.post("/erasures/new", {"code": ended.code, **FORM}).status_code == 404


def test_running_case_is_never_erased_nor_one_that_is_reviewed_already(
    site: Site, ended: Case
) -> None:
    running = site.report()
    paula = site.visit(OFFICER)
    assert ask(paula, running) == 409
    assert "never erased" in paula.text()
    assert ask(paula, ended) == 302
    assert ask(paula, ended) == 409
    assert "reviewed already" in paula.text()
    assert state(site, running) == CaseState.OPEN.value


@pytest.mark.parametrize(
    ("field", "value"), [("ground", "whim"), ("legal_basis", ""), ("reason", " "), ("code", "")]
)
def test_form_names_what_to_mend(site: Site, ended: Case, field: str, value: str) -> None:
    paula = site.visit(OFFICER)
    assert ask(paula, ended, **{field: value}) == 422
    assert paula.page is not None
    assert paula.page.xpath(f"//a[@href='#{field}']")
    with site.application.database.reading() as session:
        assert session.scalars(select(ErasureRound)).all() == []


def test_case_page_offers_it_to_who_leads_and_the_officer_lists_what_became_of_it(
    site: Site, ended: Case
) -> None:
    clara = site.visit(CHAIR)
    clara.get(f"/cases/{ended.code}")
    assert "Ask to erase the file before its time" in clara.text()
    reviewed(site, ended)
    paula = site.visit(OFFICER)
    paula.get("/erasures")
    assert ended.code in paula.text()
    assert "waits for the officer" in paula.text()
    assert FORM["reason"] not in paula.text()


def test_list_that_is_too_long_shows_what_waits_and_then_the_newest(
    site: Site, ended: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = site.application.clock.now()
    with site.application.database.transaction() as session:
        anna = site._account(session, "intake.anna").id
        instance = session.scalars(
            select(ProcessInstance.id).where(ProcessInstance.case_id == ended.id)
        ).first()
        place = {"case_id": ended.id, "instance_id": instance, "ground": "period_over"}
        kept = {"outcome": "keep", "reviewed_by_id": anna, "neutral_words": "Needed."}
        for number, days in ((1, 20), (2, 30), (3, 10)):
            at = now - timedelta(days=days)
            session.add(ErasureRound(**place, **kept, number=number, reviewed_at=at))
        asked = {"asked_by_id": anna, "asked_at": now - timedelta(days=90)}
        session.add(ErasureRound(**place, **asked, number=4))
    monkeypatch.setattr(erasure, "MOST", 3)
    with site.application.database.reading() as session:
        found = erasure.rounds(session, site._account(session, OFFICER))
    assert [row.number for row, _ in found] == [4, 3, 1]


def test_officer_has_no_step_of_an_unfounded_report_that_lapses(site: Site) -> None:
    case = played(site, "intake_unfounded")
    later(site, days=31)
    assert state(site, case) == CaseState.ERASED.value
    with site.application.database.reading() as session:
        assert session.scalars(select(ErasureRound)).all() == []
        assert session.scalars(select(Incident).where(Incident.state != "resolved")).all() == []


def test_words_of_a_round_are_sealed(site: Site, ended: Case) -> None:
    reviewed(site, ended)
    with site.application.database.reading() as session:
        columns = "legal_basis, reason, neutral_words"
        stored = session.execute(text(f"SELECT {columns} FROM erasure_round")).one()  # noqa: S608
        assert all(NEUTRAL.encode() not in bytes(value) for value in stored)
