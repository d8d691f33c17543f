"""The worklist of one person: overdue, this week, later, and what others owe."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_, select
from sqlalchemy.orm import Session, joinedload

from engine import access
from engine.deputy import is_away, now_of
from engine.models import Account, Case, ProcessInstance, WorkItem, WorkItemState

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
    behalf: str = ""
    """The absent person from whom it comes by deputising."""
    deployment_id: str = ""
    """The set of drawings that names the step."""


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
    mine: list[Row] = []
    before: list[ColumnElement[bool]] = []
    for condition, absent, holder in _ways(session, account):
        fits = and_(access.near_items(session, holder), condition, _none_of(before))
        mine += _rows(session, account, fits, wanted, absent)
        before.append(condition)
    mine.sort(key=_KEYS.get(wanted.sort, _KEYS["due"]))
    # The cases are chosen on their own: `visible_cases` looks at work items itself.
    known = select(Case.id).where(access.listed_cases(session, account)).correlate(None)
    not_mine = and_(WorkItem.case_id.in_(known), _none_of(before))
    others = [] if wanted.mine else _rows(session, account, not_mine, wanted)
    kept = [row for row in mine if row.is_mine] if wanted.mine else mine
    return Worklist(
        overdue=[row for row in kept if row.due_at < now],
        this_week=[row for row in kept if now <= row.due_at < week_ends],
        later=[row for row in kept if row.due_at >= week_ends],
        waiting=_merged(others),
        steps={row.element_id: row.step for row in sorted([*mine, *others], key=_step_name)},
    )


_KEYS: dict[str, Callable[[Row], Any]] = {
    "due": lambda row: (row.due_at, row.case_code),
    "case": lambda row: (row.case_code, row.due_at),
    "step": lambda row: (row.step, row.due_at),
}


Way = tuple[ColumnElement[bool], Account | None, Account]
"""What comes to a person, for which absent person, and whose roles and cases it comes by."""


def _ways(session: Session, account: Account) -> list[Way]:
    """Return what comes to a person, and for whom: the first way that fits a step counts.

    What an absent person has taken goes to the deputy first, and is free for the others too.
    """
    own, *absent = access.persons(session, account)
    through = [(access.work_items_through(own, one), one) for one in absent]
    nobody = WorkItem.assignee_id.is_(None)
    left = is_away(WorkItem.assignee_id, now_of(session))
    free = or_(nobody, WorkItem.assignee_id == own.id, left)
    ways: list[Way] = [
        (and_(may, WorkItem.assignee_id == one.id), one, one) for may, one in through
    ]
    ways.append((and_(access.work_items_of(own), free), None, own))
    ways += [(and_(may, nobody), one, one) for may, one in through]
    return ways


def _none_of(conditions: list[ColumnElement[bool]]) -> ColumnElement[bool]:
    # An empty assignee makes the condition unknown in SQL, and "not unknown" is not true.
    return not_(func.coalesce(or_(false(), *conditions), false()))


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
    session: Session,
    account: Account,
    condition: ColumnElement[bool],
    wanted: Filter,
    absent: Account | None = None,
) -> list[Row]:
    found = session.execute(_statement(condition, wanted)).unique().all()
    return [replace(_row(row[0], row[1], account, absent), deployment_id=row[2]) for row in found]


def _statement(condition: ColumnElement[bool], wanted: Filter) -> Select[WorkItem, str, str]:
    statement = (
        select(WorkItem, Case.code, ProcessInstance.deployment_id)
        .join(Case, Case.id == WorkItem.case_id)
        .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
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


def _row(item: WorkItem, code: str, account: Account, absent: Account | None) -> Row:
    mine = item.assignee_id == (absent or account).id
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
        behalf=absent.display_name if absent else "",
    )


def _why(item: WorkItem, account: Account, *, mine: bool) -> str:
    if mine:
        return "assigned"
    if item.role not in account.role_codes:
        return "escalated" if item.escalated_at else "role"
    return "organisation" if item.organisation_id else "role"
