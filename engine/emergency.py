"""Opens a case in danger to life to somebody who takes no part in it, for a few hours, on record.

A code alone never tells whether it belongs to a case: codes that nobody has and cases that may not
be opened get the same answer, and who guesses is slowed down, written down and, after a few
openings in a quarter of a year, suspended.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.application import Application
from engine.calendar import occurrence, parse_duration
from engine.errors import InputError, NotFoundError
from engine.incident import call_for
from engine.language import gettext, mark
from engine.models import (
    Account,
    AccountRole,
    Case,
    CaseMember,
    EmergencyAccess,
    Job,
)
from engine.profile import Profile

OPENED = "case:file:break_glass"
ENDED = "case:emergency:end"
REFUSED = "case:file:refuse"
MISSED = "case:search:miss"
COORDINATORS = ("process_coordinator", "content_coordinator", "chair")
TOLD = ("dpo", "desk_head")
LONGEST = 4000
QUARTER = 3


class EmergencyError(InputError):
    """What was asked is incomplete; `errors` says by field what has to be mended, all at once."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


@dataclass(frozen=True)
class Request:
    """Which case, and why: a code of the profile's `emergency_reasons` and the motive in words."""

    code: str
    category: str
    motive: str


@dataclass(frozen=True)
class Answer:
    """`access_id` is None when nothing was opened; `suspended` says it of the person alone."""

    access_id: UUID | None = None
    suspended: bool = False


def may_open(account: Account, profile: Profile) -> bool:
    """Say whether the profile lets one of the person's roles open a case in an emergency."""
    if access.IN_NO_CASE & account.role_codes:
        return False
    return bool(_opening(account, profile))


def _opening(account: Account, profile: Profile) -> list[str]:
    """Return those of the person's roles that open a case in an emergency."""
    known = (profile.roles.get(code) for code in account.role_codes)
    return [role.code for role in known if role is not None and role.emergency]


def open_case(application: Application, account_id: UUID, wanted: Request) -> Answer:
    """Open the case of a code for the profile's `emergency_duration`, or say that nothing opens.

    Raise EmergencyError when category or motive are missing, whatever the code is.
    """
    with application.database.transaction() as session:
        profile = application.deployment(session).profile
        account = _locked(session, account_id)
        if not may_open(account, profile):
            raise NotFoundError(gettext("This page does not exist, or it is not for you."))
        _check(wanted, profile)
        now = application.now(session)
        running = _running(session, account, wanted.code, now)
        if running is not None:
            return Answer(running)
        if _used(session, account, now, profile) >= int(profile.values.get("emergency_limit", 2)):
            _suspend(session, account, now, profile)
            return Answer(suspended=True)
        case = session.scalar(select(Case).where(Case.code == wanted.code).with_for_update(of=Case))
        if case is None or not _opens_to(session, case, account, profile):
            _refuse(session, case, account, now)
            return Answer()
        found = _new(account, case, wanted, now, profile)
        session.add(found)
        session.flush()
        _record(session, case, account, found)
        _owe(application, session, found)
        return Answer(found.id)


def _locked(session: Session, account_id: UUID) -> Account:
    """Lock the person, so that two requests at once do not both count as the last one allowed."""
    statement = select(Account).where(Account.id == account_id)
    return session.scalars(statement.with_for_update(of=Account, key_share=True)).unique().one()


def _check(wanted: Request, profile: Profile) -> None:
    errors = {}
    if not wanted.code:
        errors["code"] = gettext("Type the code of the case, for example from a mail.")
    if wanted.category not in profile.lists.get("emergency_reasons", {}):
        errors["category"] = gettext("Say what the danger is.")
    shortest = int(profile.values.get("emergency_motive_length", 40))
    if len(" ".join(wanted.motive.split())) < shortest:
        errors["motive"] = gettext(
            "Write what you know and why it cannot wait, in %(shortest)s characters or more.",
            shortest=shortest,
        )
    if len(wanted.motive) > LONGEST:
        errors["motive"] = gettext(
            "The motive has at most %(longest)s characters.", longest=LONGEST
        )
    if errors:
        raise EmergencyError(errors)


def _quarter(now: datetime, profile: Profile) -> datetime:
    """Return when the quarter of the year began in the profile's time zone."""
    local = now.astimezone(profile.zone)
    first = local.month - (local.month - 1) % QUARTER
    return local.replace(month=first, day=1, hour=0, minute=0, second=0, microsecond=0)


def _used(session: Session, account: Account, now: datetime, profile: Profile) -> int:
    counted = select(func.count()).where(
        EmergencyAccess.account_id == account.id,
        EmergencyAccess.opened_at >= _quarter(now, profile),
    )
    return session.scalar(counted) or 0


def _running(session: Session, account: Account, code: str, now: datetime) -> UUID | None:
    """Return the person's own access to this case that runs already: it is not counted again."""
    return session.scalar(
        select(EmergencyAccess.id)
        .join(Case, Case.id == EmergencyAccess.case_id)
        .where(
            Case.code == code,
            EmergencyAccess.account_id == account.id,
            EmergencyAccess.ended_at.is_(None),
            EmergencyAccess.ends_at > now,
        )
        .limit(1)
    )


