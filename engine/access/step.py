"""Who may do a step or read it again, in whose name, and who all could."""

from typing import Final

from sqlalchemy import bindparam, exists, select
from sqlalchemy.orm import Session

from engine.access.person import is_excluded, known_members, members_of, persons, takes_part
from engine.access.standing import IN_NO_CASE, KEEPS_SEALED
from engine.deputy import deputies_of, is_delegated
from engine.membership_rows import Members
from engine.models import Account, AccountRole, CaseState, WorkItem, WorkItemState
from engine.policy import NOT_DELEGATED


def may_step(
    session: Session, account: Account, action: str, item: WorkItem, members: Members | None
) -> bool:
    """Say whether the account may do a step or read it, in its own right."""
    found = known_members(session, item, members)
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
        return (account.id, item.role) in found
    return (account.id, item.role) in found or not _is_held(item.role, found)


def _is_of(account: Account, item: WorkItem) -> bool:
    return item.organisation_id in {None, account.organisation_id}


def _may_read_done(account: Account, item: WorkItem, members: Members) -> bool:
    """Say whether a finished step is read: by members, and by who did it while the file is open."""
    if item.case.state == CaseState.ERASED.value:
        return False
    if item.case.state == CaseState.SEALED.value:
        return any((account.id, function) in members for function in KEEPS_SEALED)
    own = (
        item.completed_by_id == account.id
        # What one did as a deputy is read as a deputy: no longer than the absence lasts.
        and item.completed_for_id is None
    )
    return own or takes_part(account, members)


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


def absent_for(
    session: Session, account: Account, action: str, item: WorkItem, members: Members | None
) -> list[Account]:
    """Return the absent people on whose behalf the account may do something to a step."""
    found = list(persons(session, account))[1:]
    apart = found and not item.case.admits_any(account.role_codes)
    if not found or apart or is_excluded(session, account, item.case_id):
        return []
    known = known_members(session, item, members)
    return [
        absent
        for absent in found
        if is_delegated(account, absent, item) and may_step(session, absent, action, item, known)
    ]


def acting_for(
    session: Session, account: Account, item: WorkItem, members: Members | None = None
) -> Account | None:
    """Return the absent person for whom an account does an open step; None: in its own name.

    A step that the absent person had taken is done for that person, also by a deputy who could
    do it anyway.
    """
    own = may_step(session, account, "work_item:complete", item, members)
    if own and item.assignee_id in {None, account.id}:
        return None
    through = absent_for(session, account, "work_item:complete", item, members)
    for absent in through:
        if absent.id == item.assignee_id:
            return absent
    return None if own or not through else through[0]


def taker(session: Session, account: Account, item: WorkItem) -> Account:
    """Return in whose name an account takes an open step: its own, else an absent person's.

    So a step that was taken as a deputy stays with the person when the absence ends.
    """
    if may_step(session, account, "work_item:complete", item, None):
        return account
    through = absent_for(session, account, "work_item:complete", item, None)
    return through[0] if through else account


_HOLDERS: Final = (
    select(Account)
    .where(
        Account.disabled_at.is_(None),
        exists().where(
            AccountRole.account_id == Account.id,
            AccountRole.role.in_(bindparam("roles", expanding=True)),
        ),
    )
    .order_by(Account.username)
)


def able_accounts(session: Session, item: WorkItem) -> list[Account]:
    """Return who could complete an open work item, in the order of their user names.

    The same rule as `may(..., "work_item:complete", item)`, for all accounts in few statements.
    """
    members = members_of(session, item.case_id)
    roles = [role for role in (item.role, item.escalate_to) if role]
    holders = session.scalars(_HOLDERS, {"roles": roles}).unique()
    own = [
        account
        for account in holders
        if may_step(session, account, "work_item:complete", item, members)
    ]
    absent = {account.id: account for account in own}
    found = {
        deputy.id: deputy
        for absent_id, deputy in deputies_of(session, absent)
        if deputy.id not in absent and _stands_in(session, deputy, absent[absent_id], item)
    }
    return sorted([*own, *found.values()], key=lambda account: account.username)


def _stands_in(session: Session, deputy: Account, absent: Account, item: WorkItem) -> bool:
    return (
        not IN_NO_CASE & (deputy.role_codes | absent.role_codes)
        and is_delegated(deputy, absent, item)
        and item.case.admits_any(deputy.role_codes)
        and not is_excluded(session, deputy, item.case_id)
    )
