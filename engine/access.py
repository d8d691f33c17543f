"""The one door of access: who may do what (need-to-know).

A person reads a case as an active member of it, or because a work item of the case is owed by
a role (and organisation) that the person holds. Whoever declared a conflict of interest there or
is suspended has nothing of it. Everything else looks like not existing.

While somebody is away the deputy may in addition what the absent person may in cases and steps
(P36), but for what stays with the person, and not in a case that the deputy was taken out of.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    exists,
    false,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from engine.deputy import ANYBODY, WITHIN, deputies_of, is_delegated, principals
from engine.errors import NotFoundError
from engine.language import gettext
from engine.membership_rows import AROUND, ENTER, Members, as_members
from engine.models import (
    BARRING,
    Absence,
    Account,
    AccountRole,
    Case,
    CaseMember,
    CaseStanding,
    CaseState,
    EmergencyAccess,
    Incident,
    WorkItem,
    WorkItemState,
    guard,
)
from engine.policy import (
    DESK_ACTIONS,
    IN_PERSON,
    LEADING_ACTIONS,
    NOT_DELEGATED,
    ROLES_IN_CASE,
    WATCHES_EMERGENCIES,
)

IN_NO_CASE = frozenset(guard.IN_NO_CASE)
"""Roles whose holders are members of no case: who watches over reading does not read (S13)."""

LEADING = frozenset({"process_coordinator", "content_coordinator", "chair"})
"""Functions in a case whose holders see who looked at it (S13) and look after who takes part."""

UNREADABLE = frozenset({CaseState.SEALED.value, CaseState.ERASED.value})
"""States in which no emergency opens a case: unfounded, or gone."""

KEEPS_SEALED = frozenset({"desk_head"})
"""Functions whose holders read a sealed file until it is erased: who answers for that (P33).

