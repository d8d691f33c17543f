"""Things to do after a commit (jobs, notices), messages that came in, and what went wrong."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id, Line, Prose, index_of_some
from engine.models.case import Case
from engine.models.directory import Account
from engine.models.sealed import SealedJson


class Job(Base):
    """A unit of background work; Celery's message carries its id and nothing else."""

    __tablename__ = "job"
    __table_args__ = (
        index_of_some("ix_job_waiting", "run_after", where="state = 'waiting'"),
        index_of_some("ix_job_calling", "run_after", where="state = 'calling'"),
        # Few of all that were ever done: who looks after the system finds them at once.
        index_of_some("ix_job_failed", "state", where="state = 'failed'"),
        index_of_some("ix_job_held", "state", where="state = 'held'"),
    )

    id: Mapped[Id]
    kind: Mapped[Code]
    """`effect` (deferred operator), `notice` (mail), `retry` (incident)."""
    key: Mapped[str] = mapped_column(String(120), unique=True)
    """Idempotency key: the same thing is never owed twice."""
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Ids only, nothing about a person."""
    instance_id: Mapped[UUID | None] = mapped_column(ForeignKey("process_instance.id"), index=True)
    state: Mapped[Code] = mapped_column(default="waiting")
    """`waiting`, `calling` (outside call under way), `done`, `failed`, `void`, or `held`.

    `held` came from a backup: it goes out when a person has said so (engine/restored.py).
    """
    attempts: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[datetime]
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]
    last_error: Mapped[Prose | None]


class Notice(Base):
    """A mail that is owed: it names an opaque case code and a step, never content (R17)."""

    __tablename__ = "notice"

    id: Mapped[Id]
    message_id: Mapped[str] = mapped_column(String(200), unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("casework_case.id"), index=True)
    work_item_id: Mapped[UUID | None] = mapped_column(ForeignKey("work_item.id"))
    template: Mapped[Code]
    """`work_item_new`, `work_item_reminder`, `work_item_overdue`, `invitation`, ..."""
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship()
    case: Mapped[Case | None] = relationship()


class InboxMessage(Base):
    """A message to a process instance, kept until somebody waits for it; never lost."""

    __tablename__ = "inbox_message"

    id: Mapped[Id]
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instance.id"), index=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    name: Mapped[Code]
    payload: Mapped[SealedJson] = mapped_column(default=dict)
    """Process variables only (ids, codes); the text is a Note of the case file."""
    key: Mapped[str] = mapped_column(String(120), unique=True)
    state: Mapped[Code] = mapped_column(default="waiting")
    """`waiting`, `delivered`, `void` (the instance ended first)."""
    received_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))

    by: Mapped[Account | None] = relationship()


class Incident(Base):
    """Something that could not be done by itself and has a human owner (R15)."""

    __tablename__ = "incident"
    __table_args__ = (
        index_of_some("ix_incident_to_retry", "retry_at", where="state = 'open'"),
        index_of_some("ix_incident_for_owner", "state", where="state = 'waiting_for_owner'"),
        index_of_some("ix_incident_unresolved", "key", where="state <> 'resolved'"),
    )

    id: Mapped[Id]
    instance_id: Mapped[UUID | None] = mapped_column(ForeignKey("process_instance.id"), index=True)
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("casework_case.id"), index=True)
    key: Mapped[str] = mapped_column(String(120), unique=True)
    """What failed, e.g. `timer:<id>`; a second failure counts up the same incident."""
    element_id: Mapped[Code]
    message: Mapped[Line]
    said: Mapped[dict[str, Any] | None]
    """What the message was made from (`engine.language.parts_of`); older records have none."""
    stimulus: Mapped[dict[str, Any]] = mapped_column(default=dict)
    owner_role: Mapped[Code]
    state: Mapped[Code] = mapped_column(default="open")
    """`open` (retried), `waiting_for_owner` (retries used up), `resolved`."""
    attempts: Mapped[int] = mapped_column(default=1)
    retry_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
