"""Legal holds: two persons set one, two lift it, and nothing of the case is erased meanwhile (S15).

One of the two is the data-protection officer, who sees no content; the other holds one of the
roles of the profile's `hold_roles`. A request that nobody has answered yet postpones an erasure
too, for a few days: what is erased by mistake is gone for good.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from engine import access, audit
from engine.application import Application
from engine.calendar import occurrence, parse_duration
from engine.errors import ConflictError, InputError, NotFoundError, SeparationError
from engine.incident import call_for, resolve_incident
from engine.language import gettext, mark
from engine.lock import lock_instance
from engine.models import (
    Account,
    Case,
    CaseState,
    InstanceState,
    Job,
    LegalHold,
    ProcessInstance,
)
from engine.once import id_of
from engine.profile import Profile
from engine.turn import Turn, take_turn

OFFICER, FUNCTION = "dpo", "function"
LIFTED = "hold_lifted"
"""The message for which the drawn process waits while a hold is on."""
LONGEST = 4000
UNKNOWN = mark("No case has this code, or its file is erased already.")


class HoldError(InputError):
    """What was asked is incomplete; `field` is what has to be mended."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Request:
    """Which case is held, and on what: a code of the profile's `hold_grounds`, and words."""

    code: str
    ground: str
    reference: str
    reason: str
    review_on: str = ""
    """An ISO date, or nothing."""


def part_of(account: Account, profile: Profile) -> str | None:
    """Return as what a person sets and lifts holds; None when not at all."""
    if OFFICER in account.role_codes:
        return OFFICER
    return FUNCTION if account.role_codes & set(profile.values["hold_roles"]) else None


def in_force() -> ColumnElement[bool]:
    """Return the condition under which a hold is in force."""
    return and_(LegalHold.agreed_at.is_not(None), LegalHold.lifted_at.is_(None))


def blocking(session: Session, case_id: UUID, now: datetime) -> LegalHold | None:
    """Return what keeps a case from being erased now: a hold, or a request without an answer."""
    unanswered = and_(LegalHold.agreed_at.is_(None), LegalHold.declined_at.is_(None))
    asked = unanswered & (LegalHold.answer_by > now)
    conditions = (LegalHold.case_id == case_id, or_(in_force(), asked))
    wanted = select(LegalHold).where(*conditions).order_by(LegalHold.asked_at).limit(1)
    return session.scalars(wanted).one_or_none()


def ask(application: Application, account_id: UUID, wanted: Request, *, key: str = "") -> UUID:
    """Ask for a hold, once for each key; raise HoldError naming the field to mend."""
    with application.database.transaction() as session:
        profile = application.deployment(session).profile
        account, part = _person(session, account_id, profile)
        now = application.now(session)
        review_on = _check(wanted, profile, now)
        case = session.scalar(select(Case).where(Case.code == wanted.code).with_for_update(of=Case))
        if (
            not case
            or case.state == CaseState.ERASED.value
            or _shut(session, account, case, profile)
        ):
            missed = {"event": "case:search:miss", "subject": "hold"}
            audit.record(session, None, at=now, actor_id=account.id, **missed)
            found = None
        elif (found := session.get(LegalHold, new_id := id_of(key, account_id, case.id))) is None:
            found = LegalHold(
                id=new_id,
                case_id=case.id,
                ground=wanted.ground,
                reference=wanted.reference.strip(),
                reason=wanted.reason.strip(),
                review_on=review_on,
                asked_by_id=account.id,
                asked_part=part,
                asked_at=now,
                answer_by=_later(now, "hold_answer", profile),
            )
            session.add(found)
            session.flush()
            _write(session, account, "case:hold:ask", found, now, ground=found.ground)
            message = "A legal hold is asked for: agree or decline."
            _call(session, found, _other(part), profile, message, now)
            _owe_look(application, session, found, found.answer_by)
    if found is None:
        raise HoldError("code", gettext(UNKNOWN))
    return found.id


def _check(wanted: Request, profile: Profile, now: datetime) -> date | None:
    if wanted.ground not in profile.lists.get("hold_grounds", {}):
        raise HoldError("ground", gettext("Say on what ground the file has to be kept."))
    if not 0 < len(wanted.reference.strip()) <= 300:  # noqa: PLR2004 - one line
        raise HoldError("reference", gettext("Write the reference of the order or letter."))
    _check_reason("reason", wanted.reason)
    if not wanted.review_on:
        return None
    try:
        review_on = date.fromisoformat(wanted.review_on)
    except ValueError as error:
        raise HoldError("review_on", gettext("Choose a day from the calendar.")) from error
    if review_on <= now.astimezone(profile.zone).date():
        raise HoldError("review_on", gettext("Choose a day that is still to come."))
    return review_on


