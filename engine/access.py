"""The one door of access: who may do what (need-to-know).

A person reads a case as an active member of it, or because a work item of the case is owed by
a role (and organisation) that the person holds. Everything else looks like not existing.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, and_, bindparam, exists, false, or_, select
from sqlalchemy.orm import Session, aliased

from engine.errors import NotFoundError
from engine.models import (
    Account,
    AccountRole,
    Case,
    CaseMember,
    CaseState,
    Incident,
    WorkItem,
    WorkItemState,
)

DESK_ACTIONS = {
    "signal:create": frozenset({"intake_desk"}),
    "case:reopen": frozenset(
        {"intake_desk", "chair", "process_coordinator", "content_coordinator"}
    ),
    "protection:read": frozenset({"dpo"}),
    "health:read": frozenset({"operator", "process_owner", "desk_head"}),
}
"""Actions that a role alone allows."""

IN_NO_CASE = frozenset({"dpo"})
"""Roles whose holders are members of no case: who watches over reading does not read (S13)."""

SEES_READERS = frozenset({"process_coordinator", "content_coordinator", "chair"})
"""Functions in a case whose holders see who looked at it (S13)."""

NOT_DELEGATED = frozenset({"accountable_person"})
"""Roles whose steps nobody else does, however late it gets (P93): an escalation only tells.

