"""Handing one's part in a case on to a colleague, who accepts it; both are on record (P56)."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access
from engine.application import Application
from engine.errors import NotFoundError
from engine.invitation import FUNCTIONS, HANDED_ON, PARTNER, InvitationError
from engine.language import gettext
from engine.membership import NOT_HERE, deed, leaders, stand
from engine.models import Account, AccountRole, Case, CaseStanding, Standing

LONGEST = 2_000


def successors(session: Session, case: Case, account: Account) -> list[tuple[Account, str]]:
    """Return to whom a person may hand on which of the own parts: holders of the role.

    The part of an organisation stays in that organisation.
    """
    members = access.members_of(session, case.id)
    mine = {function for person, function in members if person == account.id}
    rows = session.execute(
        select(Account, AccountRole.role)
        .join(AccountRole, AccountRole.account_id == Account.id)
        .where(
            AccountRole.role.in_(mine & set(FUNCTIONS)),
            Account.id != account.id,
            Account.disabled_at.is_(None),
        )
        .order_by(AccountRole.role, Account.display_name)
    ).unique()
    return [
        (person, role)
        for person, role in rows
        if (person.id, role) not in members
        and person.id not in members.barred
        and not access.IN_NO_CASE & person.role_codes
        and (role != PARTNER or person.organisation_id == account.organisation_id)
    ]


def propose(
    application: Application, case_id: UUID, by_id: UUID, chosen: tuple[UUID | None, str], why: str
) -> UUID:
    """Ask a colleague to take a part over; until the answer nothing changes.

    Raise InvitationError with the mend when nobody, or no reason, is given.
    """
    with deed(application, case_id, by_id) as what:
        by, (person, function) = what.actor, chosen
        if by is None or not what.functions_of(by) & set(FUNCTIONS):
            raise NotFoundError(gettext(NOT_HERE))
        able = {(one.id, role) for one, role in successors(what.session, what.case, by)}
        if person is None or (person, function) not in able:
            raise InvitationError("person", gettext("Choose one of the people in the list."))
        if not why.strip() or len(why) > LONGEST:
            raise InvitationError(
                "why", gettext("Say why, in at most %(longest)s characters.", longest=LONGEST)
            )
        if _is_asked(what.session, case_id, by_id, person, function):
            raise InvitationError(
                "person", gettext("Somebody has been asked already; wait for the answer.")
            )
        row = stand(what, person, function, Standing.INVITED, HANDED_ON, text=why.strip())
        what.audit("case:handover:propose", person, function=function)
        what.tell("membership_invitation", [person])
        what.tell("handover_proposed", leaders(what) - {by_id})
        return row.id


def _is_asked(session: Session, case_id: UUID, by_id: UUID, person_id: UUID, function: str) -> bool:
    """Say whether this part is being handed on, or this person asked for it, already."""
    rows = session.scalars(
        select(CaseStanding).where(
            CaseStanding.case_id == case_id,
            CaseStanding.function == function,
            CaseStanding.state == Standing.INVITED.value,
            CaseStanding.until.is_(None),
        )
    ).unique()
    return any(
        row.account_id == person_id or (row.reason == HANDED_ON and row.granted_by_id == by_id)
        for row in rows
    )
