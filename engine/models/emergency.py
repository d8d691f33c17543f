"""Emergency access: a case opened by somebody who takes no part in it, and its review."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id
from engine.models.case import Case
from engine.models.directory import Account, Organisation
from engine.models.sealed import SealedText


class EmergencyAccess(Base):
    """One opening in danger to life: who, which case, why, until when."""

    __tablename__ = "emergency_access"
    __table_args__ = (CheckConstraint("ends_at > opened_at", name="ends_after_it_begins"),)

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    """For whom the person worked then: nobody of this organisation reviews it."""
    category: Mapped[Code]
    motive: Mapped[SealedText]
    opened_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """Who took it back; empty: its time was over."""
    review_by: Mapped[datetime]
    """Until when two persons have to have reviewed it."""

    case: Mapped[Case] = relationship()
    account: Mapped[Account] = relationship(foreign_keys="EmergencyAccess.account_id")
    organisation: Mapped[Organisation] = relationship()
    reviews: Mapped[list["EmergencyReview"]] = relationship(
        back_populates="access", order_by="EmergencyReview.at"
    )


class EmergencyReview(Base):
    """What one of the two reviewers found; the opener reviews nothing, by the database too."""

    __tablename__ = "emergency_review"
    __table_args__ = (
        UniqueConstraint("access_id", "part"),
        UniqueConstraint("access_id", "account_id"),
        CheckConstraint("account_id <> opener_id", name="not_by_the_opener"),
        CheckConstraint(
            "part = 'dpo' OR organisation_id <> opener_organisation_id", name="other_organisation"
        ),
    )

    id: Mapped[Id]
    access_id: Mapped[UUID] = mapped_column(ForeignKey("emergency_access.id"), index=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    part: Mapped[Code]
    """`dpo` or `agency`."""
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    opener_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    opener_organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    finding: Mapped[Code]
    """`justified` or `not_justified`."""
    reasons: Mapped[SealedText]
    at: Mapped[datetime]

    access: Mapped[EmergencyAccess] = relationship(back_populates="reviews")
    account: Mapped[Account] = relationship(foreign_keys="EmergencyReview.account_id")
