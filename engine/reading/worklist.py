"""The worklist of one person: overdue, this week, later, and what others owe."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    and_,
    bindparam,
    false,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased

from engine import access
from engine.deputy import is_away, now_of
from engine.models import Account, Case, Organisation, ProcessInstance, WorkItem, WorkItemState
from engine.models.base import Instant

MOST = 300
SORTS = {"due": ("due_at", "code"), "case": ("code", "due_at"), "step": ("name", "due_at")}
"""The columns by which a list is put in order."""
_HOLDER = aliased(Account)


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
    own, *absent = access.persons(session, account)
    if absent:
        mine, others = _read_of_deputy(session, own, absent, wanted)
    else:
        mine, others = _read_own(session, own, wanted)
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


Rows = tuple[list[Row], list[Row]]
"""What comes to a person, and what others owe in the cases that the person sees."""


def _read_own(session: Session, own: Account, wanted: Filter) -> Rows:
    """Read for somebody who deputises for nobody, by one statement that is made once."""
    shape = {"lite": access.is_lite(session), "watches": access.reader_like(own).watches}
    filters = _filters(wanted)
    if filters:
        statement = _own_statement(wanted.sort, filters, **shape)
    else:
        statement = own_statement(wanted.sort, **shape)
    told = access.own_given(session, own) | {"now": now_of(session)}
    rows: Rows = ([], [])
    for found in session.execute(statement, told):
        rows[0 if found.own else 1].append(_row(found, own))
    return rows[0], [] if wanted.mine else rows[1]


@cache
def own_statement(sort: str, *, lite: bool, watches: bool) -> Select[*tuple[Any, ...]]:
    """Return what reads the steps of a READER, and those that others owe in the READER's cases."""
    return _own_statement(sort, (), lite=lite, watches=watches)


def _own_statement(
    sort: str, filters: Sequence[ColumnElement[bool]], *, lite: bool, watches: bool
) -> Select[*tuple[Any, ...]]:
    who = access.WATCHER if watches else access.READER
    at: BindParameter[datetime] = bindparam("now", type_=Instant())
    own = func.coalesce(and_(access.work_items_of(who), _is_free(who.id, at)), false())
    near = [access.own_near(WorkItem.case_id, lite=lite)]
    if not lite:
        # Said of each table: PostgreSQL does not work it out and would read them whole.
        near += [
            access.own_near(column, lite=False) for column in (Case.id, ProcessInstance.case_id)
        ]
    steps = _steps(*near, *filters).add_columns(own.label("own"))
    # OFFSET keeps it apart, so that what is own is worked out once for each step.
    found = steps.offset(0).subquery()
    order = [found.c[name] for name in SORTS.get(sort, SORTS["due"])]
    place = func.row_number().over(partition_by=found.c.own, order_by=order).label("place")
    seen = access.own_seen(who, found.c.case_id, lite=lite)
    ranked = select(found, place).where(or_(found.c.own, seen)).subquery()
    return select(ranked).where(ranked.c.place <= MOST).order_by(ranked.c.place)


def _read_of_deputy(session: Session, own: Account, absent: list[Account], wanted: Filter) -> Rows:
    """Read for a deputy, by a statement for each way; the first way that fits a step counts.

    What an absent person has taken goes to the deputy first, and is free for the others too.
    """
    nobody = WorkItem.assignee_id.is_(None)
    through = [(access.work_items_through(own, one), one) for one in absent]
    own_way = and_(access.work_items_of(own), _is_free(own.id, now_of(session)))
    ways: list[tuple[ColumnElement[bool], Account | None]] = [
        *((and_(may, WorkItem.assignee_id == one.id), one) for may, one in through),
        (own_way, None),
        *((and_(may, nobody), one) for may, one in through),
    ]
    mine: list[Row] = []
    before: list[ColumnElement[bool]] = []
    for condition, one in ways:
        fits = and_(access.near_items(session, one or own), condition, _none_of(before))
        mine += [_row(found, own, one) for found in _listed(session, fits, wanted)]
        before.append(condition)
    mine.sort(key=_KEYS.get(wanted.sort, _KEYS["due"]))
    if wanted.mine:
        return mine, []
    # The cases are chosen on their own: `listed_cases` looks at work items itself.
    known = select(Case.id).where(access.listed_cases(session, own)).correlate(None)
    not_mine = and_(WorkItem.case_id.in_(known), _none_of(before))
    return mine, [_row(found, own) for found in _listed(session, not_mine, wanted)]


def _listed(session: Session, condition: ColumnElement[bool], wanted: Filter) -> Iterable[Any]:
    steps = _steps(condition, *_filters(wanted))
    columns = steps.selected_columns
    order = [columns[name] for name in SORTS.get(wanted.sort, SORTS["due"])]
    return session.execute(steps.order_by(*order).limit(MOST))


def _is_free(me: Any, now: Any) -> ColumnElement[bool]:
    """Return the condition that nobody has taken a step, or I have, or somebody who is away."""
    left = is_away(WorkItem.assignee_id, now)
    return or_(WorkItem.assignee_id.is_(None), WorkItem.assignee_id == me, left)


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


def _filters(wanted: Filter) -> tuple[ColumnElement[bool], ...]:
    filters = []
    if wanted.step:
        filters.append(WorkItem.element_id == wanted.step)
    if wanted.case:
        filters.append(Case.code.icontains(wanted.case, autoescape=True))
    return tuple(filters)


def _steps(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Return what a page shows of open steps, and no more of them."""
    return (
        select(
            *(WorkItem.id, WorkItem.case_id, WorkItem.element_id, WorkItem.name, WorkItem.role),
            *(WorkItem.organisation_id, WorkItem.assignee_id, WorkItem.escalated_at),
            *(WorkItem.due_at, Case.code, ProcessInstance.deployment_id),
            Organisation.name.label("agency"),
            _HOLDER.display_name.label("assignee"),
        )
        .join(Case, Case.id == WorkItem.case_id)
        .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
        .outerjoin(Organisation, Organisation.id == WorkItem.organisation_id)
        .outerjoin(_HOLDER, _HOLDER.id == WorkItem.assignee_id)
        .where(WorkItem.state == WorkItemState.OPEN.value, *conditions)
    )


def _row(found: Any, account: Account, absent: Account | None = None) -> Row:
    mine = found.assignee_id == (absent or account).id
    return Row(
        item_id=found.id,
        case_code=found.code,
        element_id=found.element_id,
        step=found.name,
        why=_why(found, account, mine=mine),
        role=found.role,
        agency=found.agency or "",
        due_at=found.due_at,
        assignee=found.assignee or "",
        is_mine=mine,
        behalf=absent.display_name if absent else "",
        deployment_id=found.deployment_id,
    )


def _why(found: Any, account: Account, *, mine: bool) -> str:
    if mine:
        return "assigned"
    if found.role not in account.role_codes:
        return "escalated" if found.escalated_at else "role"
    return "organisation" if found.organisation_id else "role"