What an organisation owes is not done for it either: it alone says what it shares (P22).
"""

SUBJECT = Case | WorkItem | Incident | None
Members = set[tuple[UUID, str]]
"""Active members of a case: account and function."""


def may(
    session: Session,
    account: Account,
    action: str,
    subject: SUBJECT = None,
    *,
    members: Members | None = None,
) -> bool:
    """Say whether the account may do `action` (grammar `resource:verb`) to the subject.

    `members` are those of the work item's case, when the caller has read them already.
    """
    if account.disabled_at is not None:
        return False
    if isinstance(subject, WorkItem):
        return _may_work_item(session, account, action, subject, members)
    if isinstance(subject, Case):
        return _may_case(session, account, action, subject)
    if isinstance(subject, Incident):
        return subject.owner_role in account.role_codes
    return bool(DESK_ACTIONS.get(action, frozenset()) & account.role_codes)


def require(
    session: Session,
    account: Account,
    action: str,
    subject: SUBJECT = None,
    *,
    members: Members | None = None,
) -> None:
    """Raise NotFoundError when it is not permitted: the answer must not tell that it exists."""
    if not may(session, account, action, subject, members=members):
        raise NotFoundError("This page does not exist, or it is not for you.")


def _may_case(session: Session, account: Account, action: str, case: Case) -> bool:
    if action == "case:reopen" and not DESK_ACTIONS[action] & account.role_codes:
        return False
    if action == "case:audit" and "dpo" in account.role_codes:
        return True  # who looked, and nothing of what they saw; also after the erasure
    if case.state == CaseState.ERASED.value:
        return False
    if action == "case:audit" and not SEES_READERS & set(
        acting_functions(session, case.id, account)
    ):
        return False
    found = session.scalar(select(Case.id).where(Case.id == case.id, visible_cases(account)))
    return found is not None


def _may_work_item(
    session: Session, account: Account, action: str, item: WorkItem, members: Members | None
) -> bool:
    if action == "work_item:read" and item.state != WorkItemState.OPEN.value:
        return _may_read_done(session, account, item, members)
    if _is_escalated_to(account, item):
        return True
    if item.role not in account.role_codes or not _is_of(account, item):
        return False
    if item.organisation_id is None and item.desk:
        return True
    found = _known(session, item, members)
    if item.organisation_id is not None:
        return _is_in(account, found)
    return (account.id, item.role) in found or not _is_held(item.role, found)


def _is_of(account: Account, item: WorkItem) -> bool:
    return item.organisation_id in {None, account.organisation_id}


def _may_read_done(
    session: Session, account: Account, item: WorkItem, members: Members | None
) -> bool:
    """Say whether a finished step is read: by members, and by who did it while the file is open."""
    if item.case.state == CaseState.ERASED.value:
        return False
    own = item.completed_by_id == account.id and item.case.state != CaseState.SEALED.value
    return own or _is_in(account, _known(session, item, members))


def acting_functions(session: Session, case_id: UUID, account: Account) -> list[str]:
    """Return in which functions a person meets a case: as its member, else by the own roles."""
    members = members_of(session, case_id)
    held = {function for member, function in members if member == account.id}
    return sorted(held or account.role_codes)


def _known(session: Session, item: WorkItem, members: Members | None) -> Members:
    return members_of(session, item.case_id) if members is None else members


def _is_in(account: Account, members: Members) -> bool:
    return any(member == account.id for member, _ in members)


def _is_held(function: str, members: Members) -> bool:
    return any(held == function for _, held in members)


def _is_escalated_to(account: Account, item: WorkItem) -> bool:
    """Say whether an overdue step may be done by this person instead of who owes it."""
    return (
        item.escalated_at is not None
        and item.escalate_to in account.role_codes
        and item.organisation_id is None
        and item.role not in NOT_DELEGATED
    )


# Built once, because they run at every step.
_ACTIVE: Final = and_(
    CaseMember.case_id == bindparam("case_id", type_=Uuid()), CaseMember.until.is_(None)
)
_MEMBERS: Final = select(CaseMember.account_id, CaseMember.function).where(_ACTIVE)
_ENTER: Final = (
    select(Account, CaseMember.account_id, CaseMember.function)
    .outerjoin(CaseMember, _ACTIVE)
    .where(Account.id == bindparam("account_id", type_=Uuid()))
)


def members_of(session: Session, case_id: UUID) -> Members:
    """Return the active members of a case with their functions."""
    rows = session.execute(_MEMBERS, {"case_id": case_id})
    return {(account_id, function) for account_id, function in rows}


def enter(session: Session, account_id: UUID, case_id: UUID) -> tuple[Account, Members]:
    """Return a person and the active members of a case, both read by one statement."""
    given = {"account_id": account_id, "case_id": case_id}
    rows = session.execute(_ENTER, given).unique().all()
    if not rows:
        raise NotFoundError("This account does not exist.")
    return rows[0][0], {(member, function) for _, member, function in rows if function}


def visible_cases(account: Account) -> ColumnElement[bool]:
    """Return the condition under which a row of Case is visible to the account."""
    member = exists().where(
        CaseMember.case_id == Case.id,
        CaseMember.account_id == account.id,
        CaseMember.until.is_(None),
    )
    owed = exists().where(
        WorkItem.case_id == Case.id,
        WorkItem.state == WorkItemState.OPEN.value,
        visible_work_items(account),
    )
    return and_(
        Case.state != CaseState.ERASED.value,
        or_(member, owed),
    )


def visible_work_items(account: Account) -> ColumnElement[bool]:
    """Return the condition under which an open WorkItem may be done by the account.

    A role with members in the case belongs to those members; a role that nobody holds there
    yet is a pool for all its holders. Desk roles stay a pool: their members are all holders.
    """
    roles = sorted(account.role_codes)
    if not roles:
        return false()
    member = aliased(CaseMember)
    am_member = exists().where(
        member.case_id == WorkItem.case_id,
        member.account_id == account.id,
        member.until.is_(None),
        member.function == WorkItem.role,
    )
    other = aliased(CaseMember)
    taken = exists().where(
        other.case_id == WorkItem.case_id,
        other.until.is_(None),
        other.function == WorkItem.role,
    )
    mine = and_(
        WorkItem.role.in_(roles),
        or_(
            and_(WorkItem.organisation_id.is_(None), or_(am_member, ~taken, WorkItem.desk)),
            and_(WorkItem.organisation_id == account.organisation_id, am_member),
        ),
    )
    escalated = and_(
        WorkItem.escalated_at.is_not(None),
        WorkItem.escalate_to.in_(roles),
        WorkItem.organisation_id.is_(None),
        WorkItem.role.not_in(NOT_DELEGATED),
    )
    # Having taken a step gives nothing: who has left the case may still be written down there.
    return or_(mine, escalated)


def able_accounts(session: Session, item: WorkItem) -> list[Account]:
    """Return who could complete an open work item, in the order of their user names.

    The same rule as `may(..., "work_item:complete", item)`, for all accounts in two statements.
    """
    members = members_of(session, item.case_id)
    holders = session.scalars(
        select(Account)
        .where(
            Account.disabled_at.is_(None),
            exists().where(
                AccountRole.account_id == Account.id,
                AccountRole.role.in_([role for role in (item.role, item.escalate_to) if role]),
            ),
        )
        .order_by(Account.username)
    ).unique()
    return [
        account
        for account in holders
        if may(session, account, "work_item:complete", item, members=members)
    ]
