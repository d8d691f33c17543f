"""The cases of one person: a list with stage and next due date, and one case by its code."""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, bindparam, func, select
from sqlalchemy.orm import Session, joinedload

from engine.access import (
    READER,
    WATCHER,
    is_lite,
    listed_cases,
    own_given,
    own_seen,
    persons,
    reader_like,
)
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
    wanted = []
    if code:
        wanted.append(Case.code.icontains(code, autoescape=True))
    if state:
        wanted.append(Case.state == state)
    if len(list(persons(session, account))) > 1:
        seen, told = _listing(listed_cases(session, account)), {}
    else:
        shape = {"lite": is_lite(session), "watches": reader_like(account).watches}
        seen, told = own_cases(**shape), own_given(session, account)
    listed = seen.where(*wanted)
    found = session.execute(listed.limit(PAGE).offset((page - 1) * PAGE), told).all()
    total = found[0].total if found else _count(session, listed, told, page)
    ids = [case.id for case in found]
    newest, owed = _newest(session, ids), _owed(session, ids)
    rows = [
        _row(case, *newest.get(case.id, _NONE), *owed.get(case.id, (None, 0))) for case in found
    ]
    return rows, total


_NONE = ("", 0)
"""Stage and number of an episode that there is not."""


@cache
def own_cases(*, lite: bool, watches: bool) -> Select[*tuple[Any, ...]]:
    """Return what lists the cases of a READER who deputises for nobody, and counts them."""
    return _listing(own_seen(WATCHER if watches else READER, Case.id, lite=lite))


def _listing(condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    total = func.count().over().label("total")
    columns = (Case.id, Case.code, Case.kind, Case.state, Case.created_at)
    newest_first = (Case.created_at.desc(), Case.code)
    return select(*columns, total).where(condition).order_by(*newest_first)


def _count(
    session: Session, listed: Select[*tuple[Any, ...]], told: dict[str, Any], page: int
) -> int:
    """Return how many cases there are for who asked for a page behind the last one."""
    first = session.execute(listed.limit(1), told).first() if page > 1 else None
    return first.total if first else 0


def _newest(session: Session, ids: list[UUID]) -> dict[UUID, tuple[str, int]]:
    """Return stage and number of the newest episode of each case of a page."""
    if not ids:
        return {}
    rows = session.execute(
        select(Episode.case_id, Episode.stage, Episode.number)
        .where(Episode.case_id.in_(ids))
        .order_by(Episode.number)
    )
    return {case_id: (stage, number) for case_id, stage, number in rows}


def _owed(session: Session, ids: list[UUID]) -> dict[UUID, tuple[datetime, int]]:
    """Return of each case of a page when its next open step is due, and how many are open."""
    if not ids:
        return {}
    rows = session.execute(
        select(WorkItem.case_id, func.min(WorkItem.due_at), func.count(WorkItem.id))
        .where(WorkItem.case_id.in_(ids), WorkItem.state == WorkItemState.OPEN.value)
        .group_by(WorkItem.case_id)
    )
    return {case_id: (due, count) for case_id, due, count in rows}


def _row(case: Any, stage: str, episode: int, due: datetime | None, steps: int) -> CaseRow:
    return CaseRow(
        code=case.code,
        kind=case.kind,
        state=case.state,
        stage=stage,
        episode=episode,
        next_due=due,
        open_steps=steps,
        created_at=case.created_at,
    )


_BY_CODE: Final = select(Case).where(Case.code == bindparam("code"))


def case_by_code(session: Session, code: str) -> Case:
    """Return a case by its code; whether it may be read is not asked here."""
    found = session.scalars(_BY_CODE, {"code": code.upper()}).unique().one_or_none()
    if found is None:
        raise NotFoundError(gettext("There is no such case, or not for this person."))
    return found


def newest_episode(session: Session, case: Case) -> Episode | None:
    """Return the episode that runs, or the last one that ran."""
    return session.scalars(_NEWEST, {"case_id": case.id}).unique().one_or_none()


_NEWEST: Final = (
    select(Episode)
    .where(Episode.case_id == bindparam("case_id", type_=Uuid()))
    .options(joinedload(Episode.instance))
    .order_by(Episode.number.desc())
    .limit(1)
)
