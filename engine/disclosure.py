"""A request for access to one's own data: registered, identified, found, decided, answered (S21).

The data-protection officer registers it and answers it, and reads no content. The desk finds the
cases. Who is answered "there is nothing that we can tell you" learns nothing from it: the words
are the same where no case exists and where everything is withheld.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit, blind_index, receipt, release
from engine.application import Application
from engine.calendar import occurrence, parse_duration
from engine.errors import ConflictError, InputError, NotFoundError
from engine.incident import call_for, resolve_incident
from engine.language import gettext, mark
from engine.models import (
    Account,
    Case,
    CaseState,
    Disclosure,
    DisclosureCase,
    Job,
    Person,
)
from engine.once import add_once, id_of
from engine.profile import Profile

OFFICER = "dpo"
FOR_OTHERS = frozenset({"guardian", "lawyer"})
AUTHORITY = "authority"
LONGEST = 4000
NOT_YOURS = mark("This page does not exist, or it is not for you.")


class DisclosureError(InputError):
    """What was entered is incomplete; `field` is what has to be mended."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Request:
    """Who asks about whom, as it came in; days are ISO dates, `about_born` may be empty."""

    relation: str
    requester: str
    contact: str
    about_name: str
    about_born: str
    received_on: str
    scope: str = ""


def register(application: Application, account_id: UUID, wanted: Request, *, key: str = "") -> UUID:
    """Register a request, once for each key; raise DisclosureError naming the field to mend."""
    with application.database.transaction() as session:
        profile, account = officer_of(application, session, account_id)
        now = application.now(session)
        received, born = _check(wanted, profile, now)
        start = datetime.combine(received, time(), tzinfo=profile.zone)
        due = occurrence(start, period(profile, "disclosure_deadline"), 1, profile.zone)
        found = Disclosure(
            id=id_of(key, account_id),
            code=f"R-{receipt.new_code()}",
            relation=wanted.relation,
            requester=wanted.requester.strip(),
            contact=wanted.contact.strip(),
            about_name=wanted.about_name.strip(),
            about_born=born,
            scope=wanted.scope.strip() or None,
            received_on=received,
            due_on=due.astimezone(profile.zone).date(),
            registered_by_id=account.id,
            registered_at=now,
        )
        if not add_once(session, found):
            return found.id
        write(session, account, "disclosure:request:register", found, now)
        soon = occurrence(due, period(profile, "disclosure_remind"), -1, profile.zone)
        # A set: of a request that is registered late both are owed at once.
        for at in sorted({max(now, soon), max(now, due)}):
            owe_look(application, session, found, at)
        return found.id


def _check(wanted: Request, profile: Profile, now: datetime) -> tuple[date, date | None]:
    if wanted.relation not in profile.lists.get("disclosure_relations", {}):
        raise DisclosureError("relation", gettext("Say who asks."))
    for field in ("requester", "contact", "about_name"):
        if not 0 < len(getattr(wanted, field).strip()) <= 300:  # noqa: PLR2004 - one line
            raise DisclosureError(field, gettext("Fill this in, in at most 300 characters."))
    if wanted.relation == AUTHORITY and not wanted.scope.strip():
        raise DisclosureError(
            "scope", gettext("Write what the order names: no more than that goes out.")
        )
    if len(wanted.scope) > LONGEST:
        raise DisclosureError(
            "scope", gettext("Write at most %(longest)s characters.", longest=LONGEST)
        )
    received = _day("received_on", wanted.received_on)
    if received is None or received > now.astimezone(profile.zone).date():
        raise DisclosureError("received_on", gettext("Choose the day on which it came in."))
    return received, _day("about_born", wanted.about_born)


def _day(field: str, value: str) -> date | None:
    if not value.strip():
        return None
    try:
        return date.fromisoformat(value.strip())
    except ValueError as error:
        raise DisclosureError(field, gettext("Choose a day from the calendar.")) from error


def period(profile: Profile, name: str) -> Any:
    """Return a duration of the profile."""
    return parse_duration(str(profile.values[name]))


def officer_of(
    application: Application, session: Session, account_id: UUID
) -> tuple[Profile, Account]:
    """Return the profile and the officer who acts; for anybody else there is nothing here."""
    account = session.get_one(Account, account_id)
    if OFFICER not in account.role_codes:
        raise NotFoundError(gettext(NOT_YOURS))
    return application.deployment(session).profile, account


def may_search(account: Account, profile: Profile) -> bool:
    """Say whether a person finds cases for requests."""
    return bool(account.role_codes & set(profile.values["disclosure_desk"]))