Threat: an invitation that was open when the file was sealed would else open it again.
"""

# Made once: an alias copies all columns of its table, at every question that is asked.
_PERIOD, _OTHER_PERIOD = aliased(CaseMember), aliased(CaseMember)
_STANDING = aliased(CaseStanding)
_TWIN = aliased(Account)

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
            found = _may_work_item(session, account, action, subject, members) or bool(
                _through(session, account, action, subject, members)
            )
        case Case():
            found = _way(session, account, action, subject) is not None
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
    return not _is_excluded(session, account, incident.case_id) and any(
        incident.owner_role in one.role_codes and one.id not in barred
        for one in _absent(session, account)
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


def persons(session: Session, account: Account) -> Iterator[Account]:
    """Yield the person, then the absent people for whom the person deputises now.

    Who watches over data protection neither deputises nor is deputised for in a case.
    """
    yield account
    if not IN_NO_CASE & account.role_codes:
        for absent in principals(session, account):
            if not IN_NO_CASE & absent.role_codes:
                yield absent


def _absent(session: Session, account: Account) -> list[Account]:
    return list(persons(session, account))[1:]


def persons_in(session: Session, account: Account, case_id: UUID) -> list[Account]:
    """Return the person, and the absent people as whose deputy the person sees this case.

    Threat: who sees a case anyway would else read in it as what an absent person is elsewhere.
    """
    own, *absent = persons(session, account)
    return [own, *(one for one in absent if _sees_through(session, own, one, case_id))]


def _sees_through(session: Session, account: Account, absent: Account, case_id: UUID) -> bool:
    known = select(Case.id).where(Case.id == case_id, _cases_through(account, absent))
    return session.scalar(known) is not None


def _way(session: Session, account: Account, action: str, case: Case) -> Account | None:
    """Return as whom the account may do something to a case: itself, an absent person, None."""
    if _may_case(session, account, action, case, account):
        return account
    for absent in [] if action in IN_PERSON else _absent(session, account):
        if _may_case(session, account, action, case, absent):
            return absent
    return None


def _may_case(session: Session, account: Account, action: str, case: Case, person: Account) -> bool:
    if action in ROLES_IN_CASE and not ROLES_IN_CASE[action] & person.role_codes:
        return False
    if action == "case:audit" and "dpo" in person.role_codes:
        return True  # who looked, and nothing of what they saw; also after the erasure
    if case.state == CaseState.ERASED.value:
        return False
    if action in LEADING_ACTIONS and not LEADING & set(acting_functions(session, case.id, person)):
        return False
    if action == "case:own":
        return _is_former(session, account, case)
    known = _cases_of(account) if person is account else _cases_through(account, person)
    return session.scalar(select(Case.id).where(Case.id == case.id, known)) is not None


def acting_for(
    session: Session, account: Account, item: WorkItem, members: Members | None = None
) -> Account | None:
    """Return the absent person for whom an account does an open step; None: in its own name.

    A step that the absent person had taken is done for that person, also by a deputy who could
    do it anyway.
    """
    own = _may_work_item(session, account, "work_item:complete", item, members)
    if own and item.assignee_id in {None, account.id}:
        return None
    through = _through(session, account, "work_item:complete", item, members)
    for absent in through:
        if absent.id == item.assignee_id:
            return absent
    return None if own or not through else through[0]


def taker(session: Session, account: Account, item: WorkItem) -> Account:
    """Return in whose name an account takes an open step: its own, else an absent person's.

    So a step that was taken as a deputy stays with the person when the absence ends.
    """
    if _may_work_item(session, account, "work_item:complete", item, None):
        return account
    through = _through(session, account, "work_item:complete", item, None)
    return through[0] if through else account


def acting_for_in(session: Session, account: Account, action: str, case: Case) -> Account | None:
    """Return the absent person for whom an account does something to a case; None: as itself."""
    found = _way(session, account, action, case)
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
            excluded = person is not account and _is_excluded(session, account, case_id)
            return None if excluded or person.id in members.barred else person
    return None


def _through(
    session: Session, account: Account, action: str, item: WorkItem, members: Members | None
) -> list[Account]:
    """Return the absent people on whose behalf the account may do something to a step."""
    found = list(persons(session, account))[1:]
    if not found or _is_excluded(session, account, item.case_id):
        return []
    known = _known(session, item, members)
    return [
        absent
        for absent in found
        if is_delegated(account, absent, item)
        and _may_work_item(session, absent, action, item, known)
    ]


def _is_excluded(session: Session, account: Account, case_id: UUID) -> bool:
    """Say whether a person is kept out of a case, or has left it and is not a member again."""
    members = members_of(session, case_id)
    if account.id in members.barred:
        return True
    was = select(CaseMember.id).where(
        CaseMember.case_id == case_id, CaseMember.account_id == account.id
    )
    return not _is_in(account, members) and session.scalar(was.limit(1)) is not None


def _not_excluded(account: Account, case_id: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """Return the same as a condition."""
    left, back = _PERIOD, _OTHER_PERIOD
    return and_(
        ~is_barred(account, case_id),
        or_(
            ~exists().where(left.case_id == case_id, left.account_id == account.id),
            exists().where(
                back.case_id == case_id, back.account_id == account.id, back.until.is_(None)
            ),
        ),
    )


def _is_former(session: Session, account: Account, case: Case) -> bool:
    """Say whether the person took part once and does no longer: own statements stay readable.

    Not for whoever declared a conflict of interest or is suspended: they are kept out of all.
    """
    found = session.scalar(select(Case.id).where(Case.id == case.id, left_cases(account)))
    return found is not None


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
        return own and is_live and found.case.state not in UNREADABLE
    if action == "emergency:end":
        leads = any((account.id, function) in members for function in LEADING)
        return is_live and (own or leads or "dpo" in account.role_codes)
    watches = bool(WATCHES_EMERGENCIES & account.role_codes) or _is_in(account, members)
    return action == "emergency:watch" and watches and not own


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


def members_of(session: Session, case_id: UUID) -> Members:
    """Return the active members of a case with their functions, and who is kept out of it."""
    return as_members(session.execute(AROUND, {"case_id": case_id}))


def enter(session: Session, account_id: UUID, case_id: UUID) -> tuple[Account, Members]:
    """Return a person and the active members of a case, both read by one statement."""
    given = {"account_id": account_id, "case_id": case_id}
    rows = session.execute(ENTER, given).unique().all()
    if not rows:
        raise NotFoundError(gettext("This account does not exist."))
    return rows[0][0], as_members(row[1:] for row in rows if row[1])


def is_barred(account: Account, case_id: Any) -> ColumnElement[bool]:
    """Return the condition under which the account is kept out of the case of a row."""
    standing = _STANDING
    of_human = select(_TWIN.id).where(_TWIN.person_id == account.person_id)
    return exists().where(
        standing.case_id == case_id,
        standing.account_id.in_(of_human),
        standing.until.is_(None),
        standing.state.in_(BARRING),
    )


def visible_cases(session: Session, account: Account) -> ColumnElement[bool]:
    """Return the condition under which a row of Case is visible to the account."""
    own, *absent = persons(session, account)
    ways = [_cases_of(own), *(_cases_through(account, one) for one in absent)]
    return or_(*ways)


def _cases_of(account: Account) -> ColumnElement[bool]:
    return _cases(account, work_items_of(account))


def _cases_through(account: Account, absent: Account) -> ColumnElement[bool]:
    steps = work_items_through(account, absent)
    return and_(_cases(absent, steps), _not_excluded(account, Case.id))


def _cases(person: Account, steps: ColumnElement[bool]) -> ColumnElement[bool]:
    member = exists().where(
        CaseMember.case_id == Case.id,
        CaseMember.account_id == person.id,
        CaseMember.until.is_(None),
        or_(Case.state != CaseState.SEALED.value, CaseMember.function.in_(KEEPS_SEALED)),
    )
    owed = exists().where(
        WorkItem.case_id == Case.id,
        WorkItem.state == WorkItemState.OPEN.value,
        # Who watches over data protection does a step of a case and opens nothing of it.
        false() if IN_NO_CASE & person.role_codes else steps,
    )
    return and_(
        Case.state != CaseState.ERASED.value,
        ~is_barred(person, Case.id),
        or_(member, owed),
    )


def left_cases(account: Account) -> ColumnElement[bool]:
    """Return the condition under which the account took part in a Case once, and does no longer."""
    period = _PERIOD
    mine = (period.case_id == Case.id, period.account_id == account.id)
    return and_(
        Case.state.not_in([CaseState.ERASED.value, CaseState.SEALED.value]),
        ~is_barred(account, Case.id),
        exists().where(*mine),
        ~exists().where(*mine, period.until.is_(None)),
    )


def visible_work_items(session: Session, account: Account) -> ColumnElement[bool]:
    """Return the condition under which an open WorkItem may be done by the account."""
    own, *absent = persons(session, account)
    return or_(work_items_of(own), *(work_items_through(account, one) for one in absent))


def work_items_through(account: Account, absent: Account) -> ColumnElement[bool]:
    """Return the condition under which a deputy may do an open WorkItem for an absent person."""
    within = account.organisation_id == absent.organisation_id
    return and_(
        WorkItem.deputies.in_([ANYBODY, WITHIN] if within else [ANYBODY]),
        work_items_of(absent),
        _not_excluded(account, WorkItem.case_id),
    )


def work_items_of(account: Account) -> ColumnElement[bool]:
    """Return the condition under which an open WorkItem may be done in the account's own right.

    A role with members in the case belongs to those members; a role that nobody holds there
    yet is a pool for all its holders. Desk roles stay a pool: their members are all holders.
    """
    roles = sorted(account.role_codes)
    if not roles:
        return false()
    member = _PERIOD
    am_member = exists().where(
        member.case_id == WorkItem.case_id,
        member.account_id == account.id,
        member.until.is_(None),
        member.function == WorkItem.role,
    )
    other = _OTHER_PERIOD
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

    The same rule as `may(..., "work_item:complete", item)`, for all accounts in few statements.
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
    own = [
        account
        for account in holders
        if _may_work_item(session, account, "work_item:complete", item, members)
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
        and not _is_excluded(session, deputy, item.case_id)
    )
