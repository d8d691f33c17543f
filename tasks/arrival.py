"""Jobs that take up what lies in the letterbox: a report gets its case, an answer its desk."""

from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from engine.application import Application
from engine.cases import take_in
from engine.challenge import LIFETIME
from engine.job import Handler, register
from engine.letterbox import HOUR, PUBLIC_CHANNEL
from engine.models import Case, Job, Signal, SpentChallenge
from engine.reporter import record_answer

MANY = 30
"""More reports in an hour than a desk reads with care: its head is told."""


def _prepare(application: Application, session: Session, job: Job) -> UUID:
    del application, session
    return UUID(job.payload["id"])


def _perform(application: Application, subject: UUID) -> UUID:
    """Do nothing outside: the work is rows in one transaction."""
    del application
    return subject


def _finish_report(application: Application, session: Session, job: Job, subject: UUID) -> None:
    del job
    take_in(application, session, subject)
    _tell_many(application, session)
    _forget_challenges(session)


def _finish_answer(application: Application, session: Session, job: Job, subject: UUID) -> None:
    del job
    case: Case = record_answer(application, session, subject)
    payload = {
        "template": "report_answered",
        "case_id": str(case.id),
        "role": "intake_desk",
    }
    _notify(application, session, f"report_answered:{subject}", payload)


def _tell_many(application: Application, session: Session) -> None:
    """Tell the head of the desk, once an hour, that more comes in than usual."""
    now = application.now(session)
    recent = select(func.count()).where(
        Signal.channel == PUBLIC_CHANNEL, Signal.received_at > now - HOUR
    )
    key = f"many_reports:{now:%Y%m%d%H}"
    if (session.scalar(recent) or 0) < MANY:
        return
    if session.scalar(select(Job.id).where(Job.key == key)) is None:
        payload = {"template": "many_reports", "role": "desk_head"}
        _notify(application, session, key, payload)


def _notify(application: Application, session: Session, key: str, payload: dict[str, Any]) -> None:
    now = application.now(session)
    session.add(
        Job(
            id=uuid4(),
            kind="notice",
            key=key,
            state=application.job_state("notice"),
            payload=payload,
            run_after=now,
            created_at=now,
        )
    )


def _forget_challenges(session: Session) -> None:
    """Delete spent challenges that are too old to be sent again."""
    # By the newest of them and not by our clock: that of a demonstration may be months ahead.
    newest = session.scalar(select(func.max(SpentChallenge.at)))
    if newest is not None:
        session.execute(delete(SpentChallenge).where(SpentChallenge.at < newest - 2 * LIFETIME))


register("report_arrived", Handler(_prepare, _perform, _finish_report))
register("answer_arrived", Handler(_prepare, _perform, _finish_answer))