def still_open(session: Session, disclosure_id: UUID) -> Disclosure:
    """Return a request that is not answered yet, locked."""
    found = session.scalars(
        select(Disclosure).where(Disclosure.id == disclosure_id).with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFoundError(gettext(NOT_YOURS))
    if found.closed_at is not None:
        raise ConflictError(gettext("This request is answered already."))
    return found


def identify(
    application: Application, disclosure_id: UUID, account_id: UUID, means: str, note: str
) -> None:
    """Record that and how it was checked who asks; then the desk looks for cases."""
    with application.database.transaction() as session:
        profile, account = officer_of(application, session, account_id)
        found = still_open(session, disclosure_id)
        if found.identity_at is not None:
            raise ConflictError(gettext("Who asks is checked already."))
        if means not in profile.lists.get("disclosure_means", {}):
            raise DisclosureError("means", gettext("Say how it was checked."))
        if len(note) > LONGEST or (found.relation in FOR_OTHERS and not note.strip()):
            raise DisclosureError(
                "note", gettext("Write what shows that this person may ask for another.")
            )
        now = application.now(session)
        found.identity_means, found.identity_note = means, note.strip() or None
        found.identity_by_id, found.identity_at = account.id, now
        write(session, account, "disclosure:request:identify", found, now, means=means)
        call_for(
            session,
            key=f"disclosure_search:{found.id}",
            message=mark("A request for access waits for the desk to look for cases."),
            now=now,
            about=f"{found.id}",
            role=str(profile.values["disclosure_desk"][0]),
        )


def matches(session: Session, found: Disclosure, account: Account) -> list[Case]:
    """Return the cases about somebody of this name and date of birth, by their blind index.

    Of files that are kept apart those in which a role of the person's takes part (decision 93).
    """
    if found.erased_at is not None:
        return []
    key = blind_index.key_of(session)
    same = blind_index.alike(key, found.about_name, found.about_born)
    statement = (
        select(Case)
        .join(Person, Person.case_id == Case.id)
        .where(same, Case.state != CaseState.ERASED.value, ~access.is_barred(account, Case.id))
        .order_by(Case.created_at)
    )
    cases = session.scalars(statement).unique()
    return [case for case in cases if case.admits_any(account.role_codes)]


def search(
    application: Application,
    disclosure_id: UUID,
    account_id: UUID,
    codes: list[str],
    is_party: bool | None,
) -> None:
    """Record which cases a request is about, none or some, and ask for the decisions.

    Raise DisclosureError where a code is no case that is kept, or where it is not said whether
    somebody who asks for another is a party.
    """
    with application.database.transaction() as session:
        profile = application.deployment(session).profile
        account = session.get_one(Account, account_id)
        if not may_search(account, profile):
            raise NotFoundError(gettext(NOT_YOURS))
        found = still_open(session, disclosure_id)
        if found.identity_at is None or found.searched_at is not None:
            raise ConflictError(gettext("This request waits for no search."))
        cases = _cases(session, account, codes)
        if cases and found.relation in FOR_OTHERS and is_party is None:
            raise DisclosureError(
                "is_party", gettext("Say whether who asks has a part in the case.")
            )
        now = application.now(session)
        found.searched_by_id, found.searched_at, found.is_party = account.id, now, is_party
        write(session, account, "disclosure:request:search", found, now)
        for case in cases:
            link = DisclosureCase(case_id=case.id, found_by_id=account.id, found_at=now)
            found.cases.append(link)
            write_of_case(session, case, account, "case:disclosure:find", found, now)
        session.flush()
        resolve_incident(session, f"disclosure_search:{found.id}", now)
        if not is_party:
            _ask_deciders(application, session, found, now)


def _cases(session: Session, account: Account, codes: list[str]) -> list[Case]:
    wanted = sorted({code.strip().upper()[:20] for code in codes if code.strip()})
    kept = Case.state != CaseState.ERASED.value
    statement = (
        select(Case)
        .where(Case.code.in_(wanted), kept, ~access.is_barred(account, Case.id))
        .order_by(Case.id)
        .with_for_update(of=Case)
    )
    cases = session.scalars(statement).unique()
    found = [case for case in cases if case.admits_any(account.role_codes)]
    if len(found) != len(wanted):
        raise DisclosureError(
            "codes", gettext("One of these codes is no case that is kept; check them.")
        )
    return found


def _ask_deciders(
    application: Application, session: Session, found: Disclosure, now: datetime
) -> None:
    people: dict[UUID, UUID] = {}
    groups: set[tuple[UUID, UUID | None]] = set()
    for record in release.all_records(session, application, found):
        key = (record.case_id, record.organisation_id)
        if key not in groups:
            groups.add(key)
            profile = application.deployment(session).profile
            for one in release.deciders(session, record, profile):
                people.setdefault(one.id, record.case_id)
    for account_id, case_id in people.items():
        payload = {
            "template": "release_asked",
            "case_id": str(case_id),
            "account_id": str(account_id),
            "alone": True,
        }
        session.add(
            Job(
                kind="notice",
                key=f"release_asked:{found.id}:{account_id}",
                state=application.job_state("notice"),
                payload=payload,
                run_after=now,
                created_at=now,
            )
        )


def owe_look(application: Application, session: Session, found: Disclosure, at: datetime) -> None:
    """Owe a look at a request at an instant (worker)."""
    session.add(
        Job(
            kind="disclosure_look",
            key=f"disclosure_look:{found.id}:{at.isoformat()}",
            state=application.job_state("disclosure_look"),
            payload={"disclosure_id": str(found.id)},
            run_after=at,
            created_at=found.registered_at,
        )
    )


def write(
    session: Session,
    account: Account | None,
    event: str,
    found: Disclosure,
    at: datetime,
    **told: Any,
) -> None:
    """Write a deed to the own chain of who did it; ids and codes only."""
    actor_id = account.id if account else None
    audit.record(session, None, at=at, actor_id=actor_id, event=event, subject=found.id, **told)


def write_of_case(
    session: Session, case: Case, account: Account, event: str, found: Disclosure, at: datetime
) -> None:
    """Write a deed to the chain of a case, whose lock the caller holds."""
    audit.record(
        session, case, at=at, actor_id=account.id, event=event, subject=found.id, request=found.code
    )
