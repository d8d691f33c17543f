"""What time owes after an emergency access: its end, and the look at whether it was reviewed."""

from uuid import UUID

from sqlalchemy.orm import Session

from engine import emergency, emergency_review
from engine.application import Application
from engine.job import Handler, register
from engine.models import Job


def _which(application: Application, session: Session, job: Job) -> UUID:
    del application, session
    return UUID(job.payload["access_id"])


def _end(application: Application, access_id: UUID) -> UUID:
    emergency.end(application, access_id, None)
    return access_id


def _same(application: Application, access_id: UUID) -> UUID:
    del application
    return access_id


def _nothing(application: Application, session: Session, job: Job, access_id: UUID) -> None:
    del application, session, job, access_id


def _look(application: Application, session: Session, job: Job, access_id: UUID) -> None:
    del job
    emergency_review.look_after(application, session, access_id)


register("emergency_end", Handler(_which, _end, _nothing))
register("emergency_review", Handler(_which, _same, _look))
