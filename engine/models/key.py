"""The key of each case, wrapped with a key that is not in the database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base
from engine.models.case import Case


class CaseKey(Base):
    """With it the content of one case opens; destroying it erases the case in every copy (S15).

    Backups that are kept for long leave this table out.
    """

    __tablename__ = "case_key"
    __table_args__ = (
        CheckConstraint(
            "(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name="there_or_destroyed"
        ),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    """Of the key itself; part of what each sealed field is bound to."""
    master_version: Mapped[int] = mapped_column(index=True)
    """Of the key under which this one is wrapped; see engine/masterkey.py."""
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    destroyed_at: Mapped[datetime | None]

    case: Mapped[Case] = relationship(back_populates="key")
