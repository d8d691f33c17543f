"""Which rows of cases and steps somebody may meet, as conditions of SQL.

Each is asked for an account, or for the READER of a statement that is put together once and told
at each run who reads (`given`): to put these conditions together takes longer than to run them.
"""

from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, String, Uuid, and_, bindparam, exists, false, or_, select
from sqlalchemy.orm import InstrumentedAttribute, aliased

from engine.access.standing import IN_NO_CASE, KEEPS_SEALED
from engine.deputy import ANYBODY, WITHIN
from engine.models import (
    BARRING,
    Account,
    Case,
    CaseMember,
    CaseStanding,
    CaseState,
    WorkItem,
    WorkItemState,
)
from engine.policy import NOT_DELEGATED

# Made once: an alias copies all columns of its table, at every question that is asked.
_PERIOD, _OTHER_PERIOD = aliased(CaseMember), aliased(CaseMember)
_STANDING = aliased(CaseStanding)
_TWIN = aliased(Account)
_FILE = aliased(Case)


@dataclass(frozen=True)
class Who:
    """What a condition has to know of somebody, as places of a statement."""

    id: Any
    person_id: Any
    organisation_id: Any
    roles: Any
    watches: bool


READER: Final = Who(
    bindparam("reader", type_=Uuid()),
    bindparam("reader_person", type_=Uuid()),
    bindparam("reader_home", type_=Uuid()),
    bindparam("reader_roles", type_=String(), expanding=True),
    watches=False,
)
WATCHER: Final = replace(READER, watches=True)


def reader_like(account: Account) -> Who:
    """Return the READER in whose statements an account can be told."""
    return WATCHER if watches(account) else READER


def given(account: Account) -> dict[str, Any]:
    """Return an account as the values of a statement for the READER."""
    return {
        "reader": account.id,
        "reader_person": account.person_id,
        "reader_home": account.organisation_id,
        "reader_roles": sorted(account.role_codes),
    }


def roles_of(somebody: Account | Who) -> Any:
    """Return the roles of an account in their order, or the place for those of a READER."""
    match somebody:
        case Who():
            return somebody.roles
        case Account():
            return sorted(somebody.role_codes)


def watches(somebody: Account | Who) -> bool:
    """Say whether somebody watches over data protection, and so reads no case."""
    match somebody:
        case Who():
            return somebody.watches
        case Account():
            return bool(IN_NO_CASE & somebody.role_codes)


def is_barred(account: Account | Who, case_id: Any) -> ColumnElement[bool]:
    """Return the condition under which the account is kept out of the case of a row."""
    standing = _STANDING
    of_human = select(_TWIN.id).where(_TWIN.person_id == account.person_id)
    return exists().where(
        standing.case_id == case_id,
        standing.account_id.in_(of_human),
        standing.until.is_(None),
        standing.state.in_(BARRING),
    )


def not_excluded(account: Account, case_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """Return the condition under which the account was not taken out of the case of a row."""
    left, back = _PERIOD, _OTHER_PERIOD
    return and_(
        ~is_barred(account, case_id),
        or_(
            ~exists().where(left.case_id == case_id, left.account_id == account.id),
            exists().where(
                back.case_id == case_id, back.account_id == account.id, back.until.is_(None)
            ),
        ),
    )


def admits(account: Account, roles: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Return the condition under which a file lets one of the account's own roles take part."""
    own = (roles.contains(f" {role} ", autoescape=True) for role in sorted(account.role_codes))
    return or_(roles == "", *own)


def cases_of(account: Account | Who) -> ColumnElement[bool]:
    """Return the condition under which a Case is visible in the account's own right."""
    return _cases(account, work_items_of(account))


def cases_through(account: Account, absent: Account) -> ColumnElement[bool]:
    """Return the condition under which a deputy sees a Case for an absent person."""
    steps = work_items_through(account, absent)
    return and_(_cases(absent, steps), not_excluded(account, Case.id), admits(account, Case.roles))


def _cases(person: Account | Who, steps: ColumnElement[bool]) -> ColumnElement[bool]:
    member = exists().where(
        CaseMember.case_id == Case.id,
        CaseMember.account_id == person.id,
        CaseMember.until.is_(None),
        or_(Case.state != CaseState.SEALED.value, CaseMember.function.in_(KEEPS_SEALED)),
    )
    owed = exists().where(
        WorkItem.case_id == Case.id,
        WorkItem.state == WorkItemState.OPEN.value,
        # Who watches over data protection does a step of a case and opens nothing of it.
        false() if watches(person) else steps,
    )
    return and_(
        Case.state != CaseState.ERASED.value,
        ~is_barred(person, Case.id),
        or_(member, owed),
    )


def left_cases(account: Account) -> ColumnElement[bool]:
    """Return the condition under which the account took part in a Case once, and does no longer."""
    period = _PERIOD
    mine = (period.case_id == Case.id, period.account_id == account.id)
    return and_(
        Case.state.not_in([CaseState.ERASED.value, CaseState.SEALED.value]),
        ~is_barred(account, Case.id),
        exists().where(*mine),
        ~exists().where(*mine, period.until.is_(None)),
    )


def work_items_through(account: Account, absent: Account) -> ColumnElement[bool]:
    """Return the condition under which a deputy may do an open WorkItem for an absent person."""
    within = account.organisation_id == absent.organisation_id
    return and_(
        WorkItem.deputies.in_([ANYBODY, WITHIN] if within else [ANYBODY]),
        work_items_of(absent),
        not_excluded(account, WorkItem.case_id),
        # Threat: who deputises for a colleague of another body would read its file.
        exists().where(_FILE.id == WorkItem.case_id, admits(account, _FILE.roles)),
    )


def work_items_of(account: Account | Who) -> ColumnElement[bool]:
    """Return the condition under which an open WorkItem may be done in the account's own right.

    A role with members in the case belongs to those members; a role that nobody holds there
    yet is a pool for all its holders. Desk roles stay a pool: their members are all holders.
    """
    roles = roles_of(account)
    member = _PERIOD
    am_member = exists().where(
        member.case_id == WorkItem.case_id,
        member.account_id == account.id,
        member.until.is_(None),
        member.function == WorkItem.role,
    )
    other = _OTHER_PERIOD
    taken = exists().where(
        other.case_id == WorkItem.case_id,
        other.until.is_(None),
        other.function == WorkItem.role,
    )
    of_own_house = WorkItem.organisation_id == account.organisation_id
    of_nobody = WorkItem.organisation_id.is_(None)
    mine = and_(
        WorkItem.role.in_(roles),
        or_(
            and_(of_nobody, or_(~taken, WorkItem.desk)),
            and_(or_(of_nobody, of_own_house), am_member),
        ),
    )
    escalated = and_(
        WorkItem.escalated_at.is_not(None),
        WorkItem.escalate_to.in_(roles),
        WorkItem.organisation_id.is_(None),
        WorkItem.role.not_in(NOT_DELEGATED),
    )
    # Having taken a step gives nothing: who has left the case may still be written down there.
    return and_(or_(mine, escalated), ~is_barred(account, WorkItem.case_id))


SEEN: Final = {
    who.watches: select(Case.id).where(Case.id == bindparam("case_id", type_=Uuid()), cases_of(who))
    for who in (READER, WATCHER)
}
"""Whether the READER sees one case: asked for each page of a case and each step of one."""
