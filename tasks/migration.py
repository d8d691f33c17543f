"""The job that plans a run of a migration, and carries it out slice by slice."""

from uuid import UUID

from sqlalchemy.orm import Session

from engine.application import Application
from engine.job import Handler, register
from engine.migrating import run as runs
from engine.models import Job


def _prepare(application: Application, session: Session, job: Job) -> UUID:
    del application, session
    return UUID(job.payload["run_id"])


def _perform(application: Application, run_id: UUID) -> bool:
    """Move cases for a while, each in a transaction of its own; say whether none is left."""
    return runs.work(application, run_id)


def _finish(application: Application, session: Session, job: Job, over: object) -> None:
    if not over:
        runs.go_on(session, UUID(job.payload["run_id"]), application.now(session))


register(runs.JOB, Handler(_prepare, _perform, _finish))
