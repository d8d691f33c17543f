"""The question across agencies whether a person is known: who may be told, and who asked (S22)."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from engine.models.base import Base, Code, Id
from engine.models.sealed import SealedText


class HitAllowance(Base):
    """One organisation lets another learn that it knows a person; without a row it does not."""

    __tablename__ = "hit_allowance"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    audience_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    by_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]


class IdentityQuery(Base):
    """One question whether somebody is known. The name is not kept, only its keyed hash."""

    __tablename__ = "identity_query"
    __table_args__ = (Index("ix_identity_query_account_id_day", "account_id", "day"),)

    id: Mapped[Id]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    query_hash: Mapped[str] = mapped_column(String(64))
    purpose: Mapped[Code]
    reason: Mapped[SealedText]
    at: Mapped[datetime]
    day: Mapped[date]
    """In the profile's time zone: so many questions a person has a day."""
