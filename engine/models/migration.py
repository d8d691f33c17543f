"""Moving running cases from one deployment to another: the run, what became of each case."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id, RetoldData, RetoldProse
from engine.models.deployment import Deployment
from engine.models.directory import Account


class MigrationRun(Base):
    """One plan to move the running cases of a deployment, and its being carried out."""

    __tablename__ = "migration_run"
    __table_args__ = (
        CheckConstraint("from_id <> to_id", name="to_another"),
        CheckConstraint(
            "state IN ('planning', 'planned', 'running', 'done', 'failed')", name="state"
        ),
    )

    id: Mapped[Id]
    from_id: Mapped[str] = mapped_column(ForeignKey("deployment.id"))
    to_id: Mapped[str] = mapped_column(ForeignKey("deployment.id"))
    places: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """`{"process:element": "element of the new drawing"}`, as the process owner chose."""
    state: Mapped[Code] = mapped_column(default="planning")
    """`planning`, `planned`, `running`, `done`, `failed` (the reason is `problem`)."""
    plan: Mapped[RetoldData] = mapped_column(default=dict)
    """What would happen, by group: positions and counts, nothing of a case."""
    result: Mapped[RetoldData] = mapped_column(default=dict)
    """What has happened so far, by group: positions and counts, nothing of a case."""
    total: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    problem: Mapped[RetoldProse | None]
    reverts_id: Mapped[UUID | None] = mapped_column(ForeignKey("migration_run.id"))
    """The run whose cases this one brings back."""
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    started_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    old: Mapped[Deployment] = relationship(foreign_keys=[from_id], lazy="joined")
    new: Mapped[Deployment] = relationship(foreign_keys=[to_id], lazy="joined")
    asked_by: Mapped[Account] = relationship(foreign_keys=[asked_by_id], lazy="joined")
    started_by: Mapped[Account | None] = relationship(foreign_keys=[started_by_id], lazy="joined")


class MigrationOutcome(Base):
    """What became of one case in a run; written in the transaction that moved it."""

    __tablename__ = "migration_outcome"
    __table_args__ = (
        UniqueConstraint("run_id", "case_id"),
        CheckConstraint("state IN ('moved', 'refused', 'waiting')", name="state"),
    )

    id: Mapped[Id]
    run_id: Mapped[UUID] = mapped_column(ForeignKey("migration_run.id"), index=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    state: Mapped[Code]
    """`moved`, `refused`, `waiting` (an effect on the outside was under way)."""
    places: Mapped[RetoldProse]
    """The open steps as they are called in the drawing."""
    sentence: Mapped[RetoldProse]
    """Why it was not moved; empty when it was."""
    at: Mapped[datetime]


class InstanceMove(Base):
    """One process instance that was moved: its history has another drawing from here on."""

    __tablename__ = "instance_move"

    id: Mapped[Id]
    run_id: Mapped[UUID] = mapped_column(ForeignKey("migration_run.id"), index=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instance.id"), index=True)
    number: Mapped[int]
    """Counts the moves of an instance."""
    from_id: Mapped[str] = mapped_column(ForeignKey("deployment.id"))
    to_id: Mapped[str] = mapped_column(ForeignKey("deployment.id"))
    step_count: Mapped[int]
    """How many steps its history had."""
    before: Mapped[bytes]
    """The signed state that it had, to go back to while the case has not moved on."""
    after_hash: Mapped[str] = mapped_column(String(64))
    """Of the signed state that it got."""
    at: Mapped[datetime]
    by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
