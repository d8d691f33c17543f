"""What proves who somebody is besides the password, and the attempts that failed (S9, S10)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Code, Id


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


class FailedAttempt(Base):
    """One failed attempt; the key is a keyed hash, because people type passwords as names."""

    __tablename__ = "failed_attempt"
    __table_args__ = (Index("ix_failed_attempt_kind_key_at", "kind", "key", "at"),)

    id: Mapped[Id]
    kind: Mapped[Code]
    key: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)
