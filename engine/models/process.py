"""Running process instances, the episodes they carry, and the history of their steps."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id, Line, index_of_some
from engine.models.case import Case

if TYPE_CHECKING:
    from engine.models.work import WorkItem

BigId = BigInteger().with_variant(Integer(), "sqlite")


class InstanceState(StrEnum):
    """Whether a process instance runs."""

    RUNNING = "running"
    ENDED = "ended"


class ProcessInstance(Base):
    """One running diagram of one case; its state is a signed blob without specification."""

    __tablename__ = "process_instance"
    __table_args__ = (
        index_of_some("ix_process_instance_running", "status", where="status = 'running'"),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    process_id: Mapped[Code]
    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployment.id"), index=True)
    status: Mapped[Code] = mapped_column(default=InstanceState.RUNNING.value)
    blob: Mapped[bytes]
    revision: Mapped[int] = mapped_column()
    """Compare-and-set: a turn commits only on the revision that it loaded."""
    step_count: Mapped[int] = mapped_column(default=0)
    awaited: Mapped[list[str]] = mapped_column(default=list)
    """Names of the messages that somebody waits for, so that readers need not load the blob."""
    active: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """`{process_id: [element_id, ...]}`: where the tokens are, for "you are here"."""
    timers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """`{token: due instant}` of the armed timers: a turn that leaves them alone writes none."""
    pending_messages: Mapped[int] = mapped_column(default=0)
    """How many inbox messages wait for this instance."""
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    case: Mapped[Case] = relationship()
    episode: Mapped["Episode | None"] = relationship(back_populates="instance", uselist=False)
    open_items: Mapped[list["WorkItem"]] = relationship(
        primaryjoin="and_(WorkItem.instance_id == ProcessInstance.id, WorkItem.state == 'open')",
        order_by="(WorkItem.created_at, WorkItem.id)",
        viewonly=True,
    )
    """What is owed here, as it was read; a turn reads it together with the instance."""

    __mapper_args__ = {"version_id_col": revision}  # noqa: RUF012 - SQLAlchemy's own declaration


class EpisodeState(StrEnum):
    """How an episode stands."""

    RUNNING = "running"
    CLOSED = "closed"
    ENDED = "ended"


class Episode(Base):
    """One run of the whole lifecycle for a case (P89: a reopened case gets a new one)."""

    __tablename__ = "episode"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    number: Mapped[int]
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instance.id"), unique=True)
    status: Mapped[Code] = mapped_column(default=EpisodeState.RUNNING.value)
    """Only engine/closing.py sets `closed` (L1 to L4)."""
    stage: Mapped[Code] = mapped_column(default="")
    """The `stage` of the call activity that is active on the overview diagram."""
    outcome: Mapped[Code] = mapped_column(default="")
    closing_round: Mapped[int] = mapped_column(default=0)
    """Counts the closing dossiers; opinions and decisions belong to one round (L1, L2)."""
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    case: Mapped[Case] = relationship()
    instance: Mapped[ProcessInstance] = relationship(back_populates="episode")


class StepHistory(Base):
    """One finished or cancelled step; written when it happened, never changed."""

    __tablename__ = "step_history"
    __table_args__ = (UniqueConstraint("instance_id", "sequence"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instance.id"), index=True)
    sequence: Mapped[int]
    process_id: Mapped[Code]
    element_id: Mapped[Code]
    kind: Mapped[Code]
    """BPMN element name, e.g. `userTask`, `sequenceFlow`, `boundaryEvent`."""
    name: Mapped[Line]
    state: Mapped[Code]
    """`completed` or `cancelled`."""
    token: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    for_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """The absent person for whom the actor deputised."""
    told: Mapped[dict[str, Any] | None]
    """Codes and yes or no after the step, where a rule asks for them; no content of the case."""
