"""Background jobs: found in the database, done once, retried with back-off.

A handler is two steps around the outside call, so that no transaction is held over I/O:
`prepare` reads what is needed and returns it, `perform` does the outside work without a
database, `finish` writes the result. A job killed in between is taken up again; its key makes
the receiver able to recognise the repetition.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import bindparam, select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from engine import operator, restored
from engine.application import Application
from engine.errors import CasetableError, OperatorError
from engine.incident import describe, raise_incident, resolve_incident
from engine.language import gettext, source_of
from engine.models import Job
from engine.models.base import at_most, spelled_out

LOG = structlog.get_logger()
CALL_LIMIT = timedelta(minutes=2)
"""After this time a call under way counts as lost and is taken up by another worker."""
MARGIN = timedelta(seconds=20)
"""For writing down what a piece of judging found, once it was ended."""
BACK_OFF = (1, 5, 30, 120, 720)
"""Minutes until the next attempt."""


@dataclass(frozen=True)
class Handler:
    """How one kind of job is done."""

    prepare: Callable[[Application, Session, Job], Any]
    perform: Callable[[Application, Any], Any]
    finish: Callable[[Application, Session, Job, Any], None]


_HANDLERS: dict[str, Handler] = {}


def register(kind: str, handler: Handler) -> None:
    """Make a kind of job known."""
    _HANDLERS[kind] = handler


def handler_of(kind: str) -> Handler:
    """Return the handler of a kind of job; raise OperatorError when nobody knows it."""
    operator.catalogue()  # loads the packages in which handlers are registered too
    if kind not in _HANDLERS:
        raise OperatorError(
            gettext("Nothing knows how to do a job of kind %(kind)s.", kind=repr(kind)),
            retryable=False,
        )
    return _HANDLERS[kind]


LOST: Final = select(Job.id).where(
    spelled_out(Job.state, "calling"), Job.run_after <= bindparam("before")
)
"""Calls that nobody makes any more; `before` as `lost_before` says."""


def lost_before(application: Application, now: datetime) -> datetime:
    """Return when a call began that counts as lost: one for a piece of judging may take longer."""
    return now - max(CALL_LIMIT, timedelta(seconds=application.settings.judge_seconds) + MARGIN)


def reclaim_lost_calls(application: Application) -> None:
    """Put jobs back whose worker died in the middle of an outside call, a bounded number of times.

    Threat: a job that kills its worker each time would keep killing workers for ever (R15).
    """
    with application.database.reading() as session:
        before = lost_before(application, application.now(session))
        lost = list(session.scalars(LOST, {"before": before}))
    for job_id in lost:
        with application.database.transaction() as session:
            job = session.scalar(
                select(Job).where(Job.id == job_id).with_for_update(skip_locked=True)
            )
            if job is not None and job.state == "calling" and job.run_after <= before:
                error = CasetableError(gettext("The worker ended in the middle of this job."))
                _put_back(application, session, job, error, at_once=True)


def next_job(session: Session, now: datetime) -> Job | None:
    """Claim the oldest job that is due; others pass over a claimed one (SKIP LOCKED)."""
    return session.scalar(
        select(Job)
        .where(spelled_out(Job.state, "waiting"), Job.run_after <= now)
        .order_by(Job.run_after, Job.id)
        .limit(at_most(1))
        .with_for_update(skip_locked=True)
    )


@dataclass(frozen=True)
class _Claimed:
    """A job that this worker does now, or what kept it from being prepared.

    With neither it was kept back, and nothing is done.
    """

    id: UUID
    attempt: int
    handler: Handler | None = None
    prepared: Any = None
    problem: Exception | None = None


def run_next_job(application: Application) -> bool:
    """Do one due job; say whether there was one. Whatever a handler raises is counted (R15)."""
    claimed = _claim(application)
    if claimed is None:
        return False
    problem = claimed.problem or _perform(application, claimed)
    if problem is not None:
        _failed(application, claimed, problem)
    return True


def _claim(application: Application) -> _Claimed | None:
    with application.database.transaction() as session:
        now = application.now(session)
        job = next_job(session, now)
        if job is None:
            return None
        if restored.keeps_back(session, job.kind):
            job.state = restored.HELD
            return _Claimed(job.id, job.attempts)
        job.state, job.run_after, job.attempts = "calling", now, job.attempts + 1
        try:
            # Inside its own savepoint: that the job was tried stays on record when it fails.
            with session.begin_nested():
                handler = handler_of(job.kind)
                prepared = handler.prepare(application, session, job)
        except (OperationalError, InterfaceError):
            raise
        except Exception as error:  # noqa: BLE001 - the edge to every handler
            return _Claimed(job.id, job.attempts, problem=error)
        return _Claimed(job.id, job.attempts, handler, prepared)


def _perform(application: Application, claimed: _Claimed) -> Exception | None:
    """Do the outside work and write its result; return what went wrong."""
    if claimed.handler is None:
        return None
    try:
        result = claimed.handler.perform(application, claimed.prepared)
        _finish(application, claimed, claimed.handler, result)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - the edge to every handler
        return error
    return None


def _finish(application: Application, claimed: _Claimed, handler: Handler, result: Any) -> None:
    with application.database.transaction() as session:
        job = _fenced(session, claimed)
        if job is not None:
            handler.finish(application, session, job, result)
            job.state, job.done_at, job.last_error = "done", application.now(session), None
            if claimed.attempt > 1:
                resolve_incident(session, f"job:{job.id}", job.done_at)


def _fenced(session: Session, claimed: _Claimed) -> Job | None:
    """Return the job if no other worker has taken it up in the meantime."""
    job = session.scalar(select(Job).where(Job.id == claimed.id).with_for_update())
    return job if job and job.state == "calling" and job.attempts == claimed.attempt else None


def _failed(application: Application, claimed: _Claimed, error: Exception) -> None:
    known = describe(error)
    LOG.warning("job_failed", job=str(claimed.id), attempt=claimed.attempt, error=str(known))
    with application.database.transaction() as session:
        job = _fenced(session, claimed)
        if job is not None:
            _put_back(application, session, job, known)


def _put_back(
    application: Application,
    session: Session,
    job: Job,
    error: CasetableError,
    *,
    at_once: bool = False,
) -> None:
    """Owe a job again after a while, or give it up; an incident tells its owner either way."""
    now = application.now(session)
    job.last_error = source_of(error)[:500]
    hopeless = isinstance(error, OperatorError) and not error.retryable
    if hopeless or job.attempts > len(BACK_OFF):
        job.state = "failed"
    else:
        job.state = "waiting"
        wait = timedelta() if at_once else timedelta(minutes=BACK_OFF[job.attempts - 1])
        job.run_after = now + wait
    if at_once and job.state == "waiting":
        return  # a worker that was stopped is nothing that anybody has to see to
    incident = raise_incident(
        session,
        key=f"job:{job.id}",
        error=error,
        now=now,
        instance_id=job.instance_id,
        element_id=job.kind,
    )
    incident.state = "open" if job.state == "waiting" else "waiting_for_owner"
    incident.retry_at = None  # the job itself is retried
