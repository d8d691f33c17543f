"""Who reads how much of a contribution: what its author's organisation changed since (P21-P23)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id
from engine.models.casefile import Contribution
from engine.models.directory import Account, Organisation
from engine.models.sealed import SealedText


class ContributionShare(Base):
    """One audience's level of one contribution; a later row of the same audience replaces it.

    The contribution itself is never changed, so that it stays provable who could read what when.
    """

    __tablename__ = "contribution_share"
    __table_args__ = (
        UniqueConstraint("contribution_id", "number"),
        CheckConstraint("organisation_id IS NOT NULL OR expires_on IS NULL", name="table_for_good"),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    contribution_id: Mapped[UUID] = mapped_column(ForeignKey("contribution.id"), index=True)
    number: Mapped[int]
    """Counts the changes of one contribution: two may carry the same instant."""
    organisation_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    """The audience; empty: everybody at the table who has no row of their own."""
    level: Mapped[Code]
    """`nothing`, `concern_only`, `summary`, `full`."""
    summary: Mapped[SealedText | None]
    """Written for this audience, where the contribution itself has none."""
    legal_basis: Mapped[SealedText | None]
    expires_on: Mapped[date | None]
    """The last day on which more is read than the table reads; then it falls back by itself."""
    by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    for_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """The absent colleague on whose behalf a deputy changed it."""
    at: Mapped[datetime]

    contribution: Mapped[Contribution] = relationship()
    organisation: Mapped[Organisation | None] = relationship(lazy="joined")
    by: Mapped[Account] = relationship(foreign_keys=[by_id])
    behalf: Mapped[Account | None] = relationship(foreign_keys=[for_id])