def _check_reason(field: str, reason: str) -> None:
    if not reason.strip() or len(reason) > LONGEST:
        raise HoldError(
            field, gettext("Write why, in at most %(longest)s characters.", longest=LONGEST)
        )


def agree(application: Application, hold_id: UUID, account_id: UUID) -> None:
    """Agree to a hold as the second person; from then on it is in force."""
    with application.database.transaction() as session:
        found, account, profile = _open(application, session, hold_id, account_id)
        if found.agreed_at or found.declined_at:
            raise ConflictError(gettext("This request is answered already."))
        part = _second(account, profile, found.asked_by_id, found.asked_part)
        now = application.now(session)
        found.agreed_by_id, found.agreed_part, found.agreed_at = account.id, part, now
        _write(session, account, "case:hold:set", found, now, by=str(found.asked_by_id))
        resolve_incident(session, _key(found, part), now)
        if found.review_on:
            day = datetime.combine(found.review_on, time(), tzinfo=profile.zone)
            _owe_look(application, session, found, max(now, day))


def decline(application: Application, hold_id: UUID, account_id: UUID) -> None:
    """Decline a request, or take the own one back: the file is kept no longer because of it."""
    with application.database.transaction() as session:
        found, account, _ = _open(application, session, hold_id, account_id)
        if found.agreed_at or found.declined_at:
            raise ConflictError(gettext("This request is answered already."))
        now = application.now(session)
        found.declined_by_id, found.declined_at = account.id, now
        _write(session, account, "case:hold:decline", found, now)
        resolve_incident(session, _key(found, _other(found.asked_part)), now)
    _tell_retention(application, hold_id, account_id)


def ask_lift(application: Application, hold_id: UUID, account_id: UUID, reason: str) -> None:
    """Ask for the lifting of a hold, with the reason."""
    _check_reason("lift_reason", reason)
    with application.database.transaction() as session:
        found, account, profile = _open(application, session, hold_id, account_id)
        if not found.agreed_at or found.lifted_at or found.lift_asked_at:
            raise ConflictError(
                gettext("The lifting of this hold is asked for already, or it is not on.")
            )
        now, part = application.now(session), part_of(account, profile)
        found.lift_asked_by_id, found.lift_asked_part, found.lift_asked_at = account.id, part, now
        found.lift_reason = reason.strip()
        _write(session, account, "case:hold:ask_lift", found, now)
        message = "The lifting of a legal hold is asked for: agree, or leave the hold on."
        _call(session, found, _other(str(part)), profile, message, now)


def lift(application: Application, hold_id: UUID, account_id: UUID) -> None:
    """Agree to the lifting as the second person; the retention of the file goes on."""
    with application.database.transaction() as session:
        found, account, profile = _open(application, session, hold_id, account_id)
        if found.lifted_at or not found.lift_asked_at or found.lift_asked_by_id is None:
            raise ConflictError(
                gettext("The lifting of this hold is not asked for, or it is lifted.")
            )
        part = _second(account, profile, found.lift_asked_by_id, str(found.lift_asked_part))
        now = application.now(session)
        found.lifted_by_id, found.lifted_part, found.lifted_at = account.id, part, now
        by = str(found.lift_asked_by_id)
        _write(session, account, "case:hold:lift", found, now, by=by)
        resolve_incident(session, _key(found, part), now)
        resolve_incident(session, _review_key(found), now)
    _tell_retention(application, hold_id, account_id)


def keep_on(application: Application, hold_id: UUID, account_id: UUID) -> None:
    """Turn the request to lift a hold down, or take the own one back: the hold stays on."""
    with application.database.transaction() as session:
        found, account, _ = _open(application, session, hold_id, account_id)
        if found.lifted_at or not found.lift_asked_at:
            raise ConflictError(
                gettext("The lifting of this hold is not asked for, or it is lifted.")
            )
        part = _other(str(found.lift_asked_part))
        found.lift_asked_by_id = found.lift_asked_part = found.lift_asked_at = None
        now = application.now(session)
        _write(session, account, "case:hold:keep_on", found, now)
        resolve_incident(session, _key(found, part), now)


def _person(session: Session, account_id: UUID, profile: Profile) -> tuple[Account, str]:
    account = session.get_one(Account, account_id)
    part = part_of(account, profile)
    if part is None:
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    return account, part


def _open(
    application: Application, session: Session, hold_id: UUID, account_id: UUID
) -> tuple[LegalHold, Account, Profile]:
    """Return a hold under the lock of its case, and who acts."""
    profile = application.deployment(session).profile
    account, _ = _person(session, account_id, profile)
    found = session.get(LegalHold, hold_id)
    if found is None or _shut(session, account, found.case, profile):
        raise NotFoundError(gettext("This page does not exist, or it is not for you."))
    session.scalars(select(Case).where(Case.id == found.case_id).with_for_update(of=Case)).one()
    session.refresh(found)
    return found, account, profile


