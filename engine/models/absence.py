"""Who is away from when to when, and who deputises meanwhile (P36)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Id, Line
from engine.models.directory import Account


class Absence(Base):
    """One absence of one person; it is never changed, only ended early."""

    __tablename__ = "absence"
    __table_args__ = (
        CheckConstraint("account_id <> deputy_id", name="two_persons"),
        CheckConstraint("starts_at < ends_at", name="lasts"),
        Index("ix_absence_account_id_ends_at", "account_id", "ends_at"),
        Index("ix_absence_deputy_id_ends_at", "deputy_id", "ends_at"),
    )

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    deputy_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    first_day: Mapped[date]
    last_day: Mapped[date]
    starts_at: Mapped[datetime]
    """The beginning of the first day in the profile's time zone."""
    ends_at: Mapped[datetime]
    """The end of the last day: at this instant the deputy has no access any more."""
    note: Mapped[Line | None]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    """Who entered it: the person, or who may do so for somebody who cannot."""
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When it was ended before its last day was over."""
    ended_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))

    account: Mapped[Account] = relationship(foreign_keys=[account_id])
    deputy: Mapped[Account] = relationship(foreign_keys=[deputy_id])
