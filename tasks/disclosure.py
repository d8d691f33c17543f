"""What time owes to a request for access: the officer's call, and the end of its own words."""

from uuid import UUID

from sqlalchemy.orm import Session

from engine import disclosure_answer
from engine.application import Application
from engine.job import Handler, register
from engine.models import Job


def _which(application: Application, session: Session, job: Job) -> UUID:
    del application, session
    return UUID(job.payload["disclosure_id"])


def _look(application: Application, disclosure_id: UUID) -> UUID:
    disclosure_answer.look_after(application, disclosure_id)
    return disclosure_id


def _nothing(application: Application, session: Session, job: Job, disclosure_id: UUID) -> None:
    del application, session, job, disclosure_id


register("disclosure_look", Handler(_which, _look, _nothing))
