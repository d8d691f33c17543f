"""The one door of access: who may do what (need-to-know).

A person reads a case as an active member of it, or because a work item of the case is owed by
a role (and organisation) that the person holds. Whoever declared a conflict of interest there or
is suspended has nothing of it. Everything else looks like not existing.
"""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Integer,
    Uuid,
    and_,
    bindparam,
    exists,
    false,
    literal_column,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from engine.errors import NotFoundError
from engine.models import (
    BARRING,
    Account,
    AccountRole,
    Case,
    CaseMember,
    CaseStanding,
    CaseState,
    Incident,
    WorkItem,
    WorkItemState,
    guard,
)

DESK_ACTIONS = {
    "signal:create": frozenset({"intake_desk"}),
    "case:reopen": frozenset(
        {"intake_desk", "chair", "process_coordinator", "content_coordinator"}
    ),
    "protection:read": frozenset({"dpo"}),
    "membership:confirm": frozenset({"agency_lead"}),
    "health:read": frozenset({"operator", "process_owner", "desk_head"}),
}
"""Actions that a role alone allows."""

ROLES_IN_CASE = {
    "case:reopen": DESK_ACTIONS["case:reopen"],
    "report:read": frozenset({"intake_desk"}),
    "report:ask": frozenset({"intake_desk"}),
}
"""Actions in a case that one sees, and only with a role: who reported is the desk's alone (A3)."""

IN_NO_CASE = frozenset(guard.IN_NO_CASE)
"""Roles whose holders are members of no case: who watches over reading does not read (S13)."""

LEADING = frozenset({"process_coordinator", "content_coordinator", "chair"})
"""Functions in a case whose holders see who looked at it (S13) and look after who takes part."""
LEADING_ACTIONS = frozenset({"case:audit", "case:member:name"})

NOT_DELEGATED = frozenset({"accountable_person"})
"""Roles whose steps nobody else does, however late it gets (P93): an escalation only tells.

What an organisation owes is not done for it either: it alone says what it shares (P22).
"""

SUBJECT = Case | WorkItem | Incident | None


class Members(set[tuple[UUID, str]]):
    """Active members of a case, account and function, and who is kept out of it altogether."""

    def __init__(
        self, active: Iterable[tuple[UUID, str]] = (), barred: Iterable[UUID] = ()
    ) -> None:
        super().__init__(active)
        self.barred = frozenset(barred)


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
    if action in ROLES_IN_CASE and not ROLES_IN_CASE[action] & account.role_codes:
        return False
    if action == "case:audit" and "dpo" in account.role_codes:
        return True  # who looked, and nothing of what they saw; also after the erasure
    if case.state == CaseState.ERASED.value:
        return False
    if action in LEADING_ACTIONS and not LEADING & set(acting_functions(session, case.id, account)):
        return False
    if action == "case:own":
        return _is_former(session, account, case)
    found = session.scalar(select(Case.id).where(Case.id == case.id, visible_cases(account)))
    return found is not None


def _is_former(session: Session, account: Account, case: Case) -> bool:
    """Say whether the person took part once and does no longer: own statements stay readable.

    Not for whoever declared a conflict of interest or is suspended: they are kept out of all.
    """
    found = session.scalar(select(Case.id).where(Case.id == case.id, left_cases(account)))
    return found is not None


def _may_work_item(
    session: Session, account: Account, action: str, item: WorkItem, members: Members | None
) -> bool:
    found = _known(session, item, members)
    if account.id in found.barred:
        return False
    if action == "work_item:read" and item.state != WorkItemState.OPEN.value:
        return _may_read_done(account, item, found)
    return _is_escalated_to(account, item) or _may_complete(account, item, found)


def _may_complete(account: Account, item: WorkItem, found: Members) -> bool:
    if item.role not in account.role_codes or not _is_of(account, item):
        return False
    if item.organisation_id is None and item.desk:
        return True
    if item.organisation_id is not None:
        return _is_in(account, found)
    return (account.id, item.role) in found or not _is_held(item.role, found)


def _is_of(account: Account, item: WorkItem) -> bool:
    return item.organisation_id in {None, account.organisation_id}


def _may_read_done(account: Account, item: WorkItem, members: Members) -> bool:
    """Say whether a finished step is read: by members, and by who did it while the file is open."""
    if item.case.state == CaseState.ERASED.value:
        return False
    own = item.completed_by_id == account.id and item.case.state != CaseState.SEALED.value
    return own or _is_in(account, members)


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


_THE_CASE: Final = bindparam("case_id", type_=Uuid())
# Built once, because they run at every step.
_AROUND: Final = union_all(
    select(
        CaseMember.account_id, CaseMember.function, literal_column("0", Integer).label("barred")
    ).where(CaseMember.case_id == _THE_CASE, CaseMember.until.is_(None)),
    select(
        CaseStanding.account_id, CaseStanding.function, literal_column("1", Integer).label("barred")
    ).where(
        CaseStanding.case_id == _THE_CASE,
        CaseStanding.until.is_(None),
        CaseStanding.state.in_(BARRING),
    ),
)
_FOUND: Final = _AROUND.subquery()
_ENTER: Final = (
    select(Account, _FOUND.c.account_id, _FOUND.c.function, _FOUND.c.barred)
    .outerjoin(_FOUND, true())
    .where(Account.id == bindparam("account_id", type_=Uuid()))
)


def _members(rows: Iterable[Any]) -> Members:
    around = [tuple(row) for row in rows]
    return Members(
        ((account_id, function) for account_id, function, barred in around if not barred),
        (account_id for account_id, _, barred in around if barred),
    )


def members_of(session: Session, case_id: UUID) -> Members:
    """Return the active members of a case with their functions, and who is kept out of it."""
    return _members(session.execute(_AROUND, {"case_id": case_id}))


def enter(session: Session, account_id: UUID, case_id: UUID) -> tuple[Account, Members]:
    """Return a person and the active members of a case, both read by one statement."""
    given = {"account_id": account_id, "case_id": case_id}
    rows = session.execute(_ENTER, given).unique().all()
    if not rows:
        raise NotFoundError("This account does not exist.")
    return rows[0][0], _members(row[1:] for row in rows if row[1])


def is_barred(account: Account, case_id: Any) -> ColumnElement[bool]:
    """Return the condition under which the account is kept out of the case of a row."""
    standing = aliased(CaseStanding)
    return exists().where(
        standing.case_id == case_id,
        standing.account_id == account.id,
        standing.until.is_(None),
        standing.state.in_(BARRING),
    )


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
        ~is_barred(account, Case.id),
        or_(member, owed),
    )


def left_cases(account: Account) -> ColumnElement[bool]:
    """Return the condition under which the account took part in a Case once, and does no longer."""
    period = aliased(CaseMember)
    mine = (period.case_id == Case.id, period.account_id == account.id)
    return and_(
        Case.state.not_in([CaseState.ERASED.value, CaseState.SEALED.value]),
        ~is_barred(account, Case.id),
        exists().where(*mine, period.until.is_not(None)),
        ~exists().where(*mine, period.until.is_(None)),
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
    return and_(or_(mine, escalated), ~is_barred(account, WorkItem.case_id))


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
