"""A round in which people decide whether the file of a case is erased (P90, security.md 2.4)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id
from engine.models.case import Case
from engine.models.directory import Account
from engine.models.process import ProcessInstance
from engine.models.sealed import SealedText

_AGREED_BY_TWO = """
answer IS NULL OR answer <> 'agreed' OR (outcome IS NOT NULL AND outcome = 'erase'
    AND answered_by_id IS NOT NULL AND answered_by_id <> reviewed_by_id)
"""


class ErasureRound(Base):
    """One review of a file, asked for or at its date, and the officer's answer to an erasure.

    The database lets nobody erase the file of a case whose newest review says so without the
    agreement of another human who is the officer (engine/models/refusal.py).
    """

    __tablename__ = "erasure_round"
    __table_args__ = (
        UniqueConstraint("case_id", "number"),
        CheckConstraint(_AGREED_BY_TWO, name="agreed_by_two"),
        CheckConstraint("(asked_at IS NULL) = (asked_by_id IS NULL)", name="asked_whole"),
        CheckConstraint(
            "(outcome IS NULL) = (reviewed_at IS NULL) "
            "AND (outcome IS NULL) = (reviewed_by_id IS NULL)",
            name="reviewed_whole",
        ),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered_at_an_instant"),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instance.id"), index=True)
    """The retention of one ended episode: a case that ran again starts anew."""
    number: Mapped[int]
    ground: Mapped[Code]
    """`period_over`, or a code of the profile's `erasure_grounds`."""
    asked_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime | None]
    legal_basis: Mapped[SealedText | None]
    reason: Mapped[SealedText | None]
    """Why it was asked for before its time, in neutral words."""
    outcome: Mapped[Code | None]
    """`erase`, `prolong`, `keep`: what the review found."""
    reviewed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    reviewed_for_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    reviewed_at: Mapped[datetime | None]
    neutral_words: Mapped[SealedText | None]
    """Why the file can go; the officer reads this and nothing of the case."""
    answer: Mapped[Code | None]
    """`agreed`, `refused`, or `dropped` when the case ran again before anybody answered."""
    answered_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[datetime | None]
    refusal_reason: Mapped[SealedText | None]

    case: Mapped[Case] = relationship()
    instance: Mapped[ProcessInstance] = relationship()
    asked_by: Mapped[Account | None] = relationship(foreign_keys=[asked_by_id])
    reviewed_by: Mapped[Account | None] = relationship(foreign_keys=[reviewed_by_id])
    reviewed_for: Mapped[Account | None] = relationship(foreign_keys=[reviewed_for_id])
    answered_by: Mapped[Account | None] = relationship(foreign_keys=[answered_by_id])
