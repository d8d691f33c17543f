"""The cases of one person: a list with stage and next due date, and one case by its code."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from engine.access import visible_cases
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
    condition = [visible_cases(session, account)]
    if code:
        condition.append(Case.code.icontains(code, autoescape=True))
    if state:
        condition.append(Case.state == state)
    total = session.scalar(select(func.count(Case.id)).where(*condition)) or 0
    owed = (
        select(
            WorkItem.case_id,
            func.min(WorkItem.due_at).label("next_due"),
            func.count(WorkItem.id).label("open_steps"),
        )
        .where(WorkItem.state == WorkItemState.OPEN.value)
        .group_by(WorkItem.case_id)
        .subquery()
    )
    newest = (
        select(Episode.case_id, func.max(Episode.number).label("number"))
        .group_by(Episode.case_id)
        .subquery()
    )
    rows = session.execute(
        select(Case, Episode, owed.c.next_due, owed.c.open_steps)
        .outerjoin(newest, newest.c.case_id == Case.id)
        .outerjoin(Episode, and_(Episode.case_id == Case.id, Episode.number == newest.c.number))
        .outerjoin(owed, owed.c.case_id == Case.id)
        .where(*condition)
        .order_by(Case.created_at.desc(), Case.code)
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    return [_row(*row) for row in rows], total


def _row(case: Case, episode: Episode | None, due: datetime | None, steps: int | None) -> CaseRow:
    return CaseRow(
        code=case.code,
        kind=case.kind,
        state=case.state,
        stage=episode.stage if episode else "",
        episode=episode.number if episode else 0,
        next_due=due,
        open_steps=steps or 0,
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
