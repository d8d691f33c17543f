"""Lets diagrams see that their timers are due: each once, and many cases in one commit.

Firing twice is impossible under the lock of the case. A diagram needs a third of the time that one
firing takes alone; the rest is statements and the commit, which many firings share (M4, R7).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy import CursorResult, update
from sqlalchemy.orm import Session

from engine.application import Application
from engine.errors import CasetableError, StateError
from engine.incident import raise_incident, resolve_incident
from engine.lock import LockedTimer, lock_instance, lock_oldest_timers, lock_timer
from engine.models import InstanceState, Timer, TimerState
from engine.turn import Turn, take_turns

LOG = structlog.get_logger()
TOGETHER = 20
"""Timers in one commit: a person who wants one of their cases waits until all of them are done."""


class TogetherError(Exception):
    """A group of timers did not fire, and left nothing of any of them: fire them one by one."""

    def __init__(self, timers: Sequence[LockedTimer]) -> None:
        super().__init__()
        self.timers = tuple(timers)


@dataclass(frozen=True)
class Fired:
    """What became of the oldest timers that nobody held."""

    taken: tuple[LockedTimer, ...] = ()
    """Those whose cases were locked; others may have been faster between the look and the lock."""
    done: tuple[LockedTimer, ...] = ()


def fire_oldest(application: Application, until: datetime) -> Fired:
    """Fire the oldest timers due at `until`, of different cases, in one commit.

    Cases that another worker or a person holds are passed over. Raise TogetherError when several
    were taken and one failed.
    """
    taken: list[LockedTimer] = []
    try:
        with application.database.transaction() as session:
            taken = lock_oldest_timers(session, until, TOGETHER)
            return Fired(tuple(taken), tuple(_fire(application, session, taken)))
    except Exception as error:
        if not taken:
            raise
        LOG.info("timers_one_by_one", timers=len(taken), error=type(error).__name__)
        raise TogetherError(taken) from error


def fire(application: Application, timer_id: UUID) -> bool:
    """Fire one timer; say whether it was done now. One that fails gets an incident (R15)."""
    try:
        with application.database.transaction() as session:
            return bool(_fire(application, session, lock_timer(session, timer_id)))
    except CasetableError as error:
        set_aside(application, timer_id, error)
        return False


def _fire(
    application: Application, session: Session, locked: Sequence[LockedTimer]
) -> list[LockedTimer]:
    if not locked:
        return []
    now = application.now(session)
    ready = []
    for timer in locked:
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
    return ready


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
    fired = fire(application, timer_id)
    with application.database.transaction() as session:
        lock_instance(session, timer_id, of=Timer)
        state = session.get_one(Timer, timer_id).state
        if state in {TimerState.FIRED.value, TimerState.CANCELLED.value}:
            resolve_incident(session, key, application.now(session))
            return True
    return fired
