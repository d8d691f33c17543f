"""A case, the people and agencies around it, and the person it is about."""

from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models import admission
from engine.models.base import Base, Code, Id, Line, index_of_some
from engine.models.directory import Account, Organisation
from engine.models.sealed import SealedDay, SealedJson, SealedText

if TYPE_CHECKING:
    from engine.models.key import CaseKey


class CaseState(StrEnum):
    """Where the case as a whole stands; the stage inside an episode is Episode.stage."""

    OPEN = "open"
    CLOSED = "closed"
    """Closed by joint decision after the monitoring (L1 to L4)."""
    ENDED = "ended"
    """Ended without plan: regular care, transfer, withdrawal."""
    SEALED = "sealed"
    """Unfounded or malicious: nobody reads it, erased soon (P33)."""
    ERASED = "erased"


class Case(Base):
    """One individual case over all its episodes."""

    __tablename__ = "casework_case"

    id: Mapped[Id]
    code: Mapped[str] = mapped_column(String(20), unique=True)
    """Opaque, says nothing about the person; the only thing a mail may name."""
    kind: Mapped[Code]
    """`signal`, `returnee` or `release` (P11)."""
    state: Mapped[Code] = mapped_column(default=CaseState.OPEN.value, index=True)
    deployment_id: Mapped[str] = mapped_column(ForeignKey("deployment.id"))
    file: Mapped[Code] = mapped_column(default="")
    """Which of the files that a structure keeps apart; empty where a case has one file."""
    roles: Mapped[str] = mapped_column(String(1000), default="")
    """Who alone takes part here, each between blanks; empty: whoever the drawings ask.

    As it was when the file was opened: triggers ask it too (engine/models/guard.py).
    """
    steward: Mapped[Code] = mapped_column(default="desk_head")
    """The role that looks after what fails here."""
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    erase_after: Mapped[date | None]
    audit_sequence: Mapped[int] = mapped_column(default=0)
    audit_head: Mapped[str] = mapped_column(String(64), default="")
    """The newest link of this case's audit chain; see engine/audit.py."""

    key: Mapped["CaseKey | None"] = relationship(back_populates="case", lazy="joined")
    """Comes in the same statement, so that what belongs to the case opens without another one.

    Whoever locks a case says `with_for_update(of=Case)`: a joined row cannot be locked.
    """

    def admits(self, role: str) -> bool:
        """Say whether holders of a role may take part in this file."""
        return admission.admits(self.roles, role)

    def admits_any(self, roles: Iterable[str]) -> bool:
        """Say whether one of some roles may take part in this file."""
        return admission.admits_any(self.roles, roles)

    def admitted(self, roles: Iterable[str]) -> frozenset[str]:
        """Return those of some roles that count in this file."""
        return admission.admitted(self.roles, roles)


class Person(Base):
    """The person whom a case is about. Nothing of this row enters a process variable."""

    __tablename__ = "person"

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), unique=True)
    name: Mapped[SealedText]
    birth_date: Mapped[SealedDay | None]
    details: Mapped[SealedJson] = mapped_column(default=dict)

    case: Mapped[Case] = relationship()


class CaseMember(Base):
    """A period in which a person had access to a case in one function (need-to-know).

    Without an end it is access today. Invitations, suspensions and recusals are rows of
    CaseStanding; whoever has only ended rows is a former member.
    """

    __tablename__ = "case_member"
    __table_args__ = (
        index_of_some(
            "uq_case_member_active",
            "case_id",
            "account_id",
            "function",
            where="until IS NULL",
            unique=True,
        ),
    )

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    function: Mapped[Code]
    """A role code of the profile, e.g. `content_coordinator`, `partner`."""
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    reason: Mapped[Line | None]
    legal_basis: Mapped[SealedText | None]
    """Why this person may know; empty when a step of the process gave the access."""
    granted_by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    """Whose deed gave the access; empty when it was nobody's."""
    confirmed_at: Mapped[datetime | None]
    """When the organisation's lead last said that the access is still needed."""

    case: Mapped[Case] = relationship()
    account: Mapped[Account] = relationship(foreign_keys=[account_id], lazy="joined")


class CasePartner(Base):
    """An organisation's part in a case and what it agreed to share (P21, P22, P55, P69)."""

    __tablename__ = "case_partner"
    __table_args__ = (UniqueConstraint("case_id", "organisation_id"),)

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    state: Mapped[Code] = mapped_column(default="active")
    """`active` or `left`."""
    sharing_level: Mapped[Code] = mapped_column(default="undeclared")
    """`undeclared`, `nothing`, `concern_only`, `summary`, `full`."""
    sharing_statement: Mapped[SealedJson] = mapped_column(default=dict)
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]

    case: Mapped[Case] = relationship()
    organisation: Mapped[Organisation] = relationship(lazy="joined")


class CaseLink(Base):
    """Two cases that belong together: of one family (P10), or two files about one person.

    Kind `file`: `case_id` handed over, `other_case_id` is what that opened.
    """

    __tablename__ = "case_link"
    __table_args__ = (UniqueConstraint("case_id", "other_case_id"),)

    id: Mapped[Id]
    case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    other_case_id: Mapped[UUID] = mapped_column(ForeignKey("casework_case.id"), index=True)
    kind: Mapped[Code]
