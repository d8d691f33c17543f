"""What the lists of a person hold: the own, and while somebody is away the absent person's.

What gives access is asked row by row. So that a list does not ask it of the rows of all cases,
it looks through indexes first for what can be the person's at all: the cases that the person is a
member of, the open steps of the person's roles that belong to a whole role, and escalated ones.

The list of who deputises for nobody is a statement for the READER, put together once.
"""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Uuid,
    and_,
    any_,
    bindparam,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from engine.access.condition import (
    READER,
    WATCHER,
    Who,
    cases_of,
    cases_through,
    given,
    roles_of,
    watches,
    work_items_of,
    work_items_through,
)
from engine.access.person import persons
from engine.models import Account, Case, CaseMember, WorkItem

_POOLED, _ESCALATED = aliased(WorkItem, name="pooled"), aliased(WorkItem, name="over")
_THEIRS, _MEMBER = aliased(WorkItem, name="theirs"), aliased(CaseMember, name="me")
# Written out: SQLite uses a partial index only for a condition that it can read.
_IN_POOL: ColumnElement[bool] = literal_column("pooled.state = 'open' AND pooled.pool")
_IS_OVER: ColumnElement[bool] = literal_column(
    "over.state = 'open' AND over.escalated_at IS NOT NULL"
)
_IS_OPEN: ColumnElement[bool] = literal_column("theirs.state = 'open'")


def visible_cases(session: Session, account: Account) -> ColumnElement[bool]:
    """Return the condition under which a row of Case is visible to the account."""
    own, *absent = persons(session, account)
    ways = [cases_of(own), *(cases_through(account, one) for one in absent)]
    return or_(*ways)


def visible_work_items(session: Session, account: Account) -> ColumnElement[bool]:
    """Return the condition under which an open WorkItem may be done by the account."""
    own, *absent = persons(session, account)
    return or_(work_items_of(own), *(work_items_through(account, one) for one in absent))


def listed_cases(session: Session, account: Account) -> ColumnElement[bool]:
    """Return the same condition as `visible_cases`, for a list of many."""
    near = [part for one in persons(session, account) for part in _cases_near(one)]
    return and_(_among(session, Case.id, near), visible_cases(session, account))


def near_items(session: Session, person: Account) -> ColumnElement[bool]:
    """Return a condition that holds for each open WorkItem that a person may do, and few others."""
    return _among(session, WorkItem.id, _items_near(person))


def _items_near(person: Account | Who) -> list[Select[UUID]]:
    theirs = (
        select(_THEIRS.id)
        .join(_MEMBER, _MEMBER.case_id == _THEIRS.case_id)
        .where(_IS_OPEN, _MEMBER.account_id == person.id, _MEMBER.until.is_(None))
    )
    pooled, over = select(_POOLED.id), select(_ESCALATED.id)
    return [*_of_roles(pooled, over, roles_of(person)), theirs]


def _cases_near(person: Account | Who) -> list[Select[UUID]]:
    mine = select(_MEMBER.case_id).where(_MEMBER.account_id == person.id, _MEMBER.until.is_(None))
    pooled, over = select(_POOLED.case_id), select(_ESCALATED.case_id)
    return [*_of_roles(pooled, over, roles_of(person)), mine]


def _of_roles(
    pooled: Select[UUID], over: Select[UUID], roles: Any
) -> tuple[Select[UUID], Select[UUID]]:
    of_role = (_POOLED.role.in_(roles), _POOLED.organisation_id.is_(None))
    return pooled.where(_IN_POOL, *of_role), over.where(_IS_OVER, _ESCALATED.escalate_to.in_(roles))


def _among(
    session: Session, column: InstrumentedAttribute[UUID], parts: list[Select[UUID]]
) -> ColumnElement[bool]:
    """Return the condition that a column is one of what the parts find."""
    found = _in_brackets(parts)
    if is_lite(session):
        return column.in_(found)
    # Asked first: with policies before each table PostgreSQL cannot tell how few they are, and
    # would read the tables of all cases to join them.
    ids = sorted(set(session.scalars(found)))
    return column == any_(literal(ids, ARRAY(Uuid())))


def _in_brackets(parts: list[Select[UUID]]) -> Select[UUID]:
    """Return the parts as a table of its own: SQLite takes a union for a single value."""
    return union_all(*parts).subquery().select()


def is_lite(session: Session) -> bool:
    """Say whether a session speaks to SQLite."""
    return session.get_bind().dialect.name == "sqlite"


_NEAR_CASES: Final = _in_brackets(_cases_near(READER))
_NEAR: Final = bindparam("near", type_=ARRAY(Uuid()))
_SEEN: Final = bindparam("seen", type_=ARRAY(Uuid()))
# The few that are near are looked up one by one, however many cases there are.
_SEEN_NEAR: Final = {
    who.watches: select(Case.id).where(Case.id == any_(_NEAR), cases_of(who))
    for who in (READER, WATCHER)
}


def own_near(column: InstrumentedAttribute[UUID], *, lite: bool) -> ColumnElement[bool]:
    """Return the condition that a column is a case that can be the READER's at all."""
    return column.in_(_NEAR_CASES) if lite else column == any_(_NEAR)


def own_seen(
    who: Who, column: ColumnElement[Any] | InstrumentedAttribute[UUID], *, lite: bool
) -> ColumnElement[bool]:
    """Return the condition that a column is a case that the READER sees in the own right."""
    if not lite:
        return column == any_(_SEEN)
    seen = select(Case.id).where(own_near(Case.id, lite=True), cases_of(who))
    return column.in_(seen.correlate(None))


def own_given(session: Session, account: Account) -> dict[str, Any]:
    """Return what a list of an account's own rights is told.

    That is who reads and, for PostgreSQL, which cases are near and which of them are seen: with
    policies before each table it cannot tell how few they are, and would read those of all cases.
    """
    told = given(account)
    if not is_lite(session):
        told["near"] = sorted(set(session.scalars(_NEAR_CASES, told)))
        told["seen"] = list(session.scalars(_SEEN_NEAR[watches(account)], told))
    return told
