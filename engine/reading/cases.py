"""The cases of one person: a list with stage and next due date, and one case by its code."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine.access import listed_cases
from engine.errors import NotFoundError
from engine.language import gettext
from engine.models import Account, Case, Episode, WorkItem, WorkItemState

PAGE = 50


@dataclass(frozen=True)
class CaseRow:
    """One line of the list of cases; it says nothing about the person."""

    code: str
    kind: str
    state: str
    stage: str
    episode: int
    next_due: datetime | None
    open_steps: int
    created_at: datetime


def cases(
    session: Session, account: Account, code: str = "", state: str = "", page: int = 1
) -> tuple[list[CaseRow], int]:
    """Return one page of the cases that the account may read, newest first, and their number."""
    condition = [listed_cases(session, account)]
    if code:
        condition.append(Case.code.icontains(code, autoescape=True))
    if state:
        condition.append(Case.state == state)
    total = session.scalar(select(func.count(Case.id)).where(*condition)) or 0
    found = list(
        session.scalars(
            select(Case)
            .where(*condition)
            .order_by(Case.created_at.desc(), Case.code)
            .limit(PAGE)
            .offset((page - 1) * PAGE)
        ).unique()
    )
    ids = [case.id for case in found]
    newest, owed = _newest(session, ids), _owed(session, ids)
    rows = [_row(case, newest.get(case.id), *owed.get(case.id, (None, 0))) for case in found]
    return rows, total


def _newest(session: Session, ids: list[UUID]) -> dict[UUID, Episode]:
    """Return the newest episode of each case of a page."""
    episodes = select(Episode).where(Episode.case_id.in_(ids)).order_by(Episode.number)
    return {episode.case_id: episode for episode in session.scalars(episodes).unique()}


def _owed(session: Session, ids: list[UUID]) -> dict[UUID, tuple[datetime, int]]:
    """Return of each case of a page when its next open step is due, and how many are open."""
    rows = session.execute(
        select(WorkItem.case_id, func.min(WorkItem.due_at), func.count(WorkItem.id))
        .where(WorkItem.case_id.in_(ids), WorkItem.state == WorkItemState.OPEN.value)
        .group_by(WorkItem.case_id)
    )
    return {case_id: (due, count) for case_id, due, count in rows}


def _row(case: Case, episode: Episode | None, due: datetime | None, steps: int) -> CaseRow:
    return CaseRow(
        code=case.code,
        kind=case.kind,
        state=case.state,
        stage=episode.stage if episode else "",
        episode=episode.number if episode else 0,
        next_due=due,
        open_steps=steps,
        created_at=case.created_at,
    )


def case_by_code(session: Session, code: str) -> Case:
    """Return a case by its code; whether it may be read is not asked here."""
    found = session.scalars(select(Case).where(Case.code == code.upper())).unique().one_or_none()
    if found is None:
        raise NotFoundError(gettext("There is no such case, or not for this person."))
    return found


def newest_episode(session: Session, case: Case) -> Episode | None:
    """Return the episode that runs, or the last one that ran."""
    return (
        session.scalars(
            select(Episode)
            .where(Episode.case_id == case.id)
            .order_by(Episode.number.desc())
            .limit(1)
        )
        .unique()
        .one_or_none()
    )
