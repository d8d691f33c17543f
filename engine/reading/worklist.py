"""The worklist of one person: overdue, this week, later, and what others owe."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_, select
from sqlalchemy.orm import Session, joinedload

from engine.access import visible_cases, visible_work_items
from engine.models import Account, Case, WorkItem, WorkItemState

MOST = 300
SORTS: dict[str, tuple[Any, ...]] = {
    "due": (WorkItem.due_at, Case.code),
    "case": (Case.code, WorkItem.due_at),
    "step": (WorkItem.name, WorkItem.due_at),
}


@dataclass(frozen=True)
class Filter:
    """What the reader asked for; all of it is in the address of the page."""

    step: str = ""
    case: str = ""
    mine: bool = False
    sort: str = "due"


@dataclass(frozen=True)
class Row:
    """One owed step. `why` is `assigned`, `escalated`, `organisation` or `role`."""

    item_id: UUID
    case_code: str
    element_id: str
    step: str
    why: str
    role: str
    agency: str
    due_at: datetime
    assignee: str
    is_mine: bool


@dataclass(frozen=True)
class Worklist:
    """The rows in their standing groups; `steps` are the names to filter by."""

    overdue: list[Row] = field(default_factory=list)
    this_week: list[Row] = field(default_factory=list)
    later: list[Row] = field(default_factory=list)
    waiting: list[Row] = field(default_factory=list)
    steps: dict[str, str] = field(default_factory=dict)

    @property
    def case_codes(self) -> set[str]:
        """Return the codes of all cases that appear."""
        rows = (*self.overdue, *self.this_week, *self.later, *self.waiting)
        return {row.case_code for row in rows}

    @property
    def owed(self) -> int:
        """Return how many steps this person or its roles owe."""
        return len(self.overdue) + len(self.this_week) + len(self.later)


def worklist(
    session: Session, account: Account, now: datetime, week_ends: datetime, wanted: Filter
) -> Worklist:
    """Return the worklist; what is due at `now` is not yet overdue, at `week_ends` is later."""
    able = visible_work_items(account)
    free = or_(WorkItem.assignee_id.is_(None), WorkItem.assignee_id == account.id)
    mine = _rows(session, account, and_(able, free), wanted)
    # The cases are chosen on their own: `visible_cases` looks at work items itself.
    known = select(Case.id).where(visible_cases(account)).correlate(None)
    # An empty assignee makes the condition unknown in SQL, and "not unknown" is not true.
    is_mine = func.coalesce(and_(able, free), false())
    not_mine = and_(WorkItem.case_id.in_(known), not_(is_mine))
    others = [] if wanted.mine else _rows(session, account, not_mine, wanted)
    kept = [row for row in mine if row.is_mine] if wanted.mine else mine
    return Worklist(
        overdue=[row for row in kept if row.due_at < now],
        this_week=[row for row in kept if now <= row.due_at < week_ends],
        later=[row for row in kept if row.due_at >= week_ends],
        waiting=_merged(others),
        steps={row.element_id: row.step for row in sorted([*mine, *others], key=_step_name)},
    )


def _step_name(row: Row) -> str:
    return row.step


def _merged(rows: list[Row]) -> list[Row]:
    """Tell one step that several agencies owe in one line; the earliest due date counts."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.case_code, row.element_id), []).append(row)
    return [
        replace(
            same[0],
            agency=", ".join(sorted({row.agency for row in same if row.agency})),
            assignee=", ".join(sorted({row.assignee for row in same if row.assignee})),
            due_at=min(row.due_at for row in same),
        )
        for same in found.values()
    ]


def _rows(
    session: Session, account: Account, condition: ColumnElement[bool], wanted: Filter
) -> list[Row]:
    found = session.execute(_statement(condition, wanted)).unique().all()
    return [_row(row[0], row[1], account) for row in found]


def _statement(condition: ColumnElement[bool], wanted: Filter) -> Select[WorkItem, str]:
    statement = (
        select(WorkItem, Case.code)
        .join(Case, Case.id == WorkItem.case_id)
        .where(WorkItem.state == WorkItemState.OPEN.value, condition)
        .options(joinedload(WorkItem.assignee))
        .order_by(*SORTS.get(wanted.sort, SORTS["due"]))
        .limit(MOST)
    )
    if wanted.step:
        statement = statement.where(WorkItem.element_id == wanted.step)
    if wanted.case:
        statement = statement.where(Case.code.icontains(wanted.case, autoescape=True))
    return statement


def _row(item: WorkItem, code: str, account: Account) -> Row:
    mine = item.assignee_id == account.id
    return Row(
        item_id=item.id,
        case_code=code,
        element_id=item.element_id,
        step=item.name,
        why=_why(item, account, mine=mine),
        role=item.role,
        agency=item.organisation.name if item.organisation else "",
        due_at=item.due_at,
        assignee=item.assignee.display_name if item.assignee else "",
        is_mine=mine,
    )


def _why(item: WorkItem, account: Account, *, mine: bool) -> str:
    if mine:
        return "assigned"
    if item.role not in account.role_codes:
        return "escalated" if item.escalated_at else "role"
    return "organisation" if item.organisation_id else "role"
