"""What the data-protection officer sees: who looked how much, seals, exports; no case content."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, joinedload

from engine.models import Account, AuditCheckpoint, AuditEntry, Organisation
from engine.reading.readership import OPENED, REFUSED

WINDOW = timedelta(days=30)
MOST = 10
VERIFIED = "audit:chain:verify"
EXPORTED = "audit:head:export"


@dataclass(frozen=True)
class Reader:
    """How much one person has looked in the last days."""

    name: str
    organisation: str
    openings: int
    cases: int
    refused: int


@dataclass(frozen=True)
class Protection:
    """One page: the last verification, the newest seals, exports, and the busiest readers."""

    verified: AuditEntry | None
    checkpoints: list[AuditCheckpoint]
    exports: list[AuditEntry]
    readers: list[Reader]


def protection(session: Session, now: datetime) -> Protection:
    """Return what the page shows; four statements."""
    points = select(AuditCheckpoint).order_by(AuditCheckpoint.sequence.desc()).limit(5)
    return Protection(
        verified=next(iter(_newest(session, VERIFIED, 1)), None),
        checkpoints=list(session.scalars(points)),
        exports=_newest(session, EXPORTED, 5),
        readers=_readers(session, now - WINDOW),
    )


def _newest(session: Session, event: str, most: int) -> list[AuditEntry]:
    rows = session.scalars(
        select(AuditEntry)
        .where(AuditEntry.event == event)
        .options(joinedload(AuditEntry.actor))
        .order_by(AuditEntry.at.desc(), AuditEntry.sequence.desc())
        .limit(most)
    )
    return list(rows.unique())


def _readers(session: Session, since: datetime) -> list[Reader]:
    openings = func.sum(case((AuditEntry.event == OPENED, 1), else_=0))
    refused = func.sum(case((AuditEntry.event == REFUSED, 1), else_=0))
    cases = func.count(AuditEntry.case_id.distinct()).filter(AuditEntry.event == OPENED)
    rows = session.execute(
        select(Account.display_name, Organisation.name, openings, cases, refused)
        .join(AuditEntry, AuditEntry.actor_id == Account.id)
        .join(Organisation, Organisation.id == Account.organisation_id)
        .where(AuditEntry.event.in_((OPENED, REFUSED)), AuditEntry.at >= since)
        .group_by(Account.id, Account.display_name, Organisation.name)
        .order_by(refused.desc(), openings.desc(), Account.display_name)
        .limit(MOST)
    )
    return [Reader(*row) for row in rows]
