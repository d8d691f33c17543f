"""What the officer and who reviews see of a file that is to be erased: no content of the case."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session, joinedload

from engine.access import is_barred
from engine.erasure import newest_round
from engine.models import Account, Case, ErasureRound, WorkItem

MOST = 100
FORMS = frozenset({"agree_erasure", "review_retention"})
"""Forms beside which the round stands: why the file is to go, and who said so."""


@dataclass(frozen=True)
class Round:
    """One round in words; `refused` is what the officer missed in the round before."""

    ground: str
    asked_by: str
    asked_at: datetime | None
    legal_basis: str
    reason: str
    reviewed_by: str
    reviewed_at: datetime | None
    neutral_words: str
    erase_after: date | None
    refused: str
    refused_by: str


def round_of(session: Session, item: WorkItem, case: Case) -> Round | None:
    """Return what stands beside a step of the erasure, None beside any other step."""
    row = newest_round(session, item.instance_id) if item.form_id in FORMS else None
    if row is None:
        return None
    decided = row.outcome == "erase"
    return Round(
        ground=row.ground,
        asked_by=_name(row.asked_by),
        asked_at=row.asked_at,
        legal_basis=row.legal_basis or "",
        reason=row.reason or "",
        reviewed_by=" for ".join(filter(None, (_name(row.reviewed_by), _name(row.reviewed_for)))),
        reviewed_at=row.reviewed_at if decided else None,
        neutral_words=row.neutral_words or "",
        erase_after=case.erase_after,
        refused=row.refusal_reason or "",
        refused_by=_name(row.answered_by) if row.answer == "refused" else "",
    )


def _name(account: Account | None) -> str:
    return account.display_name if account else ""


def rounds(session: Session, account: Account) -> list[tuple[ErasureRound, str]]:
    """Return the rounds, the newest first, each with where it stands; none of barred cases."""
    found = session.scalars(
        select(ErasureRound)
        .where(~is_barred(account, ErasureRound.case_id))
        .options(
            joinedload(ErasureRound.case),
            joinedload(ErasureRound.asked_by),
            joinedload(ErasureRound.reviewed_by),
            joinedload(ErasureRound.answered_by),
        )
        .order_by(_WAITS.desc(), _AT.desc(), ErasureRound.number.desc())
        .limit(MOST)
    ).unique()
    return sorted(((row, state_of(row)) for row in found), key=_newest, reverse=True)


_AT: Final = func.coalesce(
    ErasureRound.answered_at, ErasureRound.reviewed_at, ErasureRound.asked_at
)
_WAITS: Final = case(
    (ErasureRound.outcome.is_(None), 1),
    (and_(ErasureRound.outcome == "erase", ErasureRound.answer.is_(None)), 1),
    else_=0,
)
"""What somebody has to answer stands before what is answered, also where not all is shown."""


def _newest(entry: tuple[ErasureRound, str]) -> tuple[bool, float, int]:
    row, state = entry
    at = row.answered_at or row.reviewed_at or row.asked_at
    return state in {"asked", "waits"}, at.timestamp() if at else 0.0, row.number


def state_of(row: ErasureRound) -> str:
    """Return where a round stands, as a code that pages put into words."""
    if row.outcome is None:
        return "asked"
    if row.outcome != "erase":
        return "kept"
    return row.answer or "waits"


def open_step(session: Session, account: Account, case_id: UUID) -> UUID | None:
    """Return the step at which the officer is asked about a case, None when at none."""
    return session.scalar(
        select(WorkItem.id).where(
            WorkItem.case_id == case_id,
            WorkItem.form_id == "agree_erasure",
            WorkItem.state == "open",
            ~is_barred(account, WorkItem.case_id),
        )
    )
