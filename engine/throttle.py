"""Counts failed attempts in the database: shared by all processes, kept over restarts (S10).

An attempt is claimed before it is checked and given back when it was right. So a hundred guesses
sent at once are counted like a hundred sent in a row.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from engine.errors import TooManyAttemptsError
from engine.language import gettext, moment
from engine.models import FailedAttempt
from engine.sealing import fingerprint


@dataclass(frozen=True)
class Limit:
    """At most `most` failures of one key within `window`."""

    kind: str
    most: int
    window: timedelta


SHORT = timedelta(minutes=5)
BY_NAME = (Limit("name", 5, SHORT),)
BY_ADDRESS = (Limit("address", 10, SHORT),)
BY_BROWSER = (Limit("browser", 5, SHORT),)
"""Instead of name, address and all, where somebody has signed in from this browser before."""
BY_ALL = (Limit("all", 1000, SHORT),)
BY_FACTOR = (
    Limit("factor", 5, SHORT),
    Limit("factor", 20, timedelta(hours=1)),
    Limit("factor", 50, timedelta(days=1)),
)
BY_SESSION = (Limit("session", 5, SHORT),)
"""Typing the password again: failures at the sign-in page keep nobody from it."""
BY_PROVIDER = (Limit("provider", 300, SHORT),)
"""Sign-ins that are begun at the provider; an organisation may share one address."""
BY_EMERGENCY = (
    Limit("emergency", 5, timedelta(hours=1)),
    Limit("emergency", 10, timedelta(days=1)),
)
"""Emergency accesses that were not given: nobody tries codes one after the other."""
KEPT = timedelta(days=1)
LOCK = 0x6361_7365
"""One advisory lock for all counting: it is held for a few statements only."""
Keys = Sequence[tuple[tuple[Limit, ...], str]]


def claim(session: Session, key: bytes, keys: Keys, now: datetime) -> list[UUID]:
    """Count one attempt for each key; raise TooManyAttemptsError when one has none left."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    session.execute(delete(FailedAttempt).where(FailedAttempt.at < now - KEPT))
    rows = []
    for limits, value in keys:
        hashed = fingerprint(key, limits[0].kind, value)
        for limit in limits:
            _check(session, limit, hashed, now)
        rows.append(FailedAttempt(kind=limits[0].kind, key=hashed, at=now))
    session.add_all(rows)
    return [row.id for row in rows]


def give_back(session: Session, claimed: list[UUID]) -> None:
    """Forget attempts that were right."""
    session.execute(delete(FailedAttempt).where(FailedAttempt.id.in_(claimed)))


def _check(session: Session, limit: Limit, hashed: str, now: datetime) -> None:
    recent = select(func.count()).where(
        FailedAttempt.kind == limit.kind,
        FailedAttempt.key == hashed,
        FailedAttempt.at > now - limit.window,
    )
    if (session.scalar(recent) or 0) >= limit.most:
        wait = moment.lasting(int(limit.window.total_seconds() // 60))
        raise TooManyAttemptsError(
            gettext("Too many attempts; wait %(wait)s and retry.", wait=wait)
        )
