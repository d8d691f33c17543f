"""Takes the lock under which everything of a case happens in one order, and loads an instance."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from engine.errors import NotFoundError
from engine.language import gettext
from engine.models import Case, ProcessInstance, Timer, WorkItem
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


@dataclass
class LockedTimers:
    """What `lock_timers` got."""

    timers: list[LockedTimer] = field(default_factory=list)
    """Of one case each, in the order in which they were asked for."""
    held: list[UUID] = field(default_factory=list)
    """Another turn holds the lock of the case, or the timer is gone."""
    later: list[UUID] = field(default_factory=list)
    """Further timers of the same cases."""


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


def lock_timers(session: Session, timer_ids: Sequence[UUID]) -> LockedTimers:
    """Lock the cases of timers that nobody holds, and load one timer of each with its instance."""
    cases = {case.id: case for case in session.scalars(_LOCK_OF_TIMERS, {"ids": timer_ids})}
    session.info.setdefault(LOCKED, set()).update(cases)
    found = LockedTimers(held=list(timer_ids))
    if not cases:
        return found
    # Each a statement of its own, so that it sees what the last holder has just committed.
    rows = {timer.id: timer for timer in session.execute(_TIMERS, {"ids": timer_ids})}
    first: dict[UUID, Any] = {}
    found.held = [one for one in timer_ids if one not in rows or rows[one].case_id not in cases]
    for timer_id in (one for one in timer_ids if one not in found.held):
        timer = rows[timer_id]
        if first.setdefault(timer.case_id, timer) is not timer:
            found.later.append(timer_id)
    wanted = [timer.instance_id for timer in first.values()]
    instances = {row.id: row for row in session.scalars(_INSTANCES, {"ids": wanted})}
    for case_id, timer in first.items():
        row = instances[timer.instance_id]
        set_committed_value(row, "case", cases[case_id])
        found.timers.append(
            LockedTimer(timer.id, timer.token, timer.element_id, timer.due_at, timer.state, row)
        )
    session.info[TOGETHER] = len(found.timers) > 1
    return found


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
_OF_TIMERS: Final = (
    select(ProcessInstance.case_id)
    .join(Timer, Timer.instance_id == ProcessInstance.id)
    .where(Timer.id.in_(_IDS))
)
_LOCK_OF_TIMERS: Final = (
    select(Case)
    .where(Case.id.in_(_OF_TIMERS))
    .with_for_update(skip_locked=True, of=Case)
    .execution_options(populate_existing=True)
)
_TIMERS: Final = (
    select(
        *(Timer.id, Timer.token, Timer.element_id, Timer.due_at, Timer.state, Timer.instance_id),
        ProcessInstance.case_id,
    )
    .join(ProcessInstance, ProcessInstance.id == Timer.instance_id)
    .where(Timer.id.in_(_IDS))
)
# Each by its keys: to join some twenty, PostgreSQL would read the open steps of all cases.
_INSTANCES: Final = (
    select(ProcessInstance)
    .options(selectinload(ProcessInstance.episode), selectinload(ProcessInstance.open_items))
    .where(ProcessInstance.id.in_(_IDS))
    .execution_options(populate_existing=True)
)
