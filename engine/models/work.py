"""What people owe (work items, drafts, submissions) and what time owes (timers)."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id, Line, Prose, index_of_some
from engine.models.case import Case
from engine.models.directory import Account, Organisation
from engine.models.process import ProcessInstance
from engine.models.sealed import SealedJson


class WorkItemState(StrEnum):
    """WS-HumanTask states that we use; claimed is `open` with an assignee."""

    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class WorkItem(Base):
    """The row of one user task that somebody owes or has done."""

    __tablename__ = "work_item"
    # `pool` is not read back: new rows would each wait for their answer.
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - as SQLAlchemy asks for it
    __table_args__ = (
        UniqueConstraint("instance_id", "token"),
        index_of_some("ix_work_item_open_role", "role", "due_at", where="state = 'open'"),
        index_of_some("ix_work_item_pool", "role", where="state = 'open' AND pool"),
        index_of_some(
            "ix_work_item_escalated",
            "escalate_to",
            where="state = 'open' AND escalated_at IS NOT NULL",
        ),
        # With the state: an old case has hundreds of steps that are done and a few that are open.
        Index("ix_work_item_of_instance", "instance_id", "state"),
        Index("ix_work_item_of_case", "case_id", "state"),
        index_of_some(
            "ix_work_item_to_remind", "remind_at", where="state = 'open' AND reminded_at IS NULL"
        ),
        index_of_some(
            "ix_work_item_to_escalate", "due_at", where="state = 'open' AND escalated_at IS NULL"
        ),
    )

    id: Mapped[Id]
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instance.id"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"))
    token: Mapped[str] = mapped_column(String(40))
    process_id: Mapped[Code]
    element_id: Mapped[Code]
    name: Mapped[Line]
    form_id: Mapped[Code]
    role: Mapped[Code]
    desk: Mapped[bool] = mapped_column(default=False)
    """Whether every holder of the role may do it, or only members of the case in that role."""
    pool: Mapped[bool] = mapped_column(server_default=true())
    """Whether all holders of the role may do it now; kept by the database (models/pool.py)."""
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    """Set when one organisation owes it (multi-instance over partners)."""
    assignee_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"), index=True)
    claimed_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """Never empty: nothing waits without limit (L9)."""
    remind_at: Mapped[datetime | None]
    reminded_at: Mapped[datetime | None]
    deputies: Mapped[Code] = mapped_column(default="anybody")
    """Which deputy of an absent person does it: `anybody`, `organisation`, `nobody` (P36)."""
    escalate_to: Mapped[Code | None]
    escalated_at: Mapped[datetime | None]
    state: Mapped[Code] = mapped_column(default=WorkItemState.OPEN.value)
    variables: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The process variables when the item came up; conditions of its form read them."""
    had_incident: Mapped[bool] = mapped_column(default=False)
    """Whether an answer was postponed because the step behind it failed."""
    completed_at: Mapped[datetime | None]
    completed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"), index=True)
    completed_for_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """The absent person on whose behalf a deputy did it: it counts as done by both."""

    instance: Mapped[ProcessInstance] = relationship()
    case: Mapped[Case] = relationship()
    organisation: Mapped[Organisation | None] = relationship(lazy="joined")
    assignee: Mapped[Account | None] = relationship(foreign_keys=[assignee_id])
    completed_by: Mapped[Account | None] = relationship(foreign_keys=[completed_by_id])
    completed_for: Mapped[Account | None] = relationship(foreign_keys=[completed_for_id])


class Draft(Base):
    """What one person has typed so far for one work item; nobody else reads it."""

    __tablename__ = "draft"

    work_item_id: Mapped[UUID] = mapped_column(ForeignKey("work_item.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    values: Mapped[SealedJson]
    saved_at: Mapped[datetime]


class FormSubmission(Base):
    """The answer of a completed work item as it was given; never changed."""

    __tablename__ = "form_submission"

    id: Mapped[Id]
    work_item_id: Mapped[UUID] = mapped_column(ForeignKey("work_item.id"), unique=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    element_id: Mapped[Code]
    form_id: Mapped[Code]
    values: Mapped[SealedJson]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
    idempotency_key: Mapped[str] = mapped_column(String(80), unique=True)

    by: Mapped[Account] = relationship()
    work_item: Mapped[WorkItem] = relationship()


class TimerState(StrEnum):
    """Whether a timer still waits."""

    WAITING = "waiting"
    FIRED = "fired"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    """Its firing failed; the incident's retry takes it up again."""


class Timer(Base):
    """One waiting timer of a process instance, indexed by its due instant (M4)."""

    __tablename__ = "timer"
    __table_args__ = (
        UniqueConstraint("instance_id", "token", "occurrence"),
        index_of_some("ix_timer_due", "due_at", where="state = 'waiting'"),
    )

    id: Mapped[Id]
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instance.id"), index=True)
    token: Mapped[str] = mapped_column(String(40))
    occurrence: Mapped[int] = mapped_column(default=1)
    process_id: Mapped[Code]
    element_id: Mapped[Code]
    rule: Mapped[Prose]
    due_at: Mapped[datetime]
    state: Mapped[Code] = mapped_column(default=TimerState.WAITING.value)
    fired_at: Mapped[datetime | None]
