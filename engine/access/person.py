"""Who takes part in a case, who is kept out of it, and as whom somebody acts (P36)."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.access.condition import cases_through
from engine.access.standing import IN_NO_CASE
from engine.deputy import principals
from engine.errors import NotFoundError
from engine.language import gettext
from engine.membership_rows import AROUND, ENTER, Members, as_members
from engine.models import Account, Case, CaseMember, WorkItem
from engine.session import asked_once


def members_of(session: Session, case_id: UUID) -> Members:
    """Return the active members of a case with their functions, and who is kept out of it."""
    return asked_once(
        session,
        ("members", case_id),
        lambda: as_members(session.execute(AROUND, {"case_id": case_id})),
    )


def enter(session: Session, account_id: UUID, case_id: UUID) -> tuple[Account, Members]:
    """Return a person and the active members of a case, both read by one statement."""
    given = {"account_id": account_id, "case_id": case_id}
    rows = session.execute(ENTER, given).unique().all()
    if not rows:
        raise NotFoundError(gettext("This account does not exist."))
    return rows[0][0], as_members(row[1:] for row in rows if row[1])


def known_members(session: Session, item: WorkItem, members: Members | None) -> Members:
    """Return the members of a step's case, read anew only when nobody has read them yet."""
    return members_of(session, item.case_id) if members is None else members


def acting_functions(
    session: Session, case_id: UUID, account: Account, members: Members | None = None
) -> list[str]:
    """Return in which functions a person meets a case: as its member, else by the own roles.

    Of these count that its file admits, and those of whoever watches over all files. `members`
    are those of the case, when the caller has read them already.
    """
    around = members_of(session, case_id) if members is None else members
    held = {function for member, function in around if member == account.id}
    if held:
        return sorted(held)
    here = session.get_one(Case, case_id).admitted(account.role_codes)
    return sorted(here | IN_NO_CASE & account.role_codes)


def takes_part(account: Account, members: Members) -> bool:
    """Say whether an account is among the members."""
    return any(member == account.id for member, _ in members)


def is_excluded(session: Session, account: Account, case_id: UUID) -> bool:
    """Say whether a person is kept out of a case, or has left it and is not a member again."""
    members = members_of(session, case_id)
    if account.id in members.barred:
        return True
    was = select(CaseMember.id).where(
        CaseMember.case_id == case_id, CaseMember.account_id == account.id
    )
    return not takes_part(account, members) and session.scalar(was.limit(1)) is not None


def persons(session: Session, account: Account) -> Iterator[Account]:
    """Yield the person, then the absent people for whom the person deputises now.

    Who watches over data protection neither deputises nor is deputised for in a case.
    """
    yield account
    if not IN_NO_CASE & account.role_codes:
        for absent in principals(session, account):
            if not IN_NO_CASE & absent.role_codes:
                yield absent


def absent_people(session: Session, account: Account) -> list[Account]:
    """Return the absent people for whom the person deputises now."""
    return list(persons(session, account))[1:]


def persons_in(session: Session, account: Account, case_id: UUID) -> list[Account]:
    """Return the person, and the absent people as whose deputy the person sees this case.

    Threat: who sees a case anyway would else read in it as what an absent person is elsewhere.
    """
    own, *absent = persons(session, account)
    return [own, *(one for one in absent if _sees_through(session, own, one, case_id))]


def _sees_through(session: Session, account: Account, absent: Account, case_id: UUID) -> bool:
    known = select(Case.id).where(Case.id == case_id, cases_through(account, absent))
    return session.scalar(known) is not None
