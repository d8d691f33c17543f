"""The process owners' workshop: drafts beside what is published, each change kept, named versions.

Nothing here is about a case or a person whom a case is about.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id, Line, Prose
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
