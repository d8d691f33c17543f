"""What proves who somebody is besides the password, what happened to it, and failed attempts."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Code, Id, Line


class TotpFactor(Base):
    """The app on somebody's telephone: its shared secret, sealed for this account alone."""

    __tablename__ = "totp_factor"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]


class TotpStep(Base):
    """A time step whose code was used: the key lets it be used once, however many try at once."""

    __tablename__ = "totp_step"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    step: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)


class RecoveryCode(Base):
    """A code for the day on which the telephone is gone; only a keyed hash is stored."""

    __tablename__ = "recovery_code"

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class SecurityKey(Base):
    """A security key or passkey: only its public half is here, so nothing of it can be stolen."""

    __tablename__ = "security_key"

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    """How often the key says it was used; a number that does not grow betrays a copy."""
    name: Mapped[Line]
    """What its owner calls it."""
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class ProviderLink(Base):
    """Whom the organisation's own directory means by a number: never a name or a mail address."""

    __tablename__ = "provider_link"
    __table_args__ = (
        UniqueConstraint("issuer", "subject"),
        UniqueConstraint("account_id", "issuer"),
    )

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    issuer: Mapped[Line]
    subject: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime]


class ProviderFlow(Base):
    """A browser that is at the provider to sign in; used once, for minutes."""

    __tablename__ = "provider_flow"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(64))
    verifier: Mapped[str] = mapped_column(String(64))
    target: Mapped[Line]
    ends_at: Mapped[datetime] = mapped_column(index=True)


class ProviderSession(Base):
    """What the provider calls a sign-in that led here: it may say later that this one is over."""

    __tablename__ = "provider_session"

    mark: Mapped[str] = mapped_column(String(64), primary_key=True)
    """A keyed hash of provider and session, see engine/provider.py."""
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    ends_at: Mapped[datetime] = mapped_column(index=True)


class SpentLogout(Base):
    """A word of the provider that somebody has left: the key lets it count once."""

    __tablename__ = "spent_logout"

    mark: Mapped[str] = mapped_column(String(64), primary_key=True)
    ends_at: Mapped[datetime] = mapped_column(index=True)


class AccountEvent(Base):
    """Something that happened to an account and that its owner was told, see account_notice."""

    __tablename__ = "account_event"

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[Code]
    device: Mapped[Line] = mapped_column(default="")
    """Browser and system in words, where it happened in a browser."""
    at: Mapped[datetime]


class FailedAttempt(Base):
    """One failed attempt; the key is a keyed hash, because people type passwords as names."""

    __tablename__ = "failed_attempt"
    __table_args__ = (Index("ix_failed_attempt_kind_key_at", "kind", "key", "at"),)

    id: Mapped[Id]
    kind: Mapped[Code]
    key: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)
