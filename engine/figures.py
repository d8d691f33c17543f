"""What the database says about itself for Prometheus, asked at each scrape: counts and ages."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from engine import agenda, checkpoint, restored, staffing
from engine.application import Application
from engine.audit import SYSTEM
from engine.backup import manifest
from engine.backup.creating import CREATED
from engine.models import AuditEntry, Incident, Job

JOBS: Final = ("waiting", "calling", "failed", restored.HELD)
INCIDENTS: Final = ("open", "waiting_for_owner")


class Figures(Collector):
    """Asks the database; when it is away, that alone is told."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def describe(self) -> Iterator[Any]:
        """Name nothing beforehand: the database may be away when the server starts."""
        yield from ()

    def collect(self) -> Iterator[Any]:
        """Yield the figures of this instant."""
        yield InfoMetricFamily("casetable", "The program.", {"version": manifest.program()})
        try:
            found = list(self._asked())
        except SQLAlchemyError:
            found = []
        yield _one("casetable_database_up", "Whether the database answers.", bool(found))
        yield from found

    def _asked(self) -> Iterator[Any]:
        application = self._application
        with application.database.reading() as session:
            now = application.now(session)
            yield _counted("casetable_jobs", "Background work.", _states(session, Job, JOBS))
            yield _counted(
                "casetable_mails", "Mails that are owed.", _states(session, Job, JOBS, "notice")
            )
            yield _counted(
                "casetable_incidents", "Incidents.", _states(session, Incident, INCIDENTS)
            )
            yield _one(
                "casetable_timers_due", "Timers that are due.", agenda.count_due(session, now)
            )
            yield _one(
                "casetable_due_age_seconds",
                "How long the oldest thing that is due has waited; 0: nothing is due.",
                _overdue(now, agenda.next_due(session)),
            )
            yield _one(
                "casetable_process_instances",
                "Process instances that run.",
                agenda.running_instances(session),
            )
            yield _one(
                "casetable_queues_short",
                "Roles that owe steps and have fewer than two people, or nobody who is there.",
                len(staffing.short_queues(application, session)),
            )
            newest = checkpoint.newest(session)
            yield from _age("casetable_audit_checkpoint", now, newest.at if newest else None)
            yield from _age("casetable_backup", now, _last_backup(session))


def _one(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, told, value=float(value))


def _counted(name: str, told: str, counts: dict[str, int]) -> GaugeMetricFamily:
    found = GaugeMetricFamily(name, told, labels=["state"])
    for state, count in counts.items():
        found.add_metric([state], count)
    return found


def _age(name: str, now: datetime, at: datetime | None) -> Iterator[GaugeMetricFamily]:
    """Yield how old the newest one is; nothing where there is none."""
    if at is not None:
        yield _one(f"{name}_age_seconds", "Age of the newest one.", (now - at).total_seconds())


def _overdue(now: datetime, oldest: datetime | None) -> float:
    return max((now - oldest).total_seconds(), 0.0) if oldest else 0.0


def _states(
    session: Session, table: type[Job | Incident], states: tuple[str, ...], kind: str = ""
) -> dict[str, int]:
    query = select(table.state, func.count()).where(table.state.in_(states)).group_by(table.state)
    if kind:
        query = query.where(Job.kind == kind)
    found = {row[0]: row[1] for row in session.execute(query)}
    return {state: found.get(state, 0) for state in states}


def _last_backup(session: Session) -> datetime | None:
    return session.scalar(
        select(AuditEntry.at)
        .where(AuditEntry.chain_id == SYSTEM, AuditEntry.event == CREATED)
        .order_by(AuditEntry.sequence.desc())
        .limit(1)
    )
