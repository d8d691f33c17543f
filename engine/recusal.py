"""Stepping out of a case for a conflict of interest, and the way back by two others (P58)."""

from uuid import UUID

from sqlalchemy import select

from engine import access, human
from engine.application import Application
from engine.errors import InputError, NotFoundError, SeparationError
from engine.language import gettext
from engine.membership import (
    CHAIR,
    COORDINATING,
    NOT_HERE,
    Deed,
    deed,
    end,
    finish,
    leaders,
    open_standing,
    stand,
    tell_leaders,
)
from engine.models import Account, CaseStanding, Outcome, Standing, WorkItem, WorkItemState

CONFLICTS = ("relative", "friend", "colleague", "own_interest", "other_conflict")
"""Kinds of conflict; what it is about is written apart, for who leads the case."""
LONGEST = 20_000


def recuse(application: Application, case_id: UUID, account_id: UUID, kind: str, told: str) -> None:
    """Let a person step out: reading ends with this commit, steps are free again, leaders know.

    Raise InputError when the kind is unknown, NotFoundError when the person has no part in it.
    """
    if kind not in CONFLICTS:
        raise InputError(gettext("Choose what kind of conflict it is."))
    if len(told) > LONGEST:
        raise InputError(gettext("Write at most %(longest)s characters.", longest=LONGEST))
    with deed(application, case_id, account_id) as what:
        if what.actor is None or not access.may(what.session, what.actor, "case:write", what.case):
            raise NotFoundError(gettext(NOT_HERE))
        step_out(what, what.actor, _functions(what, what.actor), kind, told)


def step_out(what: Deed, account: Account, functions: list[str], kind: str, told: str) -> None:
    """Keep a person out of the case from now on, in whatever function."""
    end(what, account)
    for function in functions:
        stand(what, account.id, function, Standing.RECUSED, kind, text=told.strip() or None)
    what.audit("case:member:recuse", account.id, kind=kind)
    tell_leaders(what, account.id)


def _functions(what: Deed, account: Account) -> list[str]:
    """Return the functions held, or the role through which a step of the case is owed."""
    members = access.members_of(what.session, what.case.id)
    held = sorted(function for person, function in members if person == account.id)
    if held:
        return held
    owed = what.session.scalar(
        select(WorkItem.role)
        .where(
            WorkItem.case_id == what.case.id,
            WorkItem.state == WorkItemState.OPEN.value,
            access.visible_work_items(what.session, account),
        )
        .limit(1)
    )
    return [owed] if owed else []


def ask_return(application: Application, standing_id: UUID, case_id: UUID, by_id: UUID) -> None:
    """Let a coordinator ask that a recused person may come back; the chair decides."""
    with deed(application, case_id, by_id) as what:
        rows = _recused(what, standing_id)
        by = _leading(what, COORDINATING)
        if not human.are_apart(by, rows[0].account):
            raise SeparationError(gettext("Two others decide whether you come back."))
        for row in rows:
            row.return_asked_by_id = by.id
        what.audit("case:member:return_ask", rows[0].account_id)
        what.tell("return_asked", _chairs(what))


def allow_return(application: Application, standing_id: UUID, case_id: UUID, by_id: UUID) -> None:
    """Let the chair allow it: the person is invited anew and declares to be neutral (P58)."""
    with deed(application, case_id, by_id) as what:
        rows = _recused(what, standing_id)
        by = _leading(what, (CHAIR,))
        person = rows[0].account_id
        if rows[0].return_asked_by_id is None:
            raise SeparationError(gettext("A coordinator of the case asks for this first."))
        asker = what.session.get_one(Account, rows[0].return_asked_by_id)
        if not human.are_apart(by, asker, rows[0].account):
            raise SeparationError(
                gettext("Whoever asked for it does not allow it; a second person does.")
            )
        for row in rows:
            finish(what, row, Outcome.RETURNED)
            stand(what, person, row.function, Standing.INVITED, "comes_back")
        what.audit("case:member:return_allow", person)
        what.tell("membership_invitation", [person])


def _recused(what: Deed, standing_id: UUID) -> list[CaseStanding]:
    """Return all open recusals of the person behind one of them."""
    one = open_standing(what.session, standing_id, Standing.RECUSED)
    if one.case_id != what.case.id:
        raise NotFoundError(gettext(NOT_HERE))
    return list(
        what.session.scalars(
            select(CaseStanding).where(
                CaseStanding.case_id == what.case.id,
                CaseStanding.account_id == one.account_id,
                CaseStanding.state == Standing.RECUSED.value,
                CaseStanding.until.is_(None),
            )
        ).unique()
    )


def _leading(what: Deed, functions: tuple[str, ...]) -> Account:
    if what.actor is None or not set(functions) & what.functions_of(what.actor):
        raise NotFoundError(gettext(NOT_HERE))
    return what.actor


def _chairs(what: Deed) -> set[UUID]:
    members = access.members_of(what.session, what.case.id)
    return {person for person, function in members if function == CHAIR} or leaders(what)
