"""Loads what an address names, for the guard to judge; finding nothing is NotFoundError."""

from uuid import UUID

from sqlalchemy.orm import Session

from engine.models import Case, Incident, WorkItem
from engine.reading.cases import case_by_code


def work_item(session: Session, item_id: UUID) -> WorkItem | None:
    """Return the work item of an address."""
    return session.get(WorkItem, item_id)


def case(session: Session, code: str, **_others: object) -> Case:
    """Return the case of an address."""
    return case_by_code(session, code)


def incident(session: Session, incident_id: UUID) -> Incident | None:
    """Return the incident of an address."""
    return session.get(Incident, incident_id)
