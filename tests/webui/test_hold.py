"""A legal hold keeps a file from being erased; two persons set it and two lift it (S15)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from engine import due, hold
from engine.models import (
    AuditEntry,
    Base,
    Case,
    CaseKey,
    CaseState,
    Incident,
    LegalHold,
    Note,
    Signal,
    WorkItem,
    WorkItemState,
)
from engine.models.sealed import ERASED, Sealed
from engine.verification import verify
from tests.authz.stage import SEALED, _take, _world
from tests.webui.site import Site, Visitor
from tests.webui.story import tell

REASON = "The court wants the file to be kept until it has decided."
FORM = {"ground": "court_order", "reference": "C/12/2026", "reason": REASON}
OFFICER, HEAD, CHAIR = "privacy.paula", "head.greta", "chair.clara"


@pytest.fixture
def unfounded(site: Site) -> Case:
    """A sealed, unfounded report that is erased in thirty days."""
    import tomllib

    from engine.settings import ROOT

    story = tomllib.loads((ROOT / "processes/scenarios/intake_unfounded.toml").read_text())
    world = _world(site)
    for step in story["step"]:
        if step.keys() & {"start"} or step.get("do") in SEALED:
            _take(world, step)
    return read(site, world._case_id)


def read(site: Site, case_id: Any) -> Case:
    with site.application.database.reading() as session:
        return session.get_one(Case, case_id)


def one(site: Site, table: Any, *conditions: Any) -> Any:
    with site.application.database.reading() as session:
        return session.scalars(select(table).where(*conditions)).unique().one()


def later(site: Site, **how_long: int) -> None:
    clock: Any = site.application.clock
    clock.advance(timedelta(**how_long))
    due.run_due(site.application)


def ask(visitor: Visitor, code: str, **other: str) -> str:
    answer = visitor.post("/holds/new", {"code": code, **FORM, **other})
    assert answer.status_code == 302, visitor.text()
    return answer.headers["Location"]


def set_hold(site: Site, case: Case, first: str = HEAD, second: str = OFFICER, **other: str) -> str:
    address = ask(site.visit(first), case.code, **other)
    assert site.visit(second).post(f"{address}/agreement").status_code == 302
    assert one(site, LegalHold, LegalHold.lifted_at.is_(None)).agreed_at is not None
    return address


def lift(site: Site, address: str, first: str = OFFICER, second: str = HEAD) -> None:
    assert (
        site.visit(first).post(f"{address}/lifting", {"lift_reason": "Decided."}).status_code == 302
    )
    assert site.visit(second).post(f"{address}/lifting/agreement").status_code == 302
    assert one(site, LegalHold).lifted_at is not None


def test_hold_wins_over_the_erasure_and_the_erasure_goes_on_after_the_lifting(
    site: Site, unfounded: Case
) -> None:
    address = set_hold(site, unfounded)
    later(site, days=31)
    assert read(site, unfounded.id).state == CaseState.SEALED.value
    waits = one(site, WorkItem, WorkItem.state == WorkItemState.OPEN.value)
    assert (waits.element_id, waits.role) == ("look_after_hold", "desk_head")
    assert waits.due_at > site.application.clock.now()
    assert waits.escalate_to == "accountable_person"
    later(site, days=5 * 365)
    assert read(site, unfounded.id).state == CaseState.SEALED.value
    assert one(site, Signal).text
    assert one(site, WorkItem, WorkItem.id == waits.id).escalated_at is not None
    lift(site, address)
    assert read(site, unfounded.id).state == CaseState.ERASED.value
    assert one(site, CaseKey, CaseKey.case_id == unfounded.id).wrapped is None
    held = one(site, LegalHold)
    assert (held.reference, held.reason, held.lift_reason) == ("", "", None)
    with site.application.database.reading() as session:
        assert verify(session).breaks == []
        events = session.scalars(
            select(AuditEntry.event)
            .where(AuditEntry.event.like("case:hold:%"))
            .order_by(AuditEntry.sequence)
        ).all()
    assert events == ["case:hold:ask", "case:hold:set", "case:hold:ask_lift", "case:hold:lift"]


def test_look_at_a_held_file_comes_back_until_the_hold_is_lifted(
    site: Site, unfounded: Case
) -> None:
    set_hold(site, unfounded)
    later(site, days=31)
    waits = one(site, WorkItem, WorkItem.state == WorkItemState.OPEN.value)
    greta = site.visit(HEAD)
    assert greta.get(f"/work/{waits.id}").status_code == 200
    assert "Look after the held file" in greta.text()
    form = {"hold_note": "The court answered: it is still needed.", "_key": greta.hidden("_key")}
    assert greta.post(f"/work/{waits.id}", form).status_code == 302, greta.text()
    again = one(site, WorkItem, WorkItem.state == WorkItemState.OPEN.value)
    assert (again.element_id, again.id != waits.id) == ("look_after_hold", True)
    assert one(site, Note, Note.kind == "hold").text == "The court answered: it is still needed."


def test_hold_is_not_set_nor_lifted_by_one_person_or_two_of_a_kind(site: Site) -> None:
    case = site.report()
    address = ask(site.visit(HEAD), case.code)
    for username in (HEAD, CHAIR):
        site.visit(username).post(f"{address}/agreement")
        assert one(site, LegalHold).agreed_at is None
    site.visit(OFFICER).post(f"{address}/agreement")
    assert one(site, LegalHold).agreed_at is not None
    paula = site.visit(OFFICER)
    paula.post(f"{address}/lifting", {"lift_reason": "Not needed."})
    paula.post(f"{address}/lifting/agreement")
    paula.get(address)
    assert "decides whether it is lifted" in paula.text()
    assert one(site, LegalHold).lifted_at is None
    site.visit(CHAIR).post(f"{address}/lifting/refusal")
    assert one(site, LegalHold).lift_asked_at is None


def test_request_without_an_answer_postpones_the_erasure_and_lapses(
    site: Site, unfounded: Case
) -> None:
    later(site, days=28)
    ask(site.visit(OFFICER), unfounded.code)
    later(site, days=3)
    assert read(site, unfounded.id).state == CaseState.SEALED.value
    assert one(site, Incident, Incident.key.like("hold:%")).owner_role == "desk_head"
    later(site, days=5)
    assert one(site, LegalHold).declined_at is not None
    assert read(site, unfounded.id).state == CaseState.ERASED.value


def test_declined_request_keeps_nothing(site: Site, unfounded: Case) -> None:
    address = ask(site.visit(OFFICER), unfounded.code)
    site.visit(HEAD).post(f"{address}/refusal")
    later(site, days=31)
    assert read(site, unfounded.id).state == CaseState.ERASED.value


def test_officer_is_called_on_the_day_of_review(site: Site) -> None:
    case = site.report()
    day = (site.application.clock.now() + timedelta(days=40)).date().isoformat()
    set_hold(site, case, review_on=day)
    later(site, days=39)
    calls = Incident.key.like("hold_review:%")
    with site.application.database.reading() as session:
        assert session.scalars(select(Incident).where(calls)).all() == []
    later(site, days=1)
    assert one(site, Incident, calls).owner_role == "dpo"
    lift(site, f"/holds/{one(site, LegalHold).id}")
    assert one(site, Incident, calls).state == "resolved"


LIFT = (
    "UPDATE legal_hold SET lift_asked_by_id = {}, lift_asked_part = 'function', lift_asked_at = "
    "asked_at, lifted_by_id = asked_by_id, lifted_part = 'dpo', lifted_at = asked_at"
)
SQL = (
    "UPDATE casework_case SET state = 'erased'",
    "UPDATE case_key SET wrapped = NULL, destroyed_at = created_at",
    "DELETE FROM case_key",
    "DELETE FROM signal",
    "DELETE FROM legal_hold",
    "UPDATE legal_hold SET agreed_at = NULL, agreed_by_id = NULL, agreed_part = NULL",
    LIFT.format("asked_by_id"),
    LIFT.format("agreed_by_id"),
)


@pytest.mark.parametrize("statement", SQL)
def test_database_refuses_by_itself_what_a_hold_forbids(site: Site, statement: str) -> None:
    set_hold(site, site.report())
    database = site.application.database
    with pytest.raises(DBAPIError, match=r"hold|lifted|stays"), database.transaction() as session:
        session.execute(text(statement))


def test_database_refuses_a_hold_of_one_person_or_of_none_who_may(site: Site) -> None:
    case, database = site.report(), site.application.database
    now = site.application.clock.now()
    with database.reading() as session:
        ids = {name: site._account(session, name).id for name in (OFFICER, HEAD, CHAIR)}
    common = {"case_id": case.id, "ground": "court_order", "reference": "r", "reason": "r"}
    common |= {"asked_at": now, "answer_by": now, "agreed_at": now}
    for first, first_part, second, second_part in (
        (HEAD, "function", HEAD, "dpo"),
        (HEAD, "function", CHAIR, "dpo"),
        (HEAD, "function", CHAIR, "function"),
        (OFFICER, "dpo", OFFICER, "function"),
        (OFFICER, "function", HEAD, "dpo"),
    ):
        with pytest.raises(DBAPIError), database.transaction() as session:
            session.add(
                LegalHold(
                    **common,
                    asked_by_id=ids[first],
                    asked_part=first_part,
                    agreed_by_id=ids[second],
                    agreed_part=second_part,
                )
            )


def test_operator_refuses_too_where_a_drawing_forgets_to_ask(site: Site) -> None:
    from types import SimpleNamespace

    from engine.errors import OperatorError
    from tasks.retention import Ground, erase_case

    case = site.report()
    set_hold(site, case)
    with site.application.database.reading() as session:
        found = session.get_one(Case, case.id)
        found.state = CaseState.ENDED.value
        turn: Any = SimpleNamespace(session=session, case=found, now=site.application.clock.now())
        with pytest.raises(OperatorError, match="legal hold"):
            erase_case(turn, Ground("other"))
        session.rollback()


def test_page_of_holds_does_not_exist_for_others_and_shows_no_content(site: Site) -> None:
    case = tell(site, "intake_to_multi_agency")
    address = set_hold(site, case)
    for username in ("intake.anna", "police.peter", "operator.otto", "content.emma"):
        visitor = site.visit(username)
        for path in ("/holds", "/holds/new", address):
            assert visitor.get(path).status_code == 404, (username, path)
        assert visitor.post(f"{address}/lifting", {"lift_reason": "x"}).status_code == 404
    for username in (OFFICER, HEAD, "mayor.fatima"):
        visitor = site.visit(username)
        visitor.get(address)
        assert REASON in visitor.text()
        assert "Person A" not in visitor.text()
    clara = site.visit(CHAIR)
    clara.get(f"/cases/{case.code}")
    assert "legal hold kept from erasure since" in clara.text()
    assert REASON not in clara.text()
    paula = site.visit(OFFICER)
    paula.get("/data-protection")
    assert "1 file is kept from erasure" in paula.text()


def test_hold_answers_alike_for_codes_that_nobody_has(site: Site, unfounded: Case) -> None:
    later(site, days=31)
    said = []
    for code in (unfounded.code, "2222-2222"):
        greta = site.visit(HEAD)
        assert greta.post("/holds/new", {"code": code, **FORM}).status_code == 422
        said.append(greta.text().replace(code, ""))
    assert said[0] == said[1]
    assert hold.UNKNOWN in said[0]


@pytest.mark.parametrize(
    ("field", "value"),
    [("ground", "whim"), ("reference", ""), ("reason", ""), ("review_on", "2020-01-01")],
)
def test_form_of_a_hold_names_what_to_mend(site: Site, field: str, value: str) -> None:
    case, greta = site.report(), site.visit(HEAD)
    answer = greta.post("/holds/new", {"code": case.code, **FORM, field: value})
    assert answer.status_code == 422
    assert greta.page is not None
    assert greta.page.xpath(f"//a[@href='#{field}']")


def test_words_of_a_hold_are_not_written_past_the_seal(site: Site) -> None:
    set_hold(site, site.report())
    with site.application.database.reading() as session:
        stored = session.execute(text("SELECT reason, reference FROM legal_hold")).one()
    assert all(REASON.encode() not in bytes(value) for value in stored)
    with (
        pytest.raises(Exception, match="row by row"),
        site.application.database.transaction() as session,
    ):
        session.execute(update(LegalHold).values(reason="plain"))


def test_nothing_of_a_case_is_left_after_its_time(site: Site, unfounded: Case) -> None:
    """S15: five years later no sealed word of it is stored, its key is destroyed, chains hold."""
    set_hold(site, unfounded)
    lift(site, f"/holds/{one(site, LegalHold).id}")
    with site.application.database.reading() as session:
        before = sealed_cells(session, unfounded)
    assert len({table for table, _ in before}) > 4
    later(site, days=5 * 365)
    with site.application.database.reading() as session:
        assert sealed_cells(session, unfounded) == []
        assert verify(session).breaks == []
    key = one(site, CaseKey, CaseKey.case_id == unfounded.id)
    assert (key.wrapped, key.destroyed_at is not None) == (None, True)


def sealed_cells(session: Any, case: Case) -> list[tuple[str, str]]:
    """Return table and column of every sealed word that is stored of a case."""
    found = []
    for table in Base.metadata.sorted_tables:
        names = [column.name for column in table.columns if isinstance(column.type, Sealed)]
        if names and "case_id" in table.c:
            rows = session.connection().execute(select(table).where(table.c.case_id == case.id))
            found += [
                (table.name, name)
                for row in rows.mappings()
                for name in names
                if row[name] is not None and row[name] != ERASED
            ]
    return found
