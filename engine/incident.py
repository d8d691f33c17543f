"""What could not be done by itself: kept with an owner, retried with back-off (R15)."""

from datetime import datetime, timedelta
from pathlib import Path
from traceback import extract_tb
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import audit
from engine.errors import (
    CasetableError,
    ClosingRefusedError,
    ConflictError,
    DecisionError,
    DiagramError,
    EngineStoppedError,
    ExpressionError,
    OperatorError,
)
from engine.language import gettext, parts_of, source_of
from engine.models import Account, Case, Incident, Job, ProcessInstance

BACK_OFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
)
OWNER = "desk_head"
SEEN, REVIEW = "seen", "review"
"""What settles an incident that nothing can be tried again for."""

TURN_FAILURES = (
    OperatorError,
    DecisionError,
    DiagramError,
    ExpressionError,
    EngineStoppedError,
    ClosingRefusedError,
)
"""Failures of a turn that are neither the person's input nor somebody else being first."""


def describe(error: Exception) -> CasetableError:
    """Return an error that may be stored and shown: the text of an unknown one may quote data."""
    if isinstance(error, CasetableError):
        return error
    if isinstance(error, OSError) and error.strerror:
        return CasetableError(f"{type(error).__name__}: {error.strerror}.")
    frames = extract_tb(error.__traceback__)
    at = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    kind = type(error).__name__
    return CasetableError(gettext("An unexpected %(kind)s; tell the operator.", kind=f"{kind}{at}"))


def _retry_at(error: CasetableError, attempts: int, now: datetime) -> datetime | None:
    if isinstance(error, OperatorError) and not error.retryable:
        return None
    if isinstance(error, ClosingRefusedError) or attempts > len(BACK_OFF):
        return None
    return now + BACK_OFF[attempts - 1]


def raise_incident(
    session: Session,
    *,
    key: str,
    error: CasetableError,
    now: datetime,
    instance_id: UUID | None,
    element_id: str = "",
    stimulus: dict[str, Any] | None = None,
    owner_role: str = OWNER,
) -> Incident:
    """Record a failure, or count up the one with the same key; nothing is retried for ever."""
    incident = session.scalar(select(Incident).where(Incident.key == key))
    if incident is None:
        case_id = None
        if instance_id is not None:
            case_id, steward = session.execute(
                select(Case.id, Case.steward)
                .join(ProcessInstance, ProcessInstance.case_id == Case.id)
                .where(ProcessInstance.id == instance_id)
            ).one_or_none() or (None, OWNER)
            # A file that is kept apart is looked after by its own body.
            owner_role = steward if owner_role == OWNER else owner_role
        incident = Incident(
            instance_id=instance_id,
            case_id=case_id,
            key=key,
            element_id=element_id,
            stimulus=stimulus or {},
            owner_role=owner_role,
            attempts=0,
            message="",
            state="open",
            created_at=now,
        )
        session.add(incident)
    if stimulus is not None:
        # The newest attempt is the one to repeat: somebody else may have answered since.
        incident.stimulus = stimulus
    incident.attempts += 1
    incident.message, incident.said = source_of(error)[:300], parts_of(error)
    incident.retry_at = _retry_at(error, incident.attempts, now)
    incident.state = "open" if incident.retry_at else "waiting_for_owner"
    incident.resolved_at = None
    return incident


def call_for(
    session: Session,
    *,
    key: str,
    message: str,
    now: datetime,
    about: str,
    role: str,
    case_id: UUID | None = None,
    settled_by: str = SEEN,
) -> Incident:
    """Call a person to look at what somebody did; nothing is tried again by itself.

    `settled_by` is `seen` (that person says so) or `review` (when both reviews are written).
    """
    if case_id is not None and role == OWNER:
        role = session.scalar(select(Case.steward).where(Case.id == case_id)) or OWNER
    incident = raise_incident(
        session,
        key=key,
        error=OperatorError(message, retryable=False),
        now=now,
        instance_id=None,
        element_id=about,
        stimulus={"kind": settled_by},
        owner_role=role,
    )
    incident.case_id = case_id
    return incident


def resolve_incident(session: Session, key: str, now: datetime) -> None:
    """Mark what had failed as done after all."""
    incident = session.scalar(
        select(Incident).where(Incident.key == key, Incident.state != "resolved")
    )
    if incident is not None:
        incident.state, incident.resolved_at, incident.retry_at = "resolved", now, None


def ask_again(session: Session, incident: Incident, account: Account, now: datetime) -> None:
    """Let the owner have it tried again, now that what had failed is mended."""
    if incident.state == "resolved":
        raise ConflictError(gettext("This is done already."))
    case = None
    if incident.case_id is not None:
        case = session.scalar(
            select(Case).where(Case.id == incident.case_id).with_for_update(of=Case)
        )
    kind = incident.stimulus.get("kind")
    if kind == REVIEW:
        raise ConflictError(
            gettext("This ends by itself as soon as two persons have written their review.")
        )
    if kind == SEEN:
        resolve_incident(session, incident.key, now)
    elif incident.key.startswith("job:"):
        job = session.get_one(Job, UUID(incident.key.removeprefix("job:")))
        job.state, job.run_after, job.attempts = "waiting", now, 0
        incident.state = "open"
    else:
        incident.state, incident.retry_at = "open", now
    audit.record(
        session,
        case,
        at=now,
        actor_id=account.id,
        event="incident:retry",
        subject=incident.id,
    )
