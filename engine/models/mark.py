"""By what a person is found again without the database holding the name in the clear (S22)."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Code


class PersonMark(Base):
    """One keyed hash of a person's name and date of birth; kept true by engine/blind_index.py."""

    __tablename__ = "person_mark"
    __table_args__ = (Index("ix_person_mark_mark", "mark"),)

    person_id: Mapped[UUID] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True
    )
    kind: Mapped[Code] = mapped_column(primary_key=True)
    """`name`, `exact` (name and date of birth) or `sound` (as it sounds, and date of birth)."""
    mark: Mapped[str] = mapped_column(String(64), primary_key=True)
