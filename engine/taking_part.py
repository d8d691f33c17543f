"""Lets a step of a diagram make somebody a member of its case, or end a membership."""

from typing import TYPE_CHECKING

from sqlalchemy import update

from engine import access
from engine.errors import SeparationError
from engine.language import gettext
from engine.models import Account, CaseMember, WorkItem, WorkItemState

if TYPE_CHECKING:
    from engine.turn import Turn


def begin(turn: "Turn", account: Account, function: str, reason: str) -> bool:
    """Make a person a member of the turn's case; say whether that is new.

    Raise SeparationError where the account, or the role, may take no part in it.
    """
    if (account.id, function) in turn.members:
        return False
    if account.id in turn.members.barred:
        turn.audit("case:member:withhold", account.id, function=function)
        return False
    if access.IN_NO_CASE & account.role_codes:
        raise SeparationError(
            gettext("Who runs, rules or watches the system takes part in no case.")
        )
    if not turn.case.admits(function):
        raise SeparationError(gettext("This role takes no part in this file."))
    turn.members.add((account.id, function))
    turn.session.add(
        CaseMember(
            case_id=turn.case.id,
            account_id=account.id,
            function=function,
            since=turn.now,
            reason=reason or None,
            granted_by_id=turn.actor.id if turn.actor else None,
        )
    )
    turn.audit("case:member:add", account.id, function=function)
    return True


def end(turn: "Turn", account: Account, function: str, reason: str) -> None:
    """End a membership of the turn's case; access ends with the same commit (P69)."""
    turn.members.discard((account.id, function))
    turn.session.execute(
        update(CaseMember)
        .where(
            CaseMember.case_id == turn.case.id,
            CaseMember.account_id == account.id,
            CaseMember.function == function,
            CaseMember.until.is_(None),
        )
        .values(until=turn.now, reason=reason or None)
    )
    # What that person had taken is free again for those who stay.
    turn.session.execute(
        update(WorkItem)
        .where(
            WorkItem.case_id == turn.case.id,
            WorkItem.assignee_id == account.id,
            WorkItem.role == function,
            WorkItem.state == WorkItemState.OPEN.value,
        )
        .values(assignee_id=None, claimed_at=None)
    )
    turn.audit("case:member:end", account.id, function=function)
