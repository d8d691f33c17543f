"""Who works with the system: organisations, accounts, roles, web sessions."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import ForeignKey, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id, Line


class Organisation(Base):
    """An agency or partner, e.g. youth work, police, a school (P16, P20)."""

    __tablename__ = "organisation"

    id: Mapped[Id]
    code: Mapped[Code] = mapped_column(unique=True)
    name: Mapped[Line]
    discipline: Mapped[Code]
    """A code of the profile's disciplines, e.g. `mental_health` (P19, P99)."""
    contact: Mapped[Line | None]


class Account(Base):
    """A person who works with the system; never the person a case is about."""

    __tablename__ = "account"

    id: Mapped[Id]
    username: Mapped[Code] = mapped_column(unique=True)
    display_name: Mapped[Line]
    email: Mapped[Line]
    password_hash: Mapped[Line]
    password_is_lent: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether others set the password: it is changed before anything else (V6.4.1)."""
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    language: Mapped[str] = mapped_column(String(10), default="")
    """The chosen language; empty for who chose none and reads that of the structure."""
    person_id: Mapped[UUID] = mapped_column(default=uuid4, index=True)
    """The human behind the account: equal for two accounts of one (S19). Names nobody."""
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]

    organisation: Mapped[Organisation] = relationship()
    roles: Mapped[list["AccountRole"]] = relationship(
        back_populates="account", cascade="all, delete-orphan", lazy="joined"
    )

    @property
    def role_codes(self) -> frozenset[str]:
        """The codes of the roles that this person holds."""
        return frozenset(role.role for role in self.roles)


class AccountRole(Base):
    """One role held by one account."""

    __tablename__ = "account_role"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    role: Mapped[Code] = mapped_column(primary_key=True, index=True)

    account: Mapped[Account] = relationship(back_populates="roles")


class SessionStage(StrEnum):
    """How far somebody has come in signing in."""

    FULL = "full"
    SECOND_STEP = "second_step"
    """The password was right; the code of the second factor is awaited."""
    ENROLMENT = "enrolment"
    """The password was right; a second factor has to be set up first."""


class WebSession(Base):
    """A signed-in browser; only the hash of its token is stored (S8)."""

    __tablename__ = "web_session"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    id: Mapped[UUID] = mapped_column(unique=True, default=uuid4)
    """What a page may call the session: it opens nothing."""
    stage: Mapped[Code] = mapped_column(default=SessionStage.FULL.value)
    device: Mapped[Line] = mapped_column(default="")
    """Browser and system in words; what the browser says of itself is not kept."""
    pending_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    """A second factor that is being set up in this session, sealed."""
    challenge: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What a security key has to sign in this session, once."""
    challenge_ends_at: Mapped[datetime | None]
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    confirmed_at: Mapped[datetime]
    """When the password was last typed: signing a decision wants a fresh one."""
    ends_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship(lazy="joined")
