"""M4, R6, R15: timers of many cases fire in one commit, and none stands in another's way."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, func, select, text, update
from sqlalchemy.orm import Session

from engine import agenda, due, firing, lock
from engine.lock import (
    AloneError,
    LockedTimer,
    before_another,
    lock_instance,
    lock_oldest_timers,
)
from engine.models import AuditEntry, Case, Incident, ProcessInstance, Timer
from tests.engine.desk import Desk
from tests.engine.small import GO_ON

FIRED = AuditEntry.event == "case:timer:fire"
MONTH = timedelta(days=31)


def waiting(desk: Desk, number: int) -> list[UUID]:
    """Open so many cases that wait for a timer; it is due afterwards."""
    found = [desk.open() for _ in range(number)]
    for case in found:
        desk.do(case, "ask", "intake.anna", GO_ON)
        desk.do(case, "decide", "intake.bram", GO_ON)
    due.run_due(desk.application)
    desk.clock.set(desk.clock.now() + MONTH)
    return found


def timers(desk: Desk) -> list[UUID]:
    with desk.application.database.reading() as session:
        return list(session.scalars(select(Timer.id).order_by(Timer.due_at, Timer.id)))


def ids_of(found: Iterable[LockedTimer]) -> list[UUID]:
    return [timer.id for timer in found]


def fired(desk: Desk) -> list[UUID]:
    with desk.application.database.reading() as session:
        return [UUID(one) for one in session.scalars(select(AuditEntry.subject).where(FIRED))]


def test_timers_of_many_cases_fire_in_one_commit(desk: Desk) -> None:
    cases = waiting(desk, 5)
    commits: list[object] = []
    note = commits.append
    event.listen(desk.application.database.worker, "commit", note)
    result = firing.fire_oldest(desk.application, desk.clock.now())
    event.remove(desk.application.database.worker, "commit", note)
    assert sorted(ids_of(result.done)) == sorted(timers(desk)) == sorted(fired(desk))
    assert len(commits) == 1
    assert [desk.owed(case) for case in cases] == [["ask"]] * 5


def test_statements_of_many_are_hardly_more_than_those_of_one(desk: Desk) -> None:
    waiting(desk, 9)
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        sent.append(statement)

    event.listen(desk.application.database.worker, "before_cursor_execute", note)
    assert firing.fire(desk.application, timers(desk)[0])
    alone = len(sent)
    assert len(firing.fire_oldest(desk.application, desk.clock.now()).done) == 8
    event.remove(desk.application.database.worker, "before_cursor_execute", note)
    assert len(sent) - alone <= alone + 1


def test_one_that_fails_leaves_nothing_of_any_and_then_keeps_none_waiting(desk: Desk) -> None:
    cases = waiting(desk, 4)
    spoiled = cases[2]
    with desk.application.database.transaction() as session:
        row = session.scalars(
            select(ProcessInstance).where(ProcessInstance.case_id == spoiled)
        ).one()
        row.blob = row.blob[:-1] + bytes([row.blob[-1] ^ 1])
    with pytest.raises(firing.TogetherError) as caught:
        firing.fire_oldest(desk.application, desk.clock.now())
    assert sorted(ids_of(caught.value.timers)) == sorted(timers(desk))
    assert "state" in str(caught.value.__cause__)
    assert fired(desk) == []
    due.run_due(desk.application)
    assert len(fired(desk)) == len(set(fired(desk))) == 3
    assert [desk.owed(case) for case in cases] == [["ask"], ["ask"], [], ["ask"]]
    with desk.application.database.reading() as session:
        assert session.scalars(select(Incident.case_id)).all() == [spoiled]


def test_second_timer_of_a_case_waits_for_the_first(desk: Desk) -> None:
    case, other = waiting(desk, 2)
    with desk.application.database.transaction() as session:
        row = session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case)).one()
        at = desk.clock.now() - timedelta(hours=1)
        one = {"process_id": row.process_id, "element_id": "wait", "rule": "P1D", "due_at": at}
        session.add(Timer(instance_id=row.id, token="another", **one))
    result = firing.fire_oldest(desk.application, desk.clock.now())
    assert len(result.done) == len(result.taken) == 2
    assert desk.owed(case) == desk.owed(other) == ["ask"]
    # The worker takes it up in the same look: no process waits for it, so it gets an owner.
    due.run_due(desk.application)
    with desk.application.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Incident)) == 1


@pytest.mark.postgres
def test_held_cases_are_left_and_the_others_fire(desk: Desk) -> None:
    database = desk.application.database
    if database.is_sqlite:
        pytest.skip("SQLite has one lock for all")
    cases = waiting(desk, 3)
    with database.transaction() as other:
        other.scalar(select(Case).where(Case.id == cases[0]).with_for_update(of=Case))
        result = firing.fire_oldest(desk.application, desk.clock.now())
        assert len(result.done) == len(result.taken) == 2
        assert not firing.fire_oldest(desk.application, desk.clock.now()).taken
        (held,) = set(timers(desk)) - set(ids_of(result.done))
        assert not firing.fire(desk.application, held)
        assert desk.owed(cases[0]) == []
    assert firing.fire(desk.application, held)
    assert desk.owed(cases[0]) == ["ask"]


@pytest.mark.postgres
def test_workers_at_the_same_timers_take_different_ones(desk: Desk) -> None:
    """The second takes the next oldest, not a part by chance and not those of the first."""
    database = desk.application.database
    if database.is_sqlite:
        pytest.skip("SQLite has one lock for all")
    waiting(desk, 7)
    until = desk.clock.now()
    with database.transaction() as session:
        for minutes, one in enumerate(timers(desk)):
            at = until - timedelta(minutes=30 - minutes)
            session.execute(update(Timer).where(Timer.id == one).values(due_at=at))
    with database.transaction() as first, database.transaction() as second:
        one = lock_oldest_timers(first, until, 3)
        other = lock_oldest_timers(second, until, 3)
    assert ids_of([*one, *other]) == timers(desk)[:6]


def test_what_is_owed_is_read_from_the_indexes_of_what_is_owed(desk: Desk) -> None:
    """M4: neither the look nor the lock may read what was done years ago or waits for years."""
    waiting(desk, 2)
    database = desk.application.database
    sent: list[tuple[str, Any]] = []

    def note(_c: object, _k: object, statement: str, values: Any, *_: object) -> None:
        sent.append((statement, values))

    event.listen(database.worker, "before_cursor_execute", note)
    with database.reading() as session:
        agenda.find_due(session, desk.clock.now())
    with database.transaction() as session:
        assert lock_oldest_timers(session, desk.clock.now(), 20)
    event.remove(database.worker, "before_cursor_execute", note)
    owed, locks = (one for one in sent if "LIMIT" in one[0])
    with database.reading() as session:
        if not database.is_sqlite:
            for means in ("seqscan", "sort"):  # else so few rows are read at once and sorted
                session.execute(text(f"SET LOCAL enable_{means} = off"))
        looked, locked = (explained(session, *one) for one in (owed, locks))
    for name in ("timer_due", "work_item_to_remind", "work_item_to_escalate", "incident_to_retry"):
        assert f"ix_{name}" in looked, looked
    assert "ix_timer_due" in locked
    if database.is_sqlite:
        assert not re.findall(r"SCAN (?!anon)", looked + locked)


def explained(session: Session, statement: str, values: Any) -> str:
    lite = session.connection().dialect.name == "sqlite"
    how = "EXPLAIN QUERY PLAN" if lite else "EXPLAIN"
    rows = session.connection().exec_driver_sql(f"{how} {statement}", values)
    return "\n".join(str(row[-1]) for row in rows)


def test_timer_whose_case_was_erased_before_the_lock_is_passed_over(desk: Desk) -> None:
    """Between the look and the lock its holder may have taken the rows away."""
    gone, there = waiting(desk, 2)
    with desk.application.database.transaction() as session:
        (timer,) = session.scalars(
            select(Timer).join(ProcessInstance).where(ProcessInstance.case_id == there)
        )
        cases = {case.id: case for case in session.scalars(select(Case))}
        found = [(cases[gone], uuid4()), (cases[there], timer.id)]
        assert ids_of(lock.locked_of(session, found)) == [timer.id]
        assert lock.locked_of(session, found[:1]) == []


def test_timer_that_is_done_or_early_is_neither_fired_nor_a_fault(desk: Desk) -> None:
    cases = waiting(desk, 3)
    done, early, due_now = timers(desk)
    with desk.application.database.transaction() as session:
        session.execute(update(Timer).where(Timer.id == done).values(state="fired"))
        later = desk.clock.now() + timedelta(days=1)
        session.execute(update(Timer).where(Timer.id == early).values(due_at=later))
    assert [firing.fire(desk.application, one) for one in (done, early)] == [False, False]
    result = firing.fire_oldest(desk.application, desk.clock.now())
    assert ids_of(result.taken) == ids_of(result.done) == [due_now]
    assert sum(len(desk.owed(case)) for case in cases) == 1


def test_turn_that_needs_a_further_case_is_taken_alone(desk: Desk) -> None:
    """Whoever holds many locks and waits for one more would soon wait in a ring."""
    cases = waiting(desk, 2)
    database = desk.application.database
    with database.reading() as session:
        wanted = select(ProcessInstance.id).where(ProcessInstance.case_id == cases[1])
        further = session.scalars(wanted).one()
    with database.transaction() as session:
        assert len(lock_oldest_timers(session, desk.clock.now(), 2)) == 2
        with pytest.raises(AloneError):
            lock_instance(session, further)
    with database.transaction() as session:
        assert len(lock_oldest_timers(session, desk.clock.now(), 1)) == 1
        before_another(session)
        assert lock_instance(session, further).id == further


def test_groups_keep_the_order_and_hold_timers_together(desk: Desk) -> None:
    waiting(desk, 3)
    with desk.application.database.reading() as session:
        found = agenda.find_due(session, desk.clock.now() + MONTH)
    kinds = [one.kind for one in found]
    assert kinds.count("timer") == 3
    groups = list(due.Look().groups(found))
    assert [one for group in groups for one in group] == found
    assert all(len(group) == 1 or {one.kind for one in group} == {"timer"} for group in groups)
    assert max(len(group) for group in groups) == 3
