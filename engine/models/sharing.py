"""Who reads how much of a contribution: what its author's organisation changed since (P21-P23).

Everything is read by others only when two persons of that organisation want it (security.md 2.4);
what the first of them asks is a row, and so is what the second answers.
"""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id, index_of_some
from engine.models.case import Case
from engine.models.casefile import Contribution
from engine.models.directory import Account, Organisation
from engine.models.sealed import SealedText

_TWO_PERSONS = """
outcome IS NULL OR outcome NOT IN ('agreed', 'refused') OR (
    answered_by_id IS NOT NULL AND answered_by_id <> asked_by_id
    AND (asked_for_id IS NULL OR answered_by_id <> asked_for_id)
    AND (answered_for_id IS NULL OR (
        answered_for_id <> asked_by_id
        AND (asked_for_id IS NULL OR answered_for_id <> asked_for_id))))
"""
_FULL_TAKES_TWO = """
level <> 'full' OR one_person OR (
    agreed_by_id IS NOT NULL AND request_id IS NOT NULL AND agreed_by_id <> by_id
    AND (for_id IS NULL OR agreed_by_id <> for_id))
"""


class SharingRequest(Base):
    """One person asks that others read everything; a second of the same organisation answers."""

    __tablename__ = "sharing_request"
    __table_args__ = (
        CheckConstraint(_TWO_PERSONS, name="two_persons"),
        CheckConstraint("(outcome IS NULL) = (answered_at IS NULL)", name="answered_at_an_instant"),
        index_of_some("ix_sharing_request_waiting", "asked_at", where="outcome IS NULL"),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    contribution_id: Mapped[UUID] = mapped_column(ForeignKey("contribution.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    """Whose contribution it is; both persons are of this organisation."""
    audience_id: Mapped[UUID | None] = mapped_column(ForeignKey("organisation.id"))
    """Who would read everything; empty: everybody at the table."""
    summary: Mapped[SealedText | None]
    legal_basis: Mapped[SealedText | None]
    expires_on: Mapped[date | None]
    asked_by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    asked_for_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """The absent colleague on whose behalf a deputy asked; counts as having asked too."""
    asked_at: Mapped[datetime]
    answered_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """Who agreed or refused; also who took it back, which the asker may."""
    answered_for_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[datetime | None]
    outcome: Mapped[Code | None]
    """`agreed`, `refused`, `withdrawn`, `overtaken`; empty while it is open."""
    reason: Mapped[SealedText | None]

    case: Mapped[Case] = relationship()
    contribution: Mapped[Contribution] = relationship()
    organisation: Mapped[Organisation] = relationship(foreign_keys=[organisation_id], lazy="joined")
    audience: Mapped[Organisation | None] = relationship(foreign_keys=[audience_id], lazy="joined")
    asked_by: Mapped[Account] = relationship(foreign_keys=[asked_by_id], lazy="joined")
    asked_for: Mapped[Account | None] = relationship(foreign_keys=[asked_for_id], lazy="joined")
    answered_by: Mapped[Account | None] = relationship(foreign_keys=[answered_by_id])


class ContributionShare(Base):
    """One audience's level of one contribution; a later row of the same audience replaces it.

    The contribution itself is never changed, so that it stays provable who could read what when.
    """

    __tablename__ = "contribution_share"
    __table_args__ = (
        UniqueConstraint("contribution_id", "number"),
        CheckConstraint("organisation_id IS NOT NULL OR expires_on IS NULL", name="table_for_good"),
        CheckConstraint(_FULL_TAKES_TWO, name="full_takes_two"),
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
    request_id: Mapped[UUID | None] = mapped_column(ForeignKey("sharing_request.id"))
    """What two persons agreed on; only where everything is read."""
    agreed_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    one_person: Mapped[bool] = mapped_column(default=False)
    """Whether one person was enough: the profile says so, or it was before there was the rule."""

    contribution: Mapped[Contribution] = relationship()
    organisation: Mapped[Organisation | None] = relationship(lazy="joined")
    agreed_by: Mapped[Account | None] = relationship(foreign_keys=[agreed_by_id])
    by: Mapped[Account] = relationship(foreign_keys=[by_id])
    behalf: Mapped[Account | None] = relationship(foreign_keys=[for_id])
