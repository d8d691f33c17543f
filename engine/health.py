"""What an operator wants to know at a glance, without any content."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import agenda, restored, role, staffing, virus
from engine.application import Application
from engine.models import Incident, Job, Timer, TimerState
from engine.models.base import spelled_out

COUNTED_TO = 1000
"""No figure says more: it is asked every few seconds, and the metrics count all (M5)."""


def answers(application: Application) -> None:
    """Ask the database a question; raises when it is away."""
    with application.database.reading() as session:
        session.execute(select(1))


def look(application: Application) -> dict[str, Any]:
    """Return counts and the oldest thing that is due; raises when the database is away."""
    with application.database.reading() as session:
        now = application.now(session)
        oldest = agenda.next_due(session)
        return {
            "time": now.isoformat(),
            "database": application.database.url.get_backend_name(),
            "row_level_security": role.state(application.database),
            "counted_to": COUNTED_TO,
            "running_instances": agenda.running_instances(session, COUNTED_TO),
            "virus_scanner": _scanner(application.settings.virus_scanner),
            "timers_due": agenda.count_due(session, now, COUNTED_TO),
            "timers_waiting": _count(session, Timer, TimerState.WAITING.value),
            "jobs_waiting": _count(session, Job, "waiting"),
            "jobs_failed": _count(session, Job, "failed"),
            "jobs_held": _count(session, Job, restored.HELD),
            "incidents_open": _count(session, Incident, "open"),
            "incidents_for_owner": _count(session, Incident, "waiting_for_owner"),
            "queues_short": {
                queue.role: {"able": queue.able, "there": queue.there}
                for queue in staffing.short_queues(application, session)
            },
            "oldest_due": oldest.isoformat() if oldest else None,
        }


def _scanner(address: str) -> str:
    """Say whether files of strangers can be taken: without its scanner none is."""
    if not address:
        return "not set"
    return "answers" if virus.answers(address) else "away"


def _count(session: Session, table: type[Timer | Job | Incident], state: str) -> int:
    rows = select(table.id).where(spelled_out(table.state, state))
    return agenda.count(session, rows, COUNTED_TO)
