"""What the data-protection officer sees: who looked how much, seals, exports; no case content."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, case, func, or_, select
from sqlalchemy.orm import Session, joinedload

from engine.hold import in_force
from engine.models import Account, AuditCheckpoint, AuditEntry, LegalHold, Organisation
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
class Holds:
    """How many files are held, and how many requests to set or lift a hold have no answer."""

    on: int
    asked: int


@dataclass(frozen=True)
class Protection:
    """One page: the last verification, the newest seals, exports, the busiest readers, holds."""

    verified: AuditEntry | None
    checkpoints: list[AuditCheckpoint]
    exports: list[AuditEntry]
    readers: list[Reader]
    holds: Holds


def protection(session: Session, now: datetime) -> Protection:
    """Return what the page shows; five statements."""
    points = select(AuditCheckpoint).order_by(AuditCheckpoint.sequence.desc()).limit(5)
    return Protection(
        verified=next(iter(_newest(session, VERIFIED, 1)), None),
        checkpoints=list(session.scalars(points)),
        exports=_newest(session, EXPORTED, 5),
        readers=_readers(session, now - WINDOW),
        holds=_holds(session),
    )


def _holds(session: Session) -> Holds:
    is_on = in_force()
    is_asked = or_(
        and_(LegalHold.agreed_at.is_(None), LegalHold.declined_at.is_(None)),
        and_(is_on, LegalHold.lift_asked_at.is_not(None)),
    )
    counts = select(func.count().filter(is_on), func.count().filter(is_asked))
    on, asked = session.execute(counts.select_from(LegalHold)).one()
    return Holds(on, asked)


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
