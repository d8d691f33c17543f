"""What cannot be done is set aside with an owner and never keeps the rest waiting (R15)."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from engine import agenda, due, job, worklist
from engine.application import Application
from engine.models import Draft, Incident, Job, ProcessInstance, Timer
from tests.engine import small
from tests.engine.desk import Desk
from tests.engine.small import GO_ON, Switch


def _waiting_case(desk: Desk) -> UUID:
    case = desk.open()
    desk.do(case, "ask", "intake.anna", GO_ON)
    desk.do(case, "decide", "intake.bram", GO_ON)
    return case


def _spoil(desk: Desk, case: UUID) -> None:
    """Tear the stored state, as a failing disk or a forger would."""
    with desk.application.database.transaction() as session:
        row = session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case)).one()
        row.blob = row.blob[:-1] + bytes([row.blob[-1] ^ 1])


def _incidents(desk: Desk) -> list[Incident]:
    with desk.application.database.reading() as session:
        return list(session.scalars(select(Incident).order_by(Incident.created_at)))


def test_timer_of_a_torn_state_keeps_no_other_waiting(desk: Desk) -> None:
    spoiled, sound = _waiting_case(desk), _waiting_case(desk)
    _spoil(desk, spoiled)
    desk.clock.set(desk.clock.now() + timedelta(days=31))
    due.run_due(desk.application)
    assert desk.owed(sound) == ["ask"]
    assert [found.case_id for found in _incidents(desk)] == [spoiled]
    desk.pass_time(days=3)
    assert _incidents(desk)[0].state == "waiting_for_owner"


def test_unforeseen_failure_of_an_operator_keeps_the_answer_and_has_an_owner(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def divide(turn: Any, inputs: Any) -> None:
        del turn, inputs
        raise ZeroDivisionError("CANARY")

    from engine import operator

    entry = operator.find("small/work")
    broken = replace(entry, function=divide)
    monkeypatch.setitem(operator._REGISTRY, "small/work", broken)
    case = desk.open()
    desk.do(case, "ask", "intake.anna", GO_ON)
    result = desk.do(case, "decide", "intake.bram", GO_ON)
    assert isinstance(result, worklist.Postponed)
    assert "ZeroDivisionError" in result.message
    assert "CANARY" not in _incidents(desk)[0].message


def test_many_that_cannot_be_done_do_not_hide_the_rest(desk: Desk) -> None:
    """More than one batch of timers that no process waits for, all older than a real one."""
    case = _waiting_case(desk)
    with desk.application.database.transaction() as session:
        row = session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case)).one()
        for number in range(agenda.BATCH + 10):
            session.add(
                Timer(
                    instance_id=row.id,
                    token=f"none-{number}",
                    process_id=row.process_id,
                    element_id="wait",
                    rule="P1D",
                    due_at=desk.clock.now() + timedelta(days=1),
                )
            )
    desk.clock.set(desk.clock.now() + timedelta(days=31))
    due.run_due(desk.application)
    assert desk.owed(case) == ["ask"]
    assert due.run_due(desk.application) == 0


def test_timer_that_was_cancelled_meanwhile_leaves_no_open_incident(desk: Desk) -> None:
    case = _waiting_case(desk)
    _spoil(desk, case)
    desk.clock.set(desk.clock.now() + timedelta(days=31))
    due.run_due(desk.application)
    with desk.application.database.transaction() as session:
        session.execute(update(Timer).values(state="cancelled"))
    desk.pass_time(minutes=2)
    assert _incidents(desk)[0].state == "resolved"
    with desk.application.database.reading() as session:
        assert session.scalars(select(Timer.state)).one() == "cancelled"


def test_timer_is_not_fired_before_its_time_whoever_asks(desk: Desk) -> None:
    _waiting_case(desk)
    with desk.application.database.reading() as session:
        timer = session.scalars(select(Timer)).one()
    assert not due.perform(desk.application, agenda.Due(timer.due_at, "timer", timer.id))
    with desk.application.database.reading() as session:
        assert session.scalars(select(Timer.state)).one() == "waiting"
    assert _incidents(desk) == []


@pytest.fixture
def handlers() -> Iterator[list[str]]:
    """Three kinds of jobs that fail at each of their steps, and one that works."""
    done: list[str] = []

    def fail(*_: Any) -> Any:
        raise ValueError("CANARY")

    def fine(*_: Any) -> Any:
        return None

    def note(*_: Any) -> Any:
        done.append("done")

    before = dict(job._HANDLERS)
    job.register("bad_prepare", job.Handler(fail, fine, fine))
    job.register("bad_perform", job.Handler(fine, fail, fine))
    job.register("bad_finish", job.Handler(fine, fine, fail))
    job.register("good", job.Handler(fine, fine, note))
    yield done
    job._HANDLERS.clear()
    job._HANDLERS.update(before)


def _owe(application: Application, kind: str) -> None:
    with application.database.transaction() as session:
        now = application.now(session)
        session.add(Job(kind=kind, key=str(uuid4()), run_after=now, created_at=now))


@pytest.mark.parametrize("kind", ["bad_prepare", "bad_perform", "bad_finish", "of_no_kind"])
def test_job_that_always_fails_is_bounded_and_others_go_on(
    desk: Desk, handlers: list[str], kind: str
) -> None:
    _owe(desk.application, kind)
    _owe(desk.application, "good")
    due.run_due(desk.application)
    assert handlers == ["done"]
    desk.pass_time(days=5)
    with desk.application.database.reading() as session:
        found = session.scalars(select(Job).where(Job.kind == kind)).one()
    assert found.state == "failed"
    assert found.attempts <= 6
    assert "CANARY" not in (found.last_error or "")
    assert [one.state for one in _incidents(desk)] == ["waiting_for_owner"]


def test_job_that_kills_its_worker_each_time_is_given_up(desk: Desk) -> None:
    _owe(desk.application, "good")
    for _ in range(10):
        with desk.application.database.transaction() as session:
            found = session.scalars(select(Job).where(Job.kind == "good")).one()
            if found.state == "failed":
                break
            found.state, found.attempts = "calling", found.attempts + 1
        desk.clock.set(desk.clock.now() + job.CALL_LIMIT)
        job.reclaim_lost_calls(desk.application)
    assert found.state == "failed"
    assert [one.state for one in _incidents(desk)] == ["waiting_for_owner"]


def _postponed(desk: Desk) -> UUID:
    case = desk.open()
    desk.do(case, "ask", "intake.anna", GO_ON)
    Switch.broken = True
    assert isinstance(desk.do(case, "decide", "intake.bram", GO_ON), worklist.Postponed)
    Switch.broken = False
    return case


def test_retry_sends_what_was_sent_and_not_what_was_typed_since(desk: Desk) -> None:
    case = _postponed(desk)
    with desk.application.database.transaction() as session:
        session.scalars(select(Draft)).one().values = small.STOP
    desk.pass_time(minutes=2)
    assert desk.owed(case) == ["decide"]
    assert _incidents(desk)[0].state == "waiting_for_owner"


def test_retry_of_an_answer_that_is_no_longer_valid_ends(desk: Desk) -> None:
    case = _postponed(desk)
    with desk.application.database.transaction() as session:
        draft, incident = (
            session.scalars(select(Draft)).one(),
            session.scalars(select(Incident)).one(),
        )
        draft.values = {"choice": "gone", "reason": "x"}
        incident.stimulus = {
            **incident.stimulus,
            "answer": worklist.answer_digest(desk.application.settings.state_key, draft.values),
        }
    assert desk.pass_time(minutes=2) < 10
    assert desk.owed(case) == ["decide"]
    assert _incidents(desk)[0].state == "waiting_for_owner"


def test_retry_ends_when_the_step_was_answered_by_hand(desk: Desk) -> None:
    case = _postponed(desk)
    desk.do(case, "decide", "intake.bram", GO_ON)
    with desk.application.database.transaction() as session:
        # As if the answer had come between the look for retries and this one.
        session.execute(update(Incident).values(state="open", retry_at=desk.clock.now()))
    assert due.run_due(desk.application) < 10
    assert [one.state for one in _incidents(desk)] == ["resolved"]
    with desk.application.database.reading() as session:
        assert session.scalars(select(Draft)).all() == []


def test_second_failing_answer_replaces_the_first_in_the_retry(desk: Desk) -> None:
    case = desk.open()
    item = desk.item(case, "ask")
    desk.answer(item, "intake.anna", GO_ON)
    decide = desk.item(case, "decide")
    Switch.broken = True
    desk.answer(decide, "intake.bram", GO_ON, key="one")
    desk.answer(decide, "intake.bram", small.STOP, key="two")
    Switch.broken = False
    desk.pass_time(minutes=10)
    assert desk.owed(case) == []
    assert _incidents(desk)[0].state == "resolved"


def test_worker_goes_on_after_anything(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks import worker

    def explode(*_: Any) -> int:
        raise RuntimeError("CANARY")

    monkeypatch.setattr(due, "run_due", explode)
    assert worker.look(desk.application) == 0
