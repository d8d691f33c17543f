"""Lets diagrams see that their timers are due: each once, and many cases in one commit.

Firing twice is impossible under the lock of the case. A diagram needs a third of the time that one
firing takes alone; the rest is statements and the commit, which many firings share (M4, R7).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from engine.application import Application
from engine.errors import CasetableError, StateError
from engine.incident import raise_incident, resolve_incident
from engine.lock import LockedTimer, lock_instance, lock_timers
from engine.models import InstanceState, Timer, TimerState
from engine.turn import Turn, take_turns

TOGETHER = 20
"""Timers in one commit: a person who wants one of their cases waits until all of them are done."""


@dataclass
class Fired:
    """What became of the timers that were to be fired."""

    done: list[UUID] = field(default_factory=list)
    held: list[UUID] = field(default_factory=list)
    """The lock of the case is held: another worker, or a person, is at this case now."""
    later: list[UUID] = field(default_factory=list)
    """Another timer of the same case came first."""


def fire(application: Application, timer_ids: Sequence[UUID]) -> Fired:
    """Fire timers of different cases in one transaction: all of them, or none and an error.

    A timer that fails alone gets an incident and an owner (R15). One that fails beside others
    raises its error, and leaves nothing of any of them: then they are tried one by one.
    """
    try:
        with application.database.transaction() as session:
            return _fire(application, session, timer_ids)
    except CasetableError as error:
        if len(timer_ids) > 1:
            raise
        set_aside(application, timer_ids[0], error)
        return Fired()


def _fire(application: Application, session: Session, timer_ids: Sequence[UUID]) -> Fired:
    locked = lock_timers(session, timer_ids)
    if not locked.timers:
        return Fired(held=locked.held, later=locked.later)
    now = application.now(session)
    ready = []
    for timer in locked.timers:
        if timer.state != TimerState.WAITING.value or timer.due_at > now:
            continue  # somebody else did it, or the row was looked for too early
        if timer.row.status == InstanceState.RUNNING.value:
            ready.append(timer)
        else:
            _move(session, timer.id, TimerState.WAITING, TimerState.CANCELLED)
    armed = [timer.id for timer in ready if timer.token in timer.row.timers]
    stimuli = [(timer.row, partial(_note, timer)) for timer in ready]
    take_turns(application, session, stimuli, now=now)
    for timer in ready:
        if timer.token in timer.row.timers or timer.id not in armed:
            # Else it would be tried, and written down as fired, at each look for ever.
            raise StateError("The process does not wait for this timer.")
    return Fired([timer.id for timer in ready], locked.held, locked.later)


def _note(timer: LockedTimer, turn: Turn) -> None:
    turn.audit("case:timer:fire", timer.id, element=timer.element_id)


def _move(session: Session, timer_id: UUID, before: TimerState, after: TimerState) -> bool:
    """Change the state of a timer whose case is locked; say whether it was as expected."""
    changed = session.execute(
        update(Timer)
        .where(Timer.id == timer_id, Timer.state == before.value)
        .values(state=after.value)
    )
    return isinstance(changed, CursorResult) and changed.rowcount == 1


def set_aside(application: Application, timer_id: UUID, error: CasetableError) -> None:
    """Stop trying a failing timer at each look: the incident's retry takes it up again."""
    with application.database.transaction() as session:
        lock_instance(session, timer_id, of=Timer)
        # Something else may have fired or cancelled it between the failure and this lock.
        if not _move(session, timer_id, TimerState.WAITING, TimerState.BLOCKED):
            return
        timer = session.get_one(Timer, timer_id)
        raise_incident(
            session,
            key=f"timer:{timer_id}",
            error=error,
            now=application.now(session),
            instance_id=timer.instance_id,
            element_id=timer.element_id,
            stimulus={"kind": "timer", "timer_id": str(timer_id)},
        )


def retry(application: Application, timer_id: UUID, key: str) -> bool:
    """Fire a timer that was set aside, or close its incident; say whether there is no more to do.

    `key` is that of the incident.
    """
    with application.database.transaction() as session:
        lock_instance(session, timer_id, of=Timer)
        _move(session, timer_id, TimerState.BLOCKED, TimerState.WAITING)
    fired = bool(fire(application, [timer_id]).done)
    with application.database.transaction() as session:
        lock_instance(session, timer_id, of=Timer)
        state = session.get_one(Timer, timer_id).state
        if state in {TimerState.FIRED.value, TimerState.CANCELLED.value}:
            resolve_incident(session, key, application.now(session))
            return True
    return fired
