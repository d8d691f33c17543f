"""Printing the whole file of a case takes two persons (security.md 2.4, S19)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id, index_of_some
from engine.models.case import Case
from engine.models.directory import Account
from engine.models.sealed import SealedText

_TWO_PERSONS = """
outcome IS NULL OR outcome NOT IN ('agreed', 'refused')
OR (answered_by_id IS NOT NULL AND answered_by_id <> asked_by_id)
"""
_PRINTED_IN_TIME = """
printed_at IS NULL OR (prints_until IS NOT NULL AND printed_at <= prints_until)
"""


class FilePrinting(Base):
    """One person asks to print the whole file once; another agrees or refuses."""

    __tablename__ = "file_printing"
    __table_args__ = (
        CheckConstraint(_TWO_PERSONS, name="two_persons"),
        CheckConstraint("(outcome IS NULL) = (answered_at IS NULL)", name="answered_at_an_instant"),
        CheckConstraint(
            "prints_until IS NULL OR (outcome IS NOT NULL AND outcome = 'agreed')",
            name="only_when_agreed",
        ),
        CheckConstraint(_PRINTED_IN_TIME, name="printed_in_time"),
        index_of_some("ix_file_printing_waiting", "asked_at", where="outcome IS NULL"),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    purpose: Mapped[SealedText]
    """What the paper is for, as the asker writes it; the second person decides by it."""
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    asked_at: Mapped[datetime]
    outcome: Mapped[Code | None]
    """`agreed`, `refused`, `withdrawn`; empty while nobody has answered."""
    answered_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[datetime | None]
    reason: Mapped[SealedText | None]
    prints_until: Mapped[datetime | None]
    """Until then the asker prints once."""
    printed_at: Mapped[datetime | None]

    case: Mapped[Case] = relationship()
    asked_by: Mapped[Account] = relationship(foreign_keys=[asked_by_id], lazy="joined")
    answered_by: Mapped[Account | None] = relationship(foreign_keys=[answered_by_id], lazy="joined")
