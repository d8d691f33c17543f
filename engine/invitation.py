"""Inviting somebody to a case: a neutral question first, access with the acceptance (P16, P58)."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.orm import Session

from engine import access
from engine.application import Application
from engine.errors import ConflictError, InputError, NotFoundError
from engine.language import gettext
from engine.membership import (
    COORDINATING,
    NOT_HERE,
    Deed,
    begin,
    check_able,
    deed,
    end,
    finish,
    leaders,
    open_standing,
    stand,
)
from engine.models import (
    Account,
    AccountRole,
    Case,
    CaseMember,
    CasePartner,
    CaseStanding,
    Outcome,
    Standing,
)
from engine.recusal import CONFLICTS, step_out

PARTNER = "partner"
HANDED_ON = "handed_on"
"""The reason of an invitation whose acceptance ends the part of the person who sent it."""
FUNCTIONS = (PARTNER, *COORDINATING)
"""What one is invited to: functions of a single case; desk roles meet every case anyway."""


class InvitationError(InputError):
    """An invitation that is incomplete or not allowed; `field` is what has to be mended."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Invitation:
    """Whom to invite in which function, and the law or agreement by which they may know."""

    account_id: UUID | None
    function: str
    legal_basis: str


def candidates(session: Session, case: Case) -> list[tuple[Account, str]]:
    """Return who may be invited in which function: people of agencies at the table, coordinators.

    A coordinator is invited only where the case has none in that function; else it is handed over.
    """
    members = access.members_of(session, case.id)
    taken = members | _asked(session, case.id)
    held = {function for _, function in members}
    at_the_table = set(
        session.scalars(
            select(CasePartner.organisation_id).where(
                CasePartner.case_id == case.id, CasePartner.state == "active"
            )
        )
    )
    rows = session.execute(
        select(Account, AccountRole.role)
        .join(AccountRole, AccountRole.account_id == Account.id)
        .where(AccountRole.role.in_(FUNCTIONS), Account.disabled_at.is_(None))
        .order_by(AccountRole.role, Account.display_name)
    ).unique()
    return [
        (person, role)
        for person, role in rows
        if (person.id, role) not in taken
        and person.id not in members.barred
        and not access.IN_NO_CASE & person.role_codes
        and case.admits(role)
        and (person.organisation_id in at_the_table if role == PARTNER else role not in held)
    ]


def _asked(session: Session, case_id: UUID) -> set[tuple[UUID, str]]:
    rows = session.execute(
        select(CaseStanding.account_id, CaseStanding.function).where(
            CaseStanding.case_id == case_id, CaseStanding.until.is_(None)
        )
    )
    return {(person, function) for person, function in rows}


def invite(application: Application, case_id: UUID, by_id: UUID, wanted: Invitation) -> UUID:
    """Ask somebody to take part; the person sees the case code and nothing of the case."""
    with deed(application, case_id, by_id) as what:
        if what.actor is None or not access.may(
            what.session, what.actor, "case:member:name", what.case
        ):
            raise NotFoundError(gettext(NOT_HERE))
        return ask(what, wanted)


def ask(what: Deed, wanted: Invitation) -> UUID:
    """Record an invitation that its deed may make, and tell the person."""
    able = {(person.id, function) for person, function in candidates(what.session, what.case)}
    person = wanted.account_id
    if person is None or (person, wanted.function) not in able:
        raise InvitationError("person", gettext("Choose one of the people in the list."))
    if not wanted.legal_basis.strip():
        raise InvitationError(
            "legal_basis", gettext("Name the law or agreement by which this person may know.")
        )
    row = stand(
        what,
        person,
        wanted.function,
        Standing.INVITED,
        "named",
        legal_basis=wanted.legal_basis.strip()[:300],
    )
    what.audit("case:invitation:send", person, function=wanted.function)
    what.tell("membership_invitation", [person])
    return row.id


def withdraw(application: Application, standing_id: UUID, case_id: UUID, by_id: UUID) -> None:
    """Take an invitation back that nobody has answered yet."""
    with deed(application, case_id, by_id) as what:
        row = open_standing(what.session, standing_id, Standing.INVITED)
        allowed = what.actor is not None and access.may(
            what.session, what.actor, "case:member:name", what.case
        )
        if row.case_id != case_id or not allowed:
            raise NotFoundError(gettext(NOT_HERE))
        finish(what, row, Outcome.WITHDRAWN)
        what.audit("case:invitation:withdraw", row.account_id, function=row.function)


