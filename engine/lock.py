"""Takes the lock under which everything of a case happens in one order, and loads an instance."""

from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, select
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from engine.errors import NotFoundError
from engine.language import gettext
from engine.models import Case, ProcessInstance, Timer, WorkItem
from engine.session import LOCKED


def lock_instance(
    session: Session,
    row_id: UUID,
    *,
    of: type[ProcessInstance | WorkItem | Timer] = ProcessInstance,
    skip_locked: bool = False,
) -> ProcessInstance | None:
    """Lock the case of an instance and load both; None when another turn holds the lock.

    `row_id` names the instance, or a work item or timer of it (`of`). The lock is on the case,
    not on the instance: the audit chain and messages between the instances of one case need the
    same order, and one lock cannot deadlock.
    """
    lock, load = _lock_statements(of, skip_locked)
    case = session.scalar(lock, {"row_id": row_id})
    if case is None:
        if skip_locked:
            return None
        raise NotFoundError(gettext("This process instance does not exist."))
    session.info.setdefault(LOCKED, set()).add(case.id)
    # A second statement, so that it sees what the holder of the lock has just committed.
    row = session.scalars(load, {"row_id": row_id}).unique().one()
    set_committed_value(row, "case", case)
    return row


@cache
def _lock_statements(of: Any, skip_locked: bool) -> tuple[Select[Case], Select[ProcessInstance]]:
    # Built once: putting a statement together takes as long as running it.
    instance: Any = bindparam("row_id", type_=Uuid())
    if of is not ProcessInstance:
        instance = select(of.instance_id).where(of.id == instance).scalar_subquery()
    owner = select(ProcessInstance.case_id).where(ProcessInstance.id == instance).scalar_subquery()
    lock = select(Case).where(Case.id == owner).with_for_update(skip_locked=skip_locked, of=Case)
    load = (
        select(ProcessInstance)
        .options(joinedload(ProcessInstance.episode), joinedload(ProcessInstance.open_items))
        .where(ProcessInstance.id == instance)
    )
    return (
        lock.execution_options(populate_existing=True),
        load.execution_options(populate_existing=True),
    )
