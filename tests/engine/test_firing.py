"""M4, R6, R15: timers of many cases fire in one commit, and none stands in another's way."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event, func, select, update

from engine import agenda, due, firing
from engine.lock import AloneError, before_another, lock_instance
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


def fired(desk: Desk) -> list[UUID]:
    with desk.application.database.reading() as session:
        return [UUID(one) for one in session.scalars(select(AuditEntry.subject).where(FIRED))]


def test_timers_of_many_cases_fire_in_one_commit(desk: Desk) -> None:
    cases = waiting(desk, 5)
    commits: list[object] = []
    note = commits.append
    ids = timers(desk)
    event.listen(desk.application.database.worker, "commit", note)
    result = firing.fire(desk.application, ids)
    event.remove(desk.application.database.worker, "commit", note)
    assert sorted(result.done) == sorted(timers(desk)) == sorted(fired(desk))
    assert len(commits) == 1
    assert [desk.owed(case) for case in cases] == [["ask"]] * 5


def test_statements_of_many_are_hardly_more_than_those_of_one(desk: Desk) -> None:
    """Only the row of each instance is written by itself: a commit counts on its revision."""
    waiting(desk, 9)
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        sent.append(statement)

    ids = timers(desk)
    event.listen(desk.application.database.worker, "before_cursor_execute", note)
    firing.fire(desk.application, ids[:1])
    alone = len(sent)
    firing.fire(desk.application, ids[1:])
    event.remove(desk.application.database.worker, "before_cursor_execute", note)
    assert len(sent) - alone <= alone + 7


def test_one_that_fails_leaves_nothing_of_any_and_then_keeps_none_waiting(desk: Desk) -> None:
    cases = waiting(desk, 4)
    spoiled = cases[2]
    with desk.application.database.transaction() as session:
        row = session.scalars(
            select(ProcessInstance).where(ProcessInstance.case_id == spoiled)
        ).one()
        row.blob = row.blob[:-1] + bytes([row.blob[-1] ^ 1])
    with pytest.raises(Exception, match="state"):
        firing.fire(desk.application, timers(desk))
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
    ids = timers(desk)
    result = firing.fire(desk.application, ids)
    assert len(result.done) == 2
    assert len(result.later) == 1
    assert not result.held
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
        result = firing.fire(desk.application, timers(desk))
        assert (len(result.done), len(result.held)) == (2, 1)
        assert desk.owed(cases[0]) == []
    assert firing.fire(desk.application, result.held).done == result.held
    assert desk.owed(cases[0]) == ["ask"]


def test_timer_that_is_done_or_early_is_neither_fired_nor_a_fault(desk: Desk) -> None:
    cases = waiting(desk, 3)
    done, early, due_now = timers(desk)
    with desk.application.database.transaction() as session:
        session.execute(update(Timer).where(Timer.id == done).values(state="fired"))
        later = desk.clock.now() + timedelta(days=1)
        session.execute(update(Timer).where(Timer.id == early).values(due_at=later))
    result = firing.fire(desk.application, [done, early, due_now])
    assert (result.done, result.held, result.later) == ([due_now], [], [])
    assert sum(len(desk.owed(case)) for case in cases) == 1


def test_turn_that_needs_a_further_case_is_taken_alone(desk: Desk) -> None:
    """Whoever holds many locks and waits for one more would soon wait in a ring."""
    cases = waiting(desk, 2)
    database = desk.application.database
    with database.reading() as session:
        wanted = select(ProcessInstance.id).where(ProcessInstance.case_id == cases[1])
        further = session.scalars(wanted).one()
    with database.transaction() as session:
        firing.lock_timers(session, timers(desk))
        with pytest.raises(AloneError):
            lock_instance(session, further)
    with database.transaction() as session:
        firing.lock_timers(session, timers(desk)[:1])
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
