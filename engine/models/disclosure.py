"""A request for access to what is kept about a person, and what is decided about each record."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id
from engine.models.case import Case
from engine.models.directory import Account, Organisation
from engine.models.sealed import SealedDay, SealedText


class Disclosure(Base):
    """One request: who asks about whom, in what relation, until when it is answered.

    It belongs to no case: the answer may be that there is none. Its words are emptied by its own
    period (the profile's `disclosure_retention`).
    """

    __tablename__ = "disclosure"
    __table_args__ = (
        CheckConstraint("released_by_id <> searched_by_id", name="released_by_another"),
        CheckConstraint(
            "(closed_at IS NULL) = (outcome IS NULL) "
            "AND (released_by_id IS NULL OR closed_at IS NOT NULL)",
            name="closed_with_outcome",
        ),
        CheckConstraint(
            "outcome <> 'released' OR (released_by_id IS NOT NULL AND identity_at IS NOT NULL "
            "AND searched_at IS NOT NULL)",
            name="released_after_all",
        ),
    )

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    """Random, says nothing: what letters name."""
    relation: Mapped[Code]
    """`person`, `guardian`, `lawyer`, or `authority` for an order of a court or oversight body."""
    requester: Mapped[SealedText]
    contact: Mapped[SealedText]
    about_name: Mapped[SealedText]
    about_born: Mapped[SealedDay | None]
    scope: Mapped[SealedText | None]
    """What an order names: no more than that goes out."""
    received_on: Mapped[date]
    due_on: Mapped[date]
    registered_by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    registered_at: Mapped[datetime]
    identity_means: Mapped[Code | None]
    identity_note: Mapped[SealedText | None]
    identity_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    identity_at: Mapped[datetime | None]
    is_party: Mapped[bool | None]
    """Whether who asks for somebody else has a part of his or her own in the case."""
    searched_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    searched_at: Mapped[datetime | None]
    outcome: Mapped[Code | None]
    """`released`, `nothing` (the neutral answer), `not_proven`, `withdrawn`."""
    released_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    closed_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]

    cases: Mapped[list["DisclosureCase"]] = relationship(
        back_populates="disclosure", order_by="DisclosureCase.found_at"
    )


class DisclosureCase(Base):
    """A case that a request is about, as the desk found it."""

    __tablename__ = "disclosure_case"
    __table_args__ = (UniqueConstraint("disclosure_id", "case_id"),)

    id: Mapped[Id]
    disclosure_id: Mapped[UUID] = mapped_column(ForeignKey("disclosure.id"), index=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    found_by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    found_at: Mapped[datetime]

    disclosure: Mapped[Disclosure] = relationship(back_populates="cases")
    case: Mapped[Case] = relationship(lazy="joined")


class ReleaseDecision(Base):
    """What goes out of one record: all, a text written for it, or nothing, with the ground."""

    __tablename__ = "release_decision"
    __table_args__ = (
        UniqueConstraint("disclosure_id", "record_id"),
        CheckConstraint("outcome IN ('release', 'part', 'refuse')", name="known_outcome"),
        CheckConstraint("(outcome = 'part') = (text IS NOT NULL)", name="text_of_part"),
        CheckConstraint("(outcome = 'release') = (ground IS NULL)", name="ground_of_withheld"),
    )

    id: Mapped[Id]
    disclosure_id: Mapped[UUID] = mapped_column(ForeignKey("disclosure.id"), index=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    record_kind: Mapped[Code]
    """The table of the record."""
    record_id: Mapped[UUID]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    """For which organisation it was decided."""
    outcome: Mapped[Code]
    ground: Mapped[Code | None]
    """A code of the profile's `disclosure_grounds`."""
    reason: Mapped[SealedText | None]
    """For the file, never for who asks."""
    text: Mapped[SealedText | None]
    by_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]

    by: Mapped[Account] = relationship()
    organisation: Mapped[Organisation] = relationship()
