"""Keeps what goes out back after a restore, until a person has said what becomes of it (R14).

Threat: a backup knows nothing of what came after it. What it owes, and what falls due between its
moment and now, was perhaps done already by the database that is gone; nobody but a person can
tell. Timers and steps go on: they live in the database alone.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from engine import audit
from engine.errors import StateError
from engine.models import Account, Job, Restoration

HELD = "held"
OUTSIDE = frozenset({"notice", "effect"})
"""Kinds of jobs that reach somebody outside the database."""
Answer = Literal["send", "drop"]
AFTER = {"send": "waiting", "drop": "void"}


@dataclass(frozen=True)
class Held:
    """How much is kept back: owed at the moment of the backup already, and since."""

    owed: int
    since: int


def keeps_back(session: Session, kind: str) -> bool:
    """Say whether a job of this kind has to wait for a person's word.

    Locks the row that says so, so that no job is kept back by a worker while it is answered.
    """
    return kind in OUTSIDE and bool(
        session.scalars(
            select(Restoration.id)
            .where(Restoration.answered_at.is_(None))
            .with_for_update(read=True)
        ).first()
    )


def kept_back(session: Session) -> Held:
    """Count what is kept back."""
    moment = _moment(session)
    if moment is None:
        return Held(0, 0)
    is_owed = Job.created_at <= moment
    row = session.execute(
        select(func.count().filter(is_owed), func.count().filter(~is_owed)).where(Job.state == HELD)
    ).one()
    return Held(row[0], row[1])


def _moment(session: Session) -> datetime | None:
    return session.scalar(
        select(func.max(Restoration.moment)).where(Restoration.answered_at.is_(None))
    )


def note(
    session: Session, moment: datetime, people: tuple[Account, Account], now: datetime
) -> None:
    """Write down that the database was brought back to `moment`; what goes out waits from now."""
    first, second = people
    session.add(Restoration(moment=moment, restored_at=now, by_id=first.id, second_id=second.id))
    audit.record(
        session,
        None,
        at=now,
        actor_id=first.id,
        event="system:backup:restore",
        subject="database",
        second=str(second.id),
        moment=moment.isoformat(),
    )


def answer(
    session: Session,
    *,
    owed: Answer,
    since: Answer,
    people: tuple[Account, Account],
    now: datetime,
) -> Held:
    """Let out or drop what is kept back; return how much it was.

    `owed` is about mails of the backup's moment, `since` about those that came to be owed since.
    Raises StateError when nothing waits for an answer. What is let out keeps its Message-ID.
    """
    rows = list(
        session.scalars(
            select(Restoration).where(Restoration.answered_at.is_(None)).with_for_update()
        )
    )
    if not rows:
        raise StateError("No restore waits for an answer; nothing is kept back.")
    first, second = people
    found = kept_back(session)
    moment = max(row.moment for row in rows)
    for word, is_meant in ((owed, Job.created_at <= moment), (since, Job.created_at > moment)):
        session.execute(
            update(Job)
            .where(Job.state == HELD, is_meant)
            .values(state=AFTER[word], attempts=0, run_after=now)
        )
    for row in rows:
        row.answered_at, row.answered_by_id = now, first.id
        row.owed, row.since = owed, since
    audit.record(
        session,
        None,
        at=now,
        actor_id=first.id,
        event="system:backup:release",
        subject="job",
        second=str(second.id),
        owed=owed,
        since=since,
        count=found.owed + found.since,
    )
    return found
