"""What a case owes next: steps of people, waits of time, messages nobody has waited for yet."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BindParameter, Uuid, bindparam, select
from sqlalchemy.orm import Session, joinedload

from engine.deployment import ResolvedDeployment
from engine.errors import NotFoundError
from engine.models import InboxMessage, ProcessInstance, Timer, TimerState, WorkItem, WorkItemState


@dataclass(frozen=True)
class OwedStep:
    """A step that somebody owes: who and until when."""

    item_id: UUID
    name: str
    role: str
    organisation: str
    assignee: str
    due_at: datetime
    overdue: bool


@dataclass(frozen=True)
class Wait:
    """Something that happens by itself when its time comes."""

    name: str
    due_at: datetime


@dataclass(frozen=True)
class WaitingMessage:
    """A message that was handed in and is kept until the diagram can take it."""

    name: str
    received_at: datetime
    by: str


@dataclass(frozen=True)
class Owed:
    """Everything that is open in a case."""

    steps: list[OwedStep]
    waits: list[Wait]
    messages: list[WaitingMessage]


def owed(session: Session, case_id: UUID, deployment: ResolvedDeployment, now: datetime) -> Owed:
    """Return what the case owes, the earliest first; three statements."""
    return Owed(
        [_step(item, now) for item in open_items(session, case_id)],
        _waits(session, case_id, deployment),
        _messages(session, case_id),
    )


def open_items(session: Session, case_id: UUID) -> list[WorkItem]:
    """Return the open work items of a case, the earliest due first."""
    return list(session.scalars(_OPEN, {"case_id": case_id}).unique())


_THE_CASE: Final[BindParameter[UUID]] = bindparam("case_id", type_=Uuid())
_OPEN: Final = (
    select(WorkItem)
    .where(WorkItem.case_id == _THE_CASE, WorkItem.state == WorkItemState.OPEN.value)
    .options(joinedload(WorkItem.assignee))
    .order_by(WorkItem.due_at, WorkItem.name, WorkItem.id)
)


def _step(item: WorkItem, now: datetime) -> OwedStep:
    return OwedStep(
        item_id=item.id,
        name=item.name,
        role=item.role,
        organisation=item.organisation.name if item.organisation else "",
        assignee=item.assignee.display_name if item.assignee else "",
        due_at=item.due_at,
        overdue=item.due_at < now,
    )


def _waits(session: Session, case_id: UUID, deployment: ResolvedDeployment) -> list[Wait]:
    """Return waiting timers except those that only guard a step that is listed anyway."""
    found = []
    for timer in session.execute(_WAITING, {"case_id": case_id}):
        try:
            element = deployment.element(timer.process_id, timer.element_id)
        except NotFoundError:
            continue  # drawn in a deployment from before a migration
        if element.kind != "boundaryEvent":
            found.append(Wait(element.label, timer.due_at))
    return found


_WAITING: Final = (
    select(Timer.process_id, Timer.element_id, Timer.due_at)
    .join(ProcessInstance, ProcessInstance.id == Timer.instance_id)
    .where(ProcessInstance.case_id == _THE_CASE, Timer.state == TimerState.WAITING.value)
    .order_by(Timer.due_at)
)
_TO_TAKE: Final = (
    select(InboxMessage)
    .where(InboxMessage.case_id == _THE_CASE, InboxMessage.state == "waiting")
    .order_by(InboxMessage.received_at)
)


def _messages(session: Session, case_id: UUID) -> list[WaitingMessage]:
    rows = session.scalars(_TO_TAKE, {"case_id": case_id}).unique()
    return [
        WaitingMessage(row.name, row.received_at, row.by.display_name if row.by else "")
        for row in rows
    ]
