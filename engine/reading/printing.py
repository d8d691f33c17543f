"""What waits for a second person before a file is printed, and the whole file itself (S19)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from engine import access, printing
from engine.models import Account, Case, FilePrinting
from engine.reading.timeline import Entry, timeline
from engine.reading.viewer import Viewer


@dataclass(frozen=True)
class Asked:
    """One request; `prints_until` when it is agreed to and not used yet."""

    id: UUID
    case_code: str
    asked_by: str
    asked_at: datetime
    purpose: str
    agreed_by: str
    prints_until: datetime | None
    reads_case: bool


@dataclass(frozen=True)
class Printings:
    """What waits for a person's answer, and what the person asked and may still print."""

    to_answer: list[Asked]
    own: list[Asked]

    @property
    def codes(self) -> list[str]:
        """Return the codes of the cases that the list names."""
        return [row.case_code for row in (*self.to_answer, *self.own)]


def printings(session: Session, account: Account, now: datetime) -> Printings:
    """Return both lists of a person, the oldest first."""
    return Printings(
        [_asked(session, account, row) for row in printing.waiting(session, account)],
        [_asked(session, account, row) for row in printing.own(session, account, now)],
    )


def own_in(session: Session, account: Account, case: Case, now: datetime) -> Asked | None:
    """Return what a person asked in a case and may still wait for or print."""
    rows = [row for row in printing.own(session, account, now) if row.case_id == case.id]
    return _asked(session, account, rows[0]) if rows else None


def _asked(session: Session, account: Account, row: FilePrinting) -> Asked:
    return Asked(
        id=row.id,
        case_code=row.case.code,
        asked_by=f"{row.asked_by.display_name}, {row.asked_by.organisation.name}",
        asked_at=row.asked_at,
        purpose=row.purpose,
        agreed_by=row.answered_by.display_name if row.answered_by else "",
        prints_until=row.prints_until,
        reads_case=access.may(session, account, "case:print", row.case),
    )


def whole_timeline(session: Session, case: Case, viewer: Viewer, today: date) -> list[Entry]:
    """Return all entries of the timeline that the reader may see, the oldest first."""
    first = timeline(session, case, viewer, today)
    entries = list(first.entries)
    for page in range(2, first.pages + 1):
        entries += timeline(session, case, viewer, today, page=page).entries
    return entries[::-1]
