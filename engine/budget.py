"""How many different cases one person opens in a day: asks for the password, then stops (S13).

Nobody works on a hundred cases in a day; whoever opens so many copies the files, or somebody else
does at that desk. Counted in the audit trail, so for all processes, browsers and restarts.
"""

from datetime import datetime, time
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import Integer, Uuid, bindparam, select
from sqlalchemy.orm import Session

from engine import audit
from engine.access import IN_NO_CASE
from engine.incident import call_for
from engine.language import mark
from engine.models import Account, AuditEntry
from engine.models.base import Instant
from engine.profile import Profile

OPENED = "case:file:read"
STOPPED = "person:reading:stop"
STEP_UP, STOP = 60, 120
"""Where the profile says nothing else."""


class Verdict(StrEnum):
    """Whether one case more is opened."""

    GO = "go"
    ASK = "ask"
    """After the password was typed just now."""
    STOP = "stop"


def judge(
    session: Session, account: Account, case_id: UUID, now: datetime, profile: Profile
) -> Verdict:
    """Say whether the person opens one case more today; one that is open already is free.

    Who watches over reading sees no content and is not counted.
    """
    if IN_NO_CASE & account.role_codes:
        return Verdict.GO
    stop = int(profile.values.get("reading_stop", STOP))
    opened = _opened(session, account, _midnight(now, profile), stop)
    if case_id in opened:
        return Verdict.GO
    if len(opened) >= stop:
        return Verdict.STOP
    asks = len(opened) >= int(profile.values.get("reading_step_up", STEP_UP))
    return Verdict.ASK if asks else Verdict.GO


def _midnight(now: datetime, profile: Profile) -> datetime:
    return datetime.combine(now.astimezone(profile.zone).date(), time(), profile.zone)


def _opened(session: Session, account: Account, since: datetime, most: int) -> set[UUID | None]:
    """Return the cases that the person has opened since; no more than needed to judge."""
    asked = {"reader": account.id, "since": since, "most": most + 1}
    return set(session.scalars(_OPENED_BY, asked))


_OPENED_BY: Final = (
    select(AuditEntry.case_id)
    .where(
        AuditEntry.actor_id == bindparam("reader", type_=Uuid()),
        AuditEntry.at >= bindparam("since", type_=Instant()),
        AuditEntry.event == OPENED,
    )
    .distinct()
    .limit(bindparam("most", type_=Integer()))
)


def stop(session: Session, account: Account, now: datetime, profile: Profile) -> None:
    """Call the data-protection officer and write down that the person was stopped."""
    call_for(
        session,
        key=f"reading_limit:{account.id}:{_midnight(now, profile):%Y-%m-%d}",
        message=mark(
            "Somebody was stopped after opening as many cases in a day as the profile allows."
        ),
        now=now,
        about=account.username,
        role="dpo",
    )
    audit.record(session, None, at=now, actor_id=account.id, event=STOPPED, subject=account.id)
