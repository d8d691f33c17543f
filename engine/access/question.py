"""The one question of access: whether somebody may do something to something."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.access.casefile import way
from engine.access.person import absent_people, is_excluded, members_of, persons, takes_part
from engine.access.standing import IN_NO_CASE, LEADING, UNREADABLE
from engine.access.step import absent_for, may_step
from engine.errors import NotFoundError
from engine.language import gettext
from engine.membership_rows import Members
from engine.models import Absence, Account, Case, EmergencyAccess, Incident, WorkItem
from engine.policy import DESK_ACTIONS, WATCHES_EMERGENCIES

SUBJECT = Case | WorkItem | Incident | Account | Absence | EmergencyAccess | None


def may(
    session: Session,
    account: Account,
    action: str,
    subject: SUBJECT = None,
    *,
    members: Members | None = None,
    at: datetime | None = None,
) -> bool:
    """Say whether the account may do `action` (grammar `resource:verb`) to the subject.

    `members` are those of the work item's case, when the caller has read them already. `at` is
    the instant for what ends by itself: without it an emergency access opens nothing.
    """
    if account.disabled_at is not None:
        return False
    match subject:
        case WorkItem():
            found = may_step(session, account, action, subject, members) or bool(
                absent_for(session, account, action, subject, members)
            )
        case Case():
            found = way(session, account, action, subject) is not None
        case Incident():
            found = _may_incident(session, account, subject)
        case Absence() | Account():
            found = _may_enter_absence(session, account, subject)
        case EmergencyAccess():
            found = _may_emergency(session, account, action, subject, at)
        case None:
            found = bool(DESK_ACTIONS.get(action, frozenset()) & account.role_codes)
    return found


def _may_incident(session: Session, account: Account, incident: Incident) -> bool:
    """Say whether the person looks after an incident: by the owning role, also as a deputy.

    Threat: who declared a conflict of interest would else learn here how that case goes on.
    """
    if incident.case_id is None:
        return any(incident.owner_role in one.role_codes for one in persons(session, account))
    barred = members_of(session, incident.case_id).barred
    if account.id in barred:
        return False
    if incident.owner_role in account.role_codes:
        return True
    case = session.get_one(Case, incident.case_id)
    if not case.admits_any(account.role_codes):
        return False
    return not is_excluded(session, account, incident.case_id) and any(
        incident.owner_role in one.role_codes and one.id not in barred
        for one in absent_people(session, account)
    )


def _may_enter_absence(session: Session, account: Account, subject: Absence | Account) -> bool:
    """Say whether an absence of a person is entered and ended by the account (P36).

    The head of the desk does it for everybody, an agency's lead for the own organisation.
    """
    person = (
        subject if isinstance(subject, Account) else session.get_one(Account, subject.account_id)
    )
    if account.id == person.id or "desk_head" in account.role_codes:
        return True
    lead = "agency_lead" in account.role_codes
    return lead and account.organisation_id == person.organisation_id


def _may_emergency(
    session: Session, account: Account, action: str, found: EmergencyAccess, at: datetime | None
) -> bool:
    """Say who reads by an emergency access (its opener, in time), ends it, and watches over it."""
    is_live = at is not None and found.ended_at is None and at < found.ends_at
    own = found.account_id == account.id
    members = members_of(session, found.case_id)
    if account.id in members.barred:
        return False
    if action == "emergency:read":
        # Who has gone over to another body reads on as little as its other people.
        here = found.case.admits_any(account.role_codes)
        return own and is_live and here and found.case.state not in UNREADABLE
    if action == "emergency:end":
        leads = any((account.id, function) in members for function in LEADING)
        return is_live and (own or leads or "dpo" in account.role_codes)
    over = (role for role in WATCHES_EMERGENCIES & account.role_codes if _watches(found.case, role))
    watches = any(over) or takes_part(account, members)
    return action == "emergency:watch" and watches and not own


def _watches(case: Case, role: str) -> bool:
    """Say whether a role watches over emergencies of a file: the officer over those of all."""
    return role in IN_NO_CASE or case.admits(role)


def require(
    session: Session,
    account: Account,
    action: str,
    subject: SUBJECT = None,
    *,
    members: Members | None = None,
    at: datetime | None = None,
) -> None:
    """Raise NotFoundError when it is not permitted: the answer must not tell that it exists."""
    if not may(session, account, action, subject, members=members, at=at):
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