def _shut(session: Session, account: Account, case: Case, profile: Profile) -> bool:
    """Say whether holds on a file are none of a person's: kept out of it, or of another body.

    Threat: who sets holds for one body would learn here of which files the other body has.
    """
    here = case.admitted(account.role_codes & set(profile.values["hold_roles"]))
    barred = session.scalar(select(access.is_barred(account, case.id)))
    return bool(barred) or not (here or OFFICER in account.role_codes)


def _second(account: Account, profile: Profile, first: UUID, first_part: str) -> str:
    """Return as what the second person agrees; refuse the first, and two of the same kind."""
    part = part_of(account, profile)
    if account.id == first or part is None or part == first_part:
        raise SeparationError(
            gettext(
                "Two persons do this, one of them the data-protection officer and the other "
                "not: ask the other one."
            )
        )
    return part


def _other(part: str) -> str:
    return FUNCTION if part == OFFICER else OFFICER


def _write(
    session: Session,
    account: Account | None,
    event: str,
    found: LegalHold,
    at: datetime,
    **told: Any,
) -> None:
    actor_id = account.id if account else None
    audit.record(
        session, found.case, at=at, actor_id=actor_id, event=event, subject=found.id, **told
    )


def _call(
    session: Session, found: LegalHold, part: str, profile: Profile, message: str, now: datetime
) -> None:
    """Call the second person; the call ends by itself with the answer.

    Of the roles that hold it is the first one that has to do with the file.
    """
    here = [role for role in profile.values["hold_roles"] if found.case.admits(role)]
    call_for(
        session,
        key=_key(found, part),
        message=message,
        now=now,
        about=f"{found.id}",
        role=OFFICER if part == OFFICER or not here else str(here[0]),
        case_id=found.case_id,
    )


def _key(found: LegalHold, part: str) -> str:
    return f"hold:{found.id}:{part}"


def _later(now: datetime, name: str, profile: Profile) -> datetime:
    return occurrence(now, parse_duration(str(profile.values[name])), 1, profile.zone)


def _owe_look(application: Application, session: Session, found: LegalHold, at: datetime) -> None:
    session.add(
        Job(
            kind="hold_look",
            key=f"hold_look:{found.id}:{at.isoformat()}",
            state=application.job_state("hold_look"),
            payload={"hold_id": str(found.id)},
            run_after=at,
            created_at=found.asked_at,
        )
    )


def look_after(application: Application, hold_id: UUID) -> None:
    """Let an unanswered request lapse; call the officer at the day of review (worker)."""
    lapsed = False
    with application.database.transaction() as session:
        found = session.get(LegalHold, hold_id)
        if found is None:
            return
        session.scalars(select(Case).where(Case.id == found.case_id).with_for_update(of=Case)).one()
        session.refresh(found)
        now, profile = application.now(session), application.deployment(session).profile
        if not found.agreed_at and not found.declined_at and now >= found.answer_by:
            found.declined_at, lapsed = now, True
            _write(session, None, "case:hold:lapse", found, now)
            resolve_incident(session, _key(found, _other(found.asked_part)), now)
        is_on = found.agreed_at is not None and found.lifted_at is None
        day = found.review_on
        if is_on and day is not None and now.astimezone(profile.zone).date() >= day:
            call_for(
                session,
                key=_review_key(found),
                message=mark("A legal hold has reached its day of review: is it needed still?"),
                now=now,
                about=f"{found.id}",
                role=OFFICER,
                case_id=found.case_id,
            )
    if lapsed:
        _tell_retention(application, hold_id, None)


def _review_key(found: LegalHold) -> str:
    return f"hold_review:{found.id}"


def _tell_retention(application: Application, hold_id: UUID, account_id: UUID | None) -> None:
    """Let the drawn process go on that waits because of a hold."""
    with application.database.transaction() as session:
        # The hold itself is not read: an erasure in this turn empties its words past the session.
        of_case = select(LegalHold.case_id).where(LegalHold.id == hold_id).scalar_subquery()
        waiting = session.scalars(
            select(ProcessInstance).where(
                ProcessInstance.case_id == of_case,
                ProcessInstance.status == InstanceState.RUNNING.value,
            )
        ).unique()
        ids = [instance.id for instance in waiting if LIFTED in instance.awaited]
        actor = session.get_one(Account, account_id) if account_id else None
        for instance_id in ids:
            row = lock_instance(session, instance_id)
            if LIFTED in row.awaited:
                key = f"{LIFTED}:{hold_id}:{uuid4()}"
                take_turn(
                    application,
                    session,
                    row,
                    lambda turn, key=key: _post(turn, key),  # type: ignore[misc]
                    actor=actor,
                )


def _post(turn: Turn, key: str) -> None:
    turn.post(LIFTED, key=key)
