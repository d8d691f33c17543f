"""The turn: all or nothing, once, and nothing lost."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from engine import agenda, due, inbox, look, verification, worklist
from engine.errors import ConflictError, NotFoundError, SeparationError, StateError
from engine.models import (
    AuditEntry,
    Case,
    CaseMember,
    Document,
    Draft,
    Episode,
    FormSubmission,
    InboxMessage,
    Incident,
    Job,
    ProcessInstance,
    StepHistory,
    Timer,
)
from tests.conftest import listening
from tests.engine.desk import Desk
from tests.engine.small import GO_ON, STOP, Switch

FIRED = AuditEntry.event == "case:timer:fire"


def test_turn_leads_from_the_signal_to_the_first_step(desk: Desk) -> None:
    case = desk.open()
    assert desk.owed(case) == ["ask"]
    item = desk.item(case, "ask")
    assert item.role == "intake_desk"
    assert item.desk
    assert (item.due_at - desk.clock.now()).days == 7
    assert item.remind_at is not None
    assert (item.due_at - item.remind_at).days == 2


def test_turn_keeps_answers_out_of_the_process_state(desk: Desk) -> None:
    case = desk.open()
    desk.do(case, "ask", "intake.anna", {"choice": "go_on", "reason": "CANARY-71"})
    with desk.application.database.reading() as session:
        row = session.scalars(select(ProcessInstance)).one()
        assert b"CANARY-71" not in row.blob
        assert b"go_on" in row.blob
        submission = session.scalars(select(FormSubmission)).one()
        assert submission.values["reason"] == "CANARY-71"


def test_turn_refuses_a_bad_answer_with_all_errors_and_stores_nothing(desk: Desk) -> None:
    case = desk.open()
    result = desk.do(case, "ask", "intake.anna", {"choice": "fly"})
    assert isinstance(result, worklist.Refused)
    assert {error.label for error in result.errors} == {"What now?", "Why?"}
    with desk.application.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(FormSubmission)) == 0
    assert desk.owed(case) == ["ask"]


def test_turn_tells_the_second_who_was_first(desk: Desk) -> None:
    case = desk.open()
    item = desk.item(case, "ask")
    desk.answer(item, "intake.anna", GO_ON)
    with pytest.raises(ConflictError, match="Anna Visser has already answered"):
        desk.answer(item, "intake.bram", STOP)


def test_turn_gives_the_first_result_to_a_double_click(desk: Desk) -> None:
    case = desk.open()
    item = desk.item(case, "ask")
    first = desk.answer(item, "intake.anna", GO_ON, key="k1")
    second = desk.answer(item, "intake.anna", GO_ON, key="k1")
    assert not first.repeated
    assert second.repeated
    with desk.application.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(FormSubmission)) == 1


def test_turn_lets_one_of_many_at_the_same_instant_win(desk: Desk) -> None:
    case = desk.open()
    item = desk.item(case, "ask")

    def attempt(number: int) -> str:
        try:
            desk.answer(
                item, "intake.anna" if number % 2 else "intake.bram", GO_ON, key=f"{number}"
            )
        except ConflictError:
            return "late"
        return "won"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(16)))
    assert sorted(results) == ["late"] * 15 + ["won"]
    assert desk.owed(case) == ["decide"]


def test_turn_looks_like_nothing_to_a_stranger(desk: Desk) -> None:
    case = desk.open()
    with pytest.raises(NotFoundError):
        desk.do(case, "ask", "police.peter", GO_ON)


def test_turn_refuses_the_same_person_for_two_steps_kept_apart(desk: Desk) -> None:
    case = desk.open()
    desk.do(case, "ask", "intake.anna", GO_ON)
    with pytest.raises(SeparationError, match="Ask"):
        desk.do(case, "decide", "intake.anna", GO_ON)
    desk.do(case, "decide", "intake.bram", GO_ON)
    assert desk.owed(case) == []


def test_turn_leaves_nothing_behind_when_an_operator_fails(desk: Desk) -> None:
    case = desk.open()
    desk.do(case, "ask", "intake.anna", GO_ON)
    Switch.broken = True
    result = desk.do(case, "decide", "intake.bram", GO_ON)
    assert isinstance(result, worklist.Postponed)
    assert desk.owed(case) == ["decide"]
    with desk.application.database.reading() as session:
        incident = session.scalars(select(Incident)).one()
        assert incident.owner_role == "desk_head"
        assert incident.retry_at is not None
        assert session.scalars(select(Draft)).one().values["choice"] == "go_on"
        done = session.scalars(select(AuditEntry.event)).all()
        assert "small:work:do" not in done
        assert session.scalar(select(func.count()).select_from(FormSubmission)) == 1


def test_turn_retries_a_kept_answer_until_it_goes_through(desk: Desk) -> None:
    case = desk.open()
    desk.do(case, "ask", "intake.anna", GO_ON)
    Switch.broken = True
    desk.do(case, "decide", "intake.bram", GO_ON)
    desk.pass_time(minutes=2)
    assert desk.owed(case) == ["decide"]
    Switch.broken = False
    desk.pass_time(minutes=10)
    assert desk.owed(case) == []
    with desk.application.database.reading() as session:
        assert session.scalars(select(Incident)).one().state == "resolved"


def test_turn_stops_retrying_and_waits_for_the_owner(desk: Desk) -> None:
    case = desk.open()
    desk.do(case, "ask", "intake.anna", GO_ON)
    Switch.broken = True
    desk.do(case, "decide", "intake.bram", GO_ON)
    desk.pass_time(days=3)
    with desk.application.database.reading() as session:
        incident = session.scalars(select(Incident)).one()
        assert incident.state == "waiting_for_owner"
        assert incident.attempts == 6


def test_timer_fires_once_and_on_time(desk: Desk) -> None:
    case = desk.open()
    desk.do(case, "ask", "intake.anna", GO_ON)
    desk.do(case, "decide", "intake.bram", GO_ON)
    desk.pass_time(days=29)
    assert desk.owed(case) == []
    desk.pass_time(days=1, hours=1)
    assert desk.owed(case) == ["ask"]
    with desk.application.database.reading() as session:
        timer = session.scalars(select(Timer)).one()
        assert timer.state == "fired"
    assert due.run_due(desk.application) == 0


def test_timer_fires_once_under_many_schedulers(desk: Desk) -> None:
    case = desk.open()
    desk.do(case, "ask", "intake.anna", GO_ON)
    desk.do(case, "decide", "intake.bram", GO_ON)
    due.run_due(desk.application)
    with desk.application.database.reading() as session:
        timer = session.scalars(select(Timer)).one()
    desk.clock.set(timer.due_at)
    found = agenda.Due(timer.due_at, "timer", timer.id)
    with ThreadPoolExecutor(4) as pool:
        fired = sum(pool.map(lambda _: due.perform(desk.application, found), range(8)))
    assert fired == 1
    with desk.application.database.reading() as session:
        asked = session.scalars(select(StepHistory).where(StepHistory.element_id == "wait")).all()
        assert len(asked) == 1


def test_worker_that_meets_another_goes_on_with_what_is_free(desk: Desk) -> None:
    """M4: and takes up at the next look what the other has left."""
    database = desk.application.database
    cases = [desk.open() for _ in range(4)]
    for case in cases:
        desk.do(case, "ask", "intake.anna", GO_ON)
        desk.do(case, "decide", "intake.bram", GO_ON)
    due.run_due(desk.application)
    desk.clock.set(desk.clock.now() + timedelta(days=31))
    if database.is_sqlite:
        assert due.run_due(desk.application) >= len(cases)
        return
    with database.transaction() as other:
        other.scalar(select(Case).where(Case.id == cases[0]).with_for_update(of=Case))
        due.run_due(desk.application)
        assert [desk.owed(case) for case in cases] == [[], ["ask"], ["ask"], ["ask"]]
    due.run_due(desk.application)
    assert desk.owed(cases[0]) == ["ask"]
    with database.reading() as session:
        fired = session.scalars(select(AuditEntry.subject).where(FIRED)).all()
        assert len(fired) == len(set(fired)) == len(cases)


def test_part_of_what_is_due_keeps_the_order_of_a_step() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    kinds: tuple[agenda.Kind, ...] = ("reminder", "escalation")
    owed = [
        agenda.Due(at + timedelta(days=day), kind, UUID(int=number))
        for day, kind in enumerate(kinds)
        for number in range(2 * agenda.BATCH)
    ]
    part = look.part(owed)
    assert len(part) == 2 * agenda.BATCH
    assert part == sorted(part)
    assert set(Counter(one.id for one in part).values()) == {2}


def test_part_of_what_is_due_takes_up_first_what_is_owed_the_longest() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    timers = [agenda.Due(at, "timer", UUID(int=number)) for number in range(3)]
    later = at + timedelta(seconds=1)
    mails = [agenda.Due(later, "job", UUID(int=100 + number)) for number in range(400)]
    assert look.part([*timers, *mails]) == timers
    assert len(look.part(mails)) == agenda.BATCH


def test_due_reminds_and_escalates_once(desk: Desk) -> None:
    case = desk.open()
    desk.pass_time(days=6)
    assert desk.item(case, "ask").reminded_at is not None
    assert desk.item(case, "ask").escalated_at is None
    desk.pass_time(days=2)
    assert desk.item(case, "ask").escalated_at is not None
    with desk.application.database.reading() as session:
        keys = session.scalars(select(Job.key).where(Job.kind == "notice")).all()
    kinds = sorted(key.split(":")[0] for key in keys)
    assert kinds == ["work_item_new", "work_item_overdue", "work_item_reminder"]
    desk.do(case, "ask", "head.greta", GO_ON)


def test_inbox_delivers_when_somebody_waits_again_and_again(desk: Desk) -> None:
    case = desk.open()
    anna = desk.account("intake.anna").id
    for number in range(3):
        posted = inbox.post_event(
            desk.application, case, anna, "new_information", "Heard.", key=f"n{number}"
        )
        assert posted.delivered
    assert desk.owed(case) == ["ask", "triage", "triage", "triage"]


def test_inbox_keeps_what_nobody_waits_for(desk: Desk) -> None:
    case = desk.open()
    anna = desk.account("intake.anna").id
    desk.do(case, "ask", "intake.anna", GO_ON)
    posted = inbox.post_event(desk.application, case, anna, "new_information", "x", key="n1")
    assert not posted.delivered
    with desk.application.database.reading() as session:
        assert [m.name for m in inbox.waiting_messages(session, case)] == ["new_information"]
    desk.do(case, "decide", "intake.bram", GO_ON)
    desk.pass_time(days=31)
    assert desk.owed(case) == ["ask", "triage"]
    with desk.application.database.reading() as session:
        assert inbox.waiting_messages(session, case) == []


def test_inbox_counts_the_same_message_once(desk: Desk) -> None:
    case = desk.open()
    anna = desk.account("intake.anna").id
    for _ in range(2):
        inbox.post_event(desk.application, case, anna, "new_information", "x", key="same")
    with desk.application.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(InboxMessage)) == 1


def test_inbox_of_an_ended_instance_shows_what_was_not_delivered(desk: Desk) -> None:
    case = desk.open()
    anna = desk.account("intake.anna").id
    desk.do(case, "ask", "intake.anna", GO_ON)
    inbox.post_event(desk.application, case, anna, "new_information", "x", key="late")
    desk.do(case, "decide", "intake.bram", STOP)
    desk.pass_time(days=31)
    with desk.application.database.reading() as session:
        assert session.scalars(select(ProcessInstance.status)).one() == "ended"
        assert session.scalars(select(InboxMessage.state)).one() == "void"


def test_turn_makes_who_completed_a_member_and_keeps_the_chain(desk: Desk) -> None:
    case = desk.open()
    inbox_item = desk.account("intake.anna").id
    inbox.post_event(desk.application, case, inbox_item, "new_information", "x", key="m")
    desk.do(case, "triage", "chair.clara", GO_ON)
    with desk.application.database.reading() as session:
        functions = session.scalars(
            select(CaseMember.function).where(
                CaseMember.account_id == desk.account("chair.clara").id
            )
        ).all()
        assert list(functions) == ["chair"]
        found = verification.verify(session)
        assert found.entries > 3
        assert found.breaks == []


def test_turn_refuses_a_state_that_was_tampered_with(desk: Desk) -> None:
    case = desk.open()
    with desk.application.database.transaction() as session:
        row = session.scalars(select(ProcessInstance)).one()
        row.blob = row.blob[:-1] + bytes([row.blob[-1] ^ 1])
    with pytest.raises(StateError):
        desk.do(case, "ask", "intake.anna", GO_ON)


@contextmanager
def counted(desk: Desk) -> Iterator[dict[str, int]]:
    found = {"statements": 0, "commits": 0}

    def statement(*_: object) -> None:
        found["statements"] += 1

    def commit(_: object) -> None:
        found["commits"] += 1

    with listening(desk.application.database, before_cursor_execute=statement, commit=commit):
        yield found


def _state_size(desk: Desk, case: UUID) -> int:
    with desk.application.database.reading() as session:
        row = session.scalars(
            select(ProcessInstance).join(Episode).where(Episode.case_id == case)
        ).one()
        return len(row.blob)


def test_turn_stays_within_its_statements_and_one_commit(desk: Desk) -> None:
    """M1b on the small model; tests/processes holds the gate on the shipped lifecycle."""
    case = desk.open()
    item = desk.item(case, "ask")
    account = desk.account("intake.anna")
    with counted(desk) as found:
        worklist.complete(desk.application, item.id, account.id, GO_ON, "key-1")
    assert found["commits"] == 1
    assert found["statements"] <= 15, found
    assert _state_size(desk, case) <= 4096


def test_turn_keeps_files_as_documents_of_the_case(desk: Desk) -> None:
    from engine.form import Upload

    case = desk.open()
    answers = {**GO_ON, "letter": [Upload("letter.txt", b"Dear all,")]}
    result = desk.do(case, "ask", "intake.anna", answers)
    assert isinstance(result, worklist.Completed), result
    with desk.application.database.reading() as session:
        kept = session.scalars(select(Document)).one()
        assert (kept.name, kept.media_type, kept.size) == ("letter.txt", "text/plain", 9)
        assert b"Dear" not in session.scalars(select(ProcessInstance)).one().blob