def accept(application: Application, standing_id: UUID, account_id: UUID, *, neutral: bool) -> UUID:
    """Take part, having declared to be neutral; return the case that is open now.

    Raise ConflictError when the agency has left the table or the role is gone meanwhile.
    """
    if not neutral:
        raise InvitationError(
            "neutral",
            gettext("Confirm that you know of no conflict of interest, or say that you have one."),
        )
    with _answered(application, standing_id, account_id) as what:
        row = open_standing(what.session, standing_id, Standing.INVITED)
        _check_still_wanted(what, row)
        finish(what, row, Outcome.ACCEPTED)
        what.audit("case:invitation:accept", account_id, function=row.function, neutral=True)
        if row.reason == HANDED_ON and row.granted_by is not None:
            end(what, row.granted_by, function=row.function)
            what.audit("case:handover:accept", row.granted_by_id, function=row.function)
            what.tell("handover_accepted", {row.granted_by.id, *leaders(what)})
        begin(
            what,
            row.account,
            row.function,
            granted_by_id=row.granted_by_id,
            legal_basis=row.legal_basis,
            reason="accepted the invitation",
        )
        check_able(what)
        return what.case.id


def decline(
    application: Application, standing_id: UUID, account_id: UUID, kind: str, told: str
) -> None:
    """Say no: for a conflict of interest, which keeps the person out for good, or else."""
    if kind != "unavailable" and kind not in CONFLICTS:
        raise InvitationError("kind", gettext("Choose why you do not take part."))
    with _answered(application, standing_id, account_id) as what:
        row = open_standing(what.session, standing_id, Standing.INVITED)
        finish(what, row, Outcome.DECLINED)
        what.audit("case:invitation:decline", account_id, function=row.function, kind=kind)
        if kind == "unavailable":
            what.tell("invitation_declined", leaders(what))
        else:
            step_out(what, row.account, [row.function], kind, told)


def _answered(
    application: Application, standing_id: UUID, account_id: UUID
) -> AbstractContextManager[Deed]:
    """Open the deed of an invitation for the invited person; others learn nothing of it."""
    with application.database.reading() as session:
        row = open_standing(session, standing_id, Standing.INVITED)
        if row.account_id != account_id:
            raise NotFoundError(gettext(NOT_HERE))
        case_id = row.case_id
    return deed(application, case_id, account_id)


def _check_still_wanted(what: Deed, row: CaseStanding) -> None:
    members = access.members_of(what.session, what.case.id)
    if row.function not in row.account.role_codes or row.account_id in members.barred:
        raise ConflictError(gettext("You cannot take this part any more; ask who invited you."))
    held = {person for person, function in members if function == row.function}
    if row.reason == HANDED_ON and row.granted_by_id not in held:
        raise ConflictError(gettext("Whoever wanted to hand this on has left the case meanwhile."))
    if row.function in COORDINATING and held - {row.granted_by_id}:
        raise ConflictError(gettext("Somebody else has taken this part meanwhile."))
    if row.function == PARTNER and not _at_the_table(what, row.account):
        raise ConflictError(gettext("Your organisation does not take part in this case any more."))


def _at_the_table(what: Deed, account: Account) -> bool:
    found = what.session.scalar(
        select(CasePartner.id).where(
            CasePartner.case_id == what.case.id,
            CasePartner.organisation_id == account.organisation_id,
            CasePartner.state == "active",
        )
    )
    return found is not None


def invitations(session: Session, account_id: UUID) -> list[CaseStanding]:
    """Return a person's open invitations, the newest first."""
    return list(session.scalars(_INVITED, {"reader": account_id}).unique())


_INVITED: Final = (
    select(CaseStanding)
    .join(Case, Case.id == CaseStanding.case_id)
    .where(
        CaseStanding.account_id == bindparam("reader", type_=Uuid()),
        CaseStanding.state == Standing.INVITED.value,
        CaseStanding.until.is_(None),
    )
    .order_by(CaseStanding.since.desc())
)


def left(session: Session, account: Account) -> list[tuple[Case, CaseMember]]:
    """Return the cases in which a person took part once, with the last of the own periods."""
    rows = session.execute(
        select(Case, CaseMember)
        .join(CaseMember, CaseMember.case_id == Case.id)
        .where(CaseMember.account_id == account.id, access.left_cases(account))
        .order_by(CaseMember.until.desc())
    ).unique()
    newest: dict[UUID, tuple[Case, CaseMember]] = {}
    for case, member in rows:
        newest.setdefault(case.id, (case, member))
    return list(newest.values())
