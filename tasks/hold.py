"""What time owes to a legal hold: a request that lapses, and the day of its review."""

from uuid import UUID

from sqlalchemy.orm import Session

from engine import hold
from engine.application import Application
from engine.job import Handler, register
from engine.models import Job


def _which(application: Application, session: Session, job: Job) -> UUID:
    del application, session
    return UUID(job.payload["hold_id"])


def _look(application: Application, hold_id: UUID) -> UUID:
    hold.look_after(application, hold_id)
    return hold_id


def _nothing(application: Application, session: Session, job: Job, hold_id: UUID) -> None:
    del application, session, job, hold_id


register("hold_look", Handler(_which, _look, _nothing))
