"""That the database was brought back from a backup, and what a person said about its mails."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Code, Id


class Restoration(Base):
    """One restore; until somebody answers, nothing goes out (R14)."""

    __tablename__ = "restoration"
    __table_args__ = (
        CheckConstraint(
            "(answered_at IS NULL) = (answered_by_id IS NULL) "
            "AND (answered_at IS NULL) = (owed IS NULL) "
            "AND (answered_at IS NULL) = (since IS NULL)",
            name="answered_whole",
        ),
    )

    id: Mapped[Id]
    moment: Mapped[datetime]
    """To which the database was brought back: what came later is not in it."""
    restored_at: Mapped[datetime]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    second_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[datetime | None]
    answered_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    owed: Mapped[Code | None]
    """What became of mails that were owed at `moment`: `send` or `drop`."""
    since: Mapped[Code | None]
    """What became of mails that came to be owed while nobody had answered."""
