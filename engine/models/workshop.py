"""The process owners' workshop: drafts, each change kept, named versions, what two persons publish.

Nothing here is about a case or a person whom a case is about.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id, Line, Prose, RetoldData
from engine.models.directory import Account


class DraftState(StrEnum):
    """What has become of a draft."""

    OPEN = "open"
    PUBLISHED = "published"
    DISCARDED = "discarded"


class WorkshopDraft(Base):
    """One set of diagrams, tables and forms in the making: a published set, overlaid by its own."""

    __tablename__ = "workshop_draft"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'published', 'discarded')", name="known_state"),
    )

    id: Mapped[Id]
    profile: Mapped[Code] = mapped_column(index=True)
    title: Mapped[Line]
    base_deployment_id: Mapped[str] = mapped_column(ForeignKey("deployment.id"))
    """The published set that it began from."""
    begun_with: Mapped[dict[str, Any]]
    """`{path: sha256 of the content}` of that set, with the scenarios of the time."""
    state: Mapped[Code] = mapped_column(default=DraftState.OPEN.value)
    number: Mapped[int] = mapped_column(default=0)
    """How many changes were made; a restored version is one more change."""
    created_by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    changed_by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    changed_at: Mapped[datetime]

    created_by: Mapped[Account] = relationship(foreign_keys=[created_by_id], lazy="joined")
    changed_by: Mapped[Account] = relationship(foreign_keys=[changed_by_id], lazy="joined")


class WorkshopFile(Base):
    """A file that the draft has otherwise than the published set, or takes away."""

    __tablename__ = "workshop_file"

    draft_id: Mapped[UUID] = mapped_column(ForeignKey("workshop_draft.id"), primary_key=True)
    path: Mapped[Line] = mapped_column(primary_key=True)
    hash: Mapped[str | None] = mapped_column(String(64), ForeignKey("deployment_file.hash"))
    """Empty where the draft takes the file away."""
    changed_by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    changed_at: Mapped[datetime]

    changed_by: Mapped[Account] = relationship(lazy="joined")


class WorkshopChange(Base):
    """One change of one file of a draft, never taken back: what was there before is found again."""

    __tablename__ = "workshop_change"

    draft_id: Mapped[UUID] = mapped_column(ForeignKey("workshop_draft.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[Line] = mapped_column(primary_key=True)
    before: Mapped[str | None] = mapped_column(String(64), ForeignKey("deployment_file.hash"))
    after: Mapped[str | None] = mapped_column(String(64), ForeignKey("deployment_file.hash"))
    by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]

    by: Mapped[Account] = relationship(lazy="joined")


class WorkshopVersion(Base):
    """A named state of a whole draft, with a note; it can be restored."""

    __tablename__ = "workshop_version"

    id: Mapped[Id]
    draft_id: Mapped[UUID] = mapped_column(ForeignKey("workshop_draft.id"), index=True)
    name: Mapped[Line]
    note: Mapped[Prose]
    number: Mapped[int]
    """After how many changes of the draft it was named."""
    manifest: Mapped[dict[str, Any]]
    """`{path: sha256 of the content}` of the whole set."""
    by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]

    by: Mapped[Account] = relationship(lazy="joined")


class WorkshopJudgement(Base):
    """What the checks, the rules and the scenarios say of one exact set of files."""

    __tablename__ = "workshop_judgement"
    __table_args__ = (
        CheckConstraint("(state = 'done') = (finished_at IS NOT NULL)", name="finished_when_done"),
    )

    id: Mapped[Id]
    profile: Mapped[Code]
    draft_id: Mapped[UUID | None] = mapped_column(ForeignKey("workshop_draft.id"), index=True)
    """Empty where the files came from a folder by the command line."""
    deployment_id: Mapped[str] = mapped_column(String(64), index=True)
    """The hash over the manifest: what is published later has to be exactly this."""
    manifest: Mapped[dict[str, Any]]
    before_id: Mapped[str | None] = mapped_column(String(64), ForeignKey("deployment.id"))
    """What was published then, with which it was compared."""
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    state: Mapped[Code] = mapped_column(default="waiting")
    """`waiting` while the worker judges, then `done`."""
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    """How many scenarios have run, and of how many."""
    results: Mapped[RetoldData] = mapped_column(default=dict)
    """Findings, rules, changes, scenarios and counts; nothing about a person or a case."""
    finished_at: Mapped[datetime | None]

    asked_by: Mapped[Account] = relationship(lazy="joined")


class WorkshopPublication(Base):
    """One process owner asks that a judged set be published; another agrees or refuses (S19)."""

    __tablename__ = "workshop_publication"
    __table_args__ = (
        CheckConstraint(
            "outcome IS NULL OR outcome NOT IN ('agreed', 'refused') "
            "OR (answered_by_id IS NOT NULL AND answered_by_id <> asked_by_id)",
            name="two_persons",
        ),
        CheckConstraint("(outcome IS NULL) = (answered_at IS NULL)", name="answered_at_an_instant"),
        CheckConstraint(
            "outcome IS NULL OR outcome <> 'refused' OR reason IS NOT NULL", name="refused_why"
        ),
    )

    id: Mapped[Id]
    profile: Mapped[Code] = mapped_column(index=True)
    draft_id: Mapped[UUID | None] = mapped_column(ForeignKey("workshop_draft.id"), index=True)
    judgement_id: Mapped[UUID] = mapped_column(ForeignKey("workshop_judgement.id"))
    deployment_id: Mapped[str] = mapped_column(String(64), index=True)
    before_id: Mapped[str | None] = mapped_column(String(64), ForeignKey("deployment.id"))
    note: Mapped[Line]
    """Why, in the words of who asks."""
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    outcome: Mapped[Code | None]
    """`agreed`, `refused`, `withdrawn`; empty while nobody has answered."""
    answered_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[datetime | None]
    reason: Mapped[Line | None]

    judgement: Mapped[WorkshopJudgement] = relationship()
    asked_by: Mapped[Account] = relationship(foreign_keys=[asked_by_id], lazy="joined")
    answered_by: Mapped[Account | None] = relationship(foreign_keys=[answered_by_id], lazy="joined")
