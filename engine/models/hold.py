"""A legal hold: the file of a case may not be erased while it is in force (S15)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id
from engine.models.case import Case
from engine.models.directory import Account
from engine.models.sealed import SealedText


class LegalHold(Base):
    """One hold, asked for by one person and agreed to by another; lifted in the same way.

    One of the two is the data-protection officer, the other is not. The database holds both to
    it (engine/models/refusal.py), and lets nobody take back an agreement or delete a row.
    """

    __tablename__ = "legal_hold"
    __table_args__ = (
        CheckConstraint("agreed_by_id <> asked_by_id", name="set_by_two"),
        CheckConstraint("agreed_part <> asked_part", name="set_by_officer_and_another"),
        CheckConstraint("lifted_by_id <> lift_asked_by_id", name="lifted_by_two"),
        CheckConstraint("lifted_part <> lift_asked_part", name="lifted_by_officer_and_another"),
        CheckConstraint(
            "(agreed_at IS NULL) = (agreed_by_id IS NULL) "
            "AND (agreed_at IS NULL) = (agreed_part IS NULL)",
            name="agreed_whole",
        ),
        CheckConstraint(
            "(lift_asked_at IS NULL) = (lift_asked_by_id IS NULL) "
            "AND (lift_asked_at IS NULL) = (lift_asked_part IS NULL)",
            name="lift_asked_whole",
        ),
        CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by_id IS NULL) "
            "AND (lifted_at IS NULL) = (lifted_part IS NULL) "
            "AND (lifted_at IS NULL OR (lift_asked_at IS NOT NULL AND agreed_at IS NOT NULL))",
            name="lifted_after_both",
        ),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    ground: Mapped[Code]
    """A code of the profile's `hold_grounds`."""
    reference: Mapped[SealedText]
    """Of the order or letter, as its sender writes it."""
    reason: Mapped[SealedText]
    review_on: Mapped[date | None]
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    asked_part: Mapped[Code]
    """`dpo` or `function`: as what this person acts."""
    asked_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    """Until then a request alone postpones an erasure; without an answer it lapses."""
    agreed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    agreed_part: Mapped[Code | None]
    agreed_at: Mapped[datetime | None]
    declined_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    declined_at: Mapped[datetime | None]
    lift_reason: Mapped[SealedText | None]
    lift_asked_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    lift_asked_part: Mapped[Code | None]
    lift_asked_at: Mapped[datetime | None]
    lifted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    lifted_part: Mapped[Code | None]
    lifted_at: Mapped[datetime | None]

    case: Mapped[Case] = relationship()
    asked_by: Mapped[Account] = relationship(foreign_keys=[asked_by_id])
    agreed_by: Mapped[Account | None] = relationship(foreign_keys=[agreed_by_id])
    declined_by: Mapped[Account | None] = relationship(foreign_keys=[declined_by_id])
    lift_asked_by: Mapped[Account | None] = relationship(foreign_keys=[lift_asked_by_id])
    lifted_by: Mapped[Account | None] = relationship(foreign_keys=[lifted_by_id])
