"""What somebody may do with a case as a whole, and as whom."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.access.condition import SEEN, cases_through, given, left_cases, reader_like
from engine.access.person import (
    absent_people,
    acting_functions,
    is_excluded,
    members_of,
    persons,
)
from engine.access.standing import LEADING
from engine.models import Account, Case, CaseState
from engine.policy import IN_PERSON, LEADING_ACTIONS, ROLES_IN_CASE
from engine.session import asked_once


def way(session: Session, account: Account, action: str, case: Case) -> Account | None:
    """Return as whom the account may do something to a case: itself, an absent person, None."""
    if _may_case(session, account, action, case, account):
        return account
    for absent in [] if action in IN_PERSON else absent_people(session, account):
        if _may_case(session, account, action, case, absent):
            return absent
    return None


def _may_case(session: Session, account: Account, action: str, case: Case, person: Account) -> bool:
    if action in ROLES_IN_CASE and not ROLES_IN_CASE[action] & case.admitted(person.role_codes):
        return False
    if action == "case:audit" and "dpo" in person.role_codes:
        return True  # who looked, and nothing of what they saw; also after the erasure
    if case.state == CaseState.ERASED.value:
        return False
    if action in LEADING_ACTIONS and not LEADING & set(acting_functions(session, case.id, person)):
        return False
    if action == "case:own":
        return _is_former(session, account, case)
    return _sees(session, account, case.id, person)


def _sees(session: Session, account: Account, case_id: UUID, person: Account) -> bool:
    """Say whether the account sees a case, in its own right or for an absent person."""
    if person is not account:
        known = select(Case.id).where(Case.id == case_id, cases_through(account, person))
        return session.scalar(known) is not None
    values = {"case_id": case_id, **given(account)}
    question = ("sees", account.id, account.role_codes, case_id)
    seen = SEEN[reader_like(account).watches]
    return asked_once(session, question, lambda: session.scalar(seen, values) is not None)


def _is_former(session: Session, account: Account, case: Case) -> bool:
    """Say whether the person took part once and does no longer: own statements stay readable.

    Not for whoever declared a conflict of interest or is suspended: they are kept out of all.
    """
    found = session.scalar(select(Case.id).where(Case.id == case.id, left_cases(account)))
    return found is not None


def acting_for_in(session: Session, account: Account, action: str, case: Case) -> Account | None:
    """Return the absent person for whom an account does something to a case; None: as itself."""
    found = way(session, account, action, case)
    return None if found is None or found.id == account.id else found


def speaker(
    session: Session, account: Account, case_id: UUID, function: str | None = None
) -> Account | None:
    """Return the member of the account's own organisation as whom it speaks in a case (P22).

    That is the account itself, or an absent colleague for whom it deputises; None: nobody.
    """
    members = members_of(session, case_id)
    if account.id in members.barred:
        return None
    for person in persons(session, account):
        if person.organisation_id != account.organisation_id:
            continue
        if any(one == person.id and function in {None, held} for one, held in members):
            excluded = person is not account and _is_kept_away(session, account, case_id)
            return None if excluded or person.id in members.barred else person
    return None


def _is_kept_away(session: Session, deputy: Account, case_id: UUID) -> bool:
    """Say whether a deputy has nothing to do in a case: taken out of it, or of another body."""
    case = session.get_one(Case, case_id)
    return not case.admits_any(deputy.role_codes) or is_excluded(session, deputy, case_id)