def _suspend(session: Session, account: Account, now: datetime, profile: Profile) -> None:
    """Refuse for the rest of the quarter and call the data-protection officer."""
    call_for(
        session,
        key=f"emergency_limit:{account.id}:{_quarter(now, profile):%Y-%m}",
        message=mark(
            "Somebody asked for one emergency access more than a quarter of a year allows."
        ),
        now=now,
        about=account.username,
        role="dpo",
    )
    audit.record(
        session,
        None,
        at=now,
        actor_id=account.id,
        event="person:emergency:suspend",
        subject=account.id,
    )


def _opens_to(session: Session, case: Case | None, account: Account, profile: Profile) -> bool:
    """Say whether the case opens to the person.

    Not to members, who read it anyway, nor to those who have left it: whoever was taken out of a
    case, for a conflict of interest above all, does not come back by this door. Nor to another
    body than the one whose file it is: a role that opens has to be one that takes part there.
    """
    identifier = case.id if case else uuid4()
    ever = session.scalar(
        select(func.count()).where(
            CaseMember.case_id == identifier, CaseMember.account_id == account.id
        )
    )
    barred = session.scalar(select(access.is_barred(account, identifier)))
    live = session.scalar(
        select(Case.id).where(Case.id == identifier, access.visible_cases(session, account))
    )
    if case is None or case.state in access.UNREADABLE or ever or barred or live:
        return False
    return case.admits_any(_opening(account, profile))


def _refuse(session: Session, case: Case | None, account: Account, now: datetime) -> None:
    """Write the attempt down, for an unknown code to the person's own chain without the code."""
    audit.record(
        session,
        case,
        at=now,
        actor_id=account.id,
        event=REFUSED if case else MISSED,
        subject=case.id if case else "emergency",
        section="emergency",
    )


def _new(
    account: Account, case: Case, wanted: Request, now: datetime, profile: Profile
) -> EmergencyAccess:
    def later(name: str, default: str) -> datetime:
        length = parse_duration(str(profile.values.get(name, default)))
        return occurrence(now, length, 1, profile.zone)

    return EmergencyAccess(
        case_id=case.id,
        account_id=account.id,
        organisation_id=account.organisation_id,
        category=wanted.category,
        motive=wanted.motive.strip(),
        opened_at=now,
        ends_at=later("emergency_duration", "PT4H"),
        review_by=later("emergency_review", "PT72H"),
    )


def _record(session: Session, case: Case, account: Account, found: EmergencyAccess) -> None:
    audit.record(
        session,
        case,
        at=found.opened_at,
        actor_id=account.id,
        event=OPENED,
        subject=found.id,
        section=found.category,
        until=found.ends_at.isoformat(),
        acting=["emergency"],
    )


def _owe(application: Application, session: Session, found: EmergencyAccess) -> None:
    """Owe the notices of the opening at once, its end, and the look at whether it was reviewed."""
    for account_id in _whom_to_tell(session, found):
        payload = {
            "template": "emergency_opened",
            "case_id": str(found.case_id),
            "account_id": str(account_id),
        }
        _owe_one(application, session, found, "notice", found.opened_at, payload, str(account_id))
    payload = {"access_id": str(found.id)}
    _owe_one(application, session, found, "emergency_end", found.ends_at, payload)
    _owe_one(application, session, found, "emergency_review", found.review_by, payload)


def _owe_one(  # noqa: PLR0917 - what makes a job
    application: Application,
    session: Session,
    found: EmergencyAccess,
    kind: str,
    at: datetime,
    payload: dict[str, str],
    whom: str = "",
) -> None:
    session.add(
        Job(
            kind=kind,
            key=f"{kind}:{found.id}:{whom}",
            state=application.job_state(kind),
            payload=payload,
            run_after=at,
            created_at=found.opened_at,
        )
    )


def _whom_to_tell(session: Session, found: EmergencyAccess) -> list[UUID]:
    """Return who leads the case, and who watches over data protection and the desk."""
    leading = select(CaseMember.account_id).where(
        CaseMember.case_id == found.case_id,
        CaseMember.until.is_(None),
        CaseMember.function.in_(COORDINATORS),
    )
    here = [role for role in TOLD if role in access.IN_NO_CASE or found.case.admits(role)]
    watching = select(AccountRole.account_id).where(AccountRole.role.in_(here))
    people = select(Account.id).where(
        Account.id.in_(leading.union(watching)),
        Account.disabled_at.is_(None),
        Account.id != found.account_id,
    )
    return list(session.scalars(people.order_by(Account.username)))


def end(application: Application, access_id: UUID, account_id: UUID | None) -> bool:
    """End an access at once; say whether it still ran. Without an account its time was over."""
    with application.database.transaction() as session:
        found = session.get(EmergencyAccess, access_id)
        if found is None:
            return False
        case = session.scalars(
            select(Case).where(Case.id == found.case_id).with_for_update(of=Case)
        ).one()
        session.refresh(found)
        if found.ended_at is not None:
            return False
        now = application.now(session)
        found.ended_at, found.ended_by_id = now, account_id
        audit.record(session, case, at=now, actor_id=account_id, event=ENDED, subject=found.id)
        return True
