"""The audit trail: hash chains written in the same commit as the deed, and their checkpoints."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from engine.models.base import Base, Code, Id
from engine.models.directory import Account


class AuditEntry(Base):
    """Who did what to what, when. Ids and codes, never content."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        UniqueConstraint("chain_id", "sequence"),
        Index("ix_audit_entry_actor_id_at", "actor_id", "at"),
        Index("ix_audit_entry_event_at", "event", "at"),
    )

    id: Mapped[Id]
    chain_id: Mapped[UUID]
    """The case; for what concerns no single case the person, else engine.audit.SYSTEM."""
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("casework_case.id"), index=True)
    sequence: Mapped[int]
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    event: Mapped[Code]
    """Grammar `scope:resource:action`, e.g. `case:opinion:record`."""
    subject: Mapped[Code]
    """The id of what it was done to."""
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    """Keyed: whoever can write the table and does not hold the key can forge no entry (S12)."""

    actor: Mapped[Account | None] = relationship()


class AuditHead(Base):
    """The newest link of a chain that belongs to no case; that of a case stands in its row."""

    __tablename__ = "audit_head"

    chain_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(default=0)
    hash: Mapped[str] = mapped_column(String(64), default="")


class AuditCheckpoint(Base):
    """All chains as they were at one instant, chained to the checkpoint before (S12)."""

    __tablename__ = "audit_checkpoint"

    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    entries: Mapped[int] = mapped_column(BigInteger)
    """How many entries all chains had together."""
    digest: Mapped[str] = mapped_column(String(64))
    """Over the digest before and the heads that have moved since (AuditSeal): so over all heads."""
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class AuditSeal(Base):
    """How far one chain had come at a checkpoint; only chains that had moved have a row."""

    __tablename__ = "audit_seal"

    chain_id: Mapped[UUID] = mapped_column(primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    hash: Mapped[str] = mapped_column(String(64))
    checkpoint: Mapped[int] = mapped_column(ForeignKey("audit_checkpoint.sequence"), index=True)
