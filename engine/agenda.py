"""What time owes: timers, reminders, escalations, retries and jobs, found by one statement."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from math import ceil
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, bindparam, func, literal, select, union_all
from sqlalchemy.orm import Session

from engine.models import (
    Incident,
    InstanceState,
    Job,
    ProcessInstance,
    Timer,
    TimerState,
    WorkItem,
    WorkItemState,
)
from engine.models.base import at_most, spelled_out

Kind = Literal["timer", "reminder", "escalation", "retry", "job"]
BATCH = 60
"""Pieces of one look: what is new in the meantime waits until they are done."""


@dataclass(frozen=True, order=True)
class Due:
    """One thing that time owes."""

    at: datetime
    kind: Kind
    id: UUID


def _branch(most: int, kind: Kind, at: Any, row_id: Any, *conditions: Any) -> Any:
    """Return the oldest rows of one kind; each part of the union reads only its own index."""
    return (
        select(literal(kind).label("kind"), at.label("at"), row_id.label("id"))
        .where(*conditions, at > bindparam("after"), at <= bindparam("until"))
        .order_by(at)
        .limit(at_most(most))
        .subquery()
        .select()
    )


@cache
def _branches(most: int) -> CompoundSelect[Any]:
    is_open = spelled_out(WorkItem.state, WorkItemState.OPEN.value)
    branch = partial(_branch, most)
    return union_all(
        branch("timer", Timer.due_at, Timer.id, spelled_out(Timer.state, TimerState.WAITING.value)),
        branch(
            "reminder", WorkItem.remind_at, WorkItem.id, is_open, WorkItem.reminded_at.is_(None)
        ),
        branch(
            "escalation", WorkItem.due_at, WorkItem.id, is_open, WorkItem.escalated_at.is_(None)
        ),
        branch("retry", Incident.retry_at, Incident.id, spelled_out(Incident.state, "open")),
        branch("job", Job.run_after, Job.id, spelled_out(Job.state, "waiting")),
    )


_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


def _owed(session: Session, after: datetime, until: datetime, most: int) -> list[Due]:
    # In whole batches: each other limit would be another statement to be planned and kept.
    written = most if most == 1 else ceil(most / BATCH) * BATCH
    rows = session.execute(_branches(written), {"after": after, "until": until})
    return sorted(Due(at, kind, row_id) for kind, at, row_id in rows)[:most]


def find_due(session: Session, until: datetime, limit: int = BATCH) -> list[Due]:
    """Return what is due at `until`, oldest first, by one statement."""
    return _owed(session, _EARLIEST, until, limit)


def next_due(session: Session, after: datetime | None = None) -> datetime | None:
    """Return the next instant (later than `after`) at which something is due."""
    found = _owed(session, after or _EARLIEST, _LATEST, 1)
    return found[0].at if found else None


def count_due(session: Session, now: datetime, most: int | None = None) -> int:
    """Return how many timers are due, and do not count beyond `most`."""
    is_waiting = spelled_out(Timer.state, TimerState.WAITING.value)
    return count(session, select(Timer.id).where(is_waiting, Timer.due_at <= now), most)


def running_instances(session: Session, most: int | None = None) -> int:
    """Return how many process instances run, and do not count beyond `most`."""
    is_running = spelled_out(ProcessInstance.status, InstanceState.RUNNING.value)
    return count(session, select(ProcessInstance.id).where(is_running), most)


def count(session: Session, rows: Select[Any], most: int | None = None) -> int:
    """Return how many rows there are, and do not count beyond `most`."""
    limited = rows if most is None else rows.limit(at_most(most))
    return session.scalar(select(func.count()).select_from(limited.subquery())) or 0
