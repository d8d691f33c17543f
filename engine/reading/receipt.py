"""What somebody who reported a concern may see of it: three words, nothing else (threat 1.2)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Case, CaseState, Episode, Signal, WorkItem, WorkItemState


def receipt_state(session: Session, signal: Signal) -> str:
    """Return `received`, `looked_at` or `finished`.

    `finished` is said of the first look alone, as soon as the intake has ended: whether there
    is a case after that, and how it goes on, is nobody's business but the partners'.
    """
    row = session.execute(
        select(Case.state, Episode.stage, Episode.number)
        .join(Episode, Episode.case_id == Case.id)
        .where(Case.id == signal.case_id)
        .order_by(Episode.number.desc())
        .limit(1)
    ).one_or_none()
    if row is None or row.state != CaseState.OPEN.value or row.number > 1:
        return "finished"
    if row.stage not in {"", "intake"}:
        return "finished"
    return "looked_at" if _first_step_done(session, signal) else "received"


def _first_step_done(session: Session, signal: Signal) -> bool:
    return (
        session.scalar(
            select(WorkItem.id)
            .where(
                WorkItem.case_id == signal.case_id,
                WorkItem.state == WorkItemState.COMPLETED.value,
            )
            .limit(1)
        )
        is not None
    )
