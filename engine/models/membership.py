"""Where people stand in a case without having access: invited, suspended, recused.

A row of CaseMember is access for as long as it has no end. Whatever gives no access is kept apart
from it, so that a query that forgets about these states shows too little and never too much.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id, index_of_some
from engine.models.case import Case
from engine.models.directory import Account
from engine.models.sealed import SealedText


class Standing(StrEnum):
    """A state of membership without access; `active` and `former` are rows of CaseMember."""

    INVITED = "invited"
    """Asked to take part; sees the invitation and nothing of the case."""
    SUSPENDED = "suspended"
    """Kept out for the time being, e.g. because nobody confirmed the membership in time."""
    RECUSED = "recused"
    """Declared a conflict of interest; comes back by two other persons alone."""


class Outcome(StrEnum):
    """How a standing ended."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    RETURNED = "returned"


BARRING = (Standing.SUSPENDED.value, Standing.RECUSED.value)
"""Standings that keep a person out of the whole case, whatever roles are held."""

_TWO_OTHERS = """
state <> 'recused' OR ended_as IS NULL OR ended_as <> 'returned' OR (
    return_asked_by_id IS NOT NULL AND ended_by_id IS NOT NULL
    AND return_asked_by_id <> ended_by_id
    AND return_asked_by_id <> account_id AND ended_by_id <> account_id)
"""


class CaseStanding(Base):
    """One period in which somebody was invited to a case, suspended from it, or recused.

    A new state is a new row; an ended row is never opened again.
    """

    __tablename__ = "case_standing"
    __table_args__ = (
        index_of_some(
            "uq_case_standing_open",
            "case_id",
            "account_id",
            "function",
            where="until IS NULL",
            unique=True,
        ),
        CheckConstraint(_TWO_OTHERS, name="return_by_two_others"),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    function: Mapped[Code]
    """The function to be had, or that was had before."""
    state: Mapped[Code]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    reason: Mapped[Code]
    """A code; of a recusal the kind of conflict."""
    text: Mapped[SealedText | None]
    """What the person explained, for who leads the case alone."""
    legal_basis: Mapped[SealedText | None]
    granted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """Who invited or suspended; empty when time did it."""
    return_asked_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """The first of the two who let a recused person come back."""
    ended_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    ended_as: Mapped[Code | None]

    case: Mapped[Case] = relationship()
    account: Mapped[Account] = relationship(foreign_keys=[account_id], lazy="joined")
    granted_by: Mapped[Account | None] = relationship(foreign_keys=[granted_by_id])
