"""Takes the lock under which everything of a case happens in one order, and loads an instance."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from engine.errors import NotFoundError
from engine.language import gettext
from engine.models import Case, ProcessInstance, Timer, TimerState, WorkItem
from engine.models.base import at_most, spelled_out
from engine.session import LOCKED

TOGETHER: Final = "locked_together"
"""Where a session notes that it holds the cases of several turns."""


class AloneError(Exception):
    """A turn beside others asks for the lock of a further case: it has to be taken alone.

    Whoever holds many and waits for one more would soon wait for somebody who waits for him.
    """


@dataclass(frozen=True)
class LockedTimer:
    """A timer as it is under the lock of its case, and the instance that it belongs to."""

    id: UUID
    token: str
    element_id: str
    due_at: datetime
    state: str
    row: ProcessInstance


def lock_instance(
    session: Session,
    row_id: UUID,
    *,
    of: type[ProcessInstance | WorkItem | Timer] = ProcessInstance,
) -> ProcessInstance:
    """Lock the case of an instance and load both.

    `row_id` names the instance, or a work item or timer of it (`of`). The lock is on the case,
    not on the instance: the audit chain and messages between the instances of one case need the
    same order, and one lock cannot deadlock. Raise NotFoundError where there is no such row.
    """
    before_another(session)
    lock, load = _lock_statements(of)
    case = session.scalar(lock, {"row_id": row_id})
    if case is None:
        raise NotFoundError(gettext("This process instance does not exist."))
    session.info.setdefault(LOCKED, set()).add(case.id)
    # A second statement, so that it sees what the holder of the lock has just committed.
    row = session.scalars(load, {"row_id": row_id}).unique().one()
    set_committed_value(row, "case", case)
    return row


def before_another(session: Session) -> None:
    """Raise AloneError where one more lock would be one too many."""
    if session.info.get(TOGETHER):
        raise AloneError


def lock_oldest_timers(session: Session, until: datetime, most: int) -> list[LockedTimer]:
    """Lock the cases of the oldest timers due at `until` that nobody holds, and load both.

    Several workers find and lock in one statement each, so none waits for another and none takes
    what another has. There is one timer of each case, the oldest first; they may have been done
    between the look and the lock, so their `state` says what they are now.
    """
    return locked_of(session, session.execute(_lock_oldest(most), {"until": until}))


def lock_timer(session: Session, timer_id: UUID) -> list[LockedTimer]:
    """Lock the case of a timer and load both; return nothing where another turn holds the lock."""
    return locked_of(session, session.execute(_LOCK_ONE, {"timer": timer_id}))


def locked_of(session: Session, found: Iterable[Any]) -> list[LockedTimer]:
    """Return one timer of each locked case, as it is now; `found` are pairs of case and timer."""
    wanted: dict[UUID, UUID] = {}
    cases: dict[UUID, Case] = {}
    for case, timer_id in found:
        cases[case.id] = case
        wanted.setdefault(case.id, timer_id)
    if not cases:
        return []
    session.info.setdefault(LOCKED, set()).update(cases)
    session.info[TOGETHER] = len(cases) > 1
    # Each a statement of its own, so that it sees what the last holder has just committed.
    rows = {timer.id: timer for timer in session.execute(_TIMERS, {"ids": [*wanted.values()]})}
    ids = [timer.instance_id for timer in rows.values()]
    instances = {row.id: row for row in session.scalars(_INSTANCES, {"ids": ids})}
    locked = []
    for case_id, timer in ((case, rows.get(one)) for case, one in wanted.items()):
        if timer is None:
            continue  # whoever held the lock before has erased the case
        row = instances[timer.instance_id]
        set_committed_value(row, "case", cases[case_id])
        locked.append(
            LockedTimer(timer.id, timer.token, timer.element_id, timer.due_at, timer.state, row)
        )
    return locked


@cache
def _lock_statements(of: Any) -> tuple[Select[Case], Select[ProcessInstance]]:
    # Built once: putting a statement together takes as long as running it.
    instance: Any = bindparam("row_id", type_=Uuid())
    if of is not ProcessInstance:
        instance = select(of.instance_id).where(of.id == instance).scalar_subquery()
    owner = select(ProcessInstance.case_id).where(ProcessInstance.id == instance).scalar_subquery()
    lock = select(Case).where(Case.id == owner).with_for_update(of=Case)
    load = (
        select(ProcessInstance)
        .options(joinedload(ProcessInstance.episode), joinedload(ProcessInstance.open_items))
        .where(ProcessInstance.id == instance)
    )
    return (
        lock.execution_options(populate_existing=True),
        load.execution_options(populate_existing=True),
    )


_IDS: Final[Any] = bindparam("ids", type_=Uuid(), expanding=True)
_WITH_TIMER: Final = (
    select(Case, Timer.id)
    .join(ProcessInstance, ProcessInstance.case_id == Case.id)
    .join(Timer, Timer.instance_id == ProcessInstance.id)
    .with_for_update(skip_locked=True, of=Case)
    .execution_options(populate_existing=True)
)


@cache
def _lock_oldest(most: int) -> Select[Case, UUID]:
    return (
        _WITH_TIMER.where(
            spelled_out(Timer.state, TimerState.WAITING.value), Timer.due_at <= bindparam("until")
        )
        # By that alone: of ten thousand due at one instant, a second key would sort all.
        .order_by(Timer.due_at)
        .limit(at_most(most))
    )


_LOCK_ONE: Final = _WITH_TIMER.where(Timer.id == bindparam("timer", type_=Uuid()))
_TIMERS: Final = select(
    *(Timer.id, Timer.token, Timer.element_id, Timer.due_at, Timer.state, Timer.instance_id)
).where(Timer.id.in_(_IDS))
# Each by its keys: to join some twenty, PostgreSQL would read the open steps of all cases.
_INSTANCES: Final = (
    select(ProcessInstance)
    .options(selectinload(ProcessInstance.episode), selectinload(ProcessInstance.open_items))
    .where(ProcessInstance.id.in_(_IDS))
    .execution_options(populate_existing=True)
)
