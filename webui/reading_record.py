"""Puts on record what somebody is about to be shown, before the bytes leave (S13).

When that fails the request fails, so nothing is shown that nobody can account for.
"""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from flask import request
from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.orm import Session

from engine import access, audit, budget
from engine.errors import CasetableError, TooManyAttemptsError
from engine.language import gettext
from engine.membership_rows import Members
from engine.models import Account, Case, EmergencyAccess, WorkItem
from webui import identity
from webui.context import (
    account,
    ask_again,
    end_reading,
    now,
    profile,
    reading,
    writing,
    writing_beside,
)


class PasswordNeededError(CasetableError):
    """One case more today opens only after the password was typed just now."""


def note_reading(case_id: UUID, section: str, *, anew: bool = False) -> None:
    """Write who opened what of a case, in which function.

    The page goes on reading in the session in which it was asked whether the case may be opened,
    unless it is to be read `anew`. Where rights have changed while it waited for the case, that
    is asked again. Raise PasswordNeededError or TooManyAttemptsError instead where too many cases
    were opened today by this person.
    """
    _spend(case_id)
    # Asked where the page asks it, too: while the case is locked, others wait.
    _, *absent = access.persons_in(reading(), account(), case_id)
    known = access.members_of(reading(), case_id)
    told = {"for": [str(one.id) for one in absent]} if absent else {}
    with writing_beside() as session:
        case = _locked(session, case_id)
        me, members = access.enter(session, account().id, case_id)
        acting = access.acting_functions(session, case_id, me, members)
        _write(session, case, "case:file:read", case_id, section=section, acting=acting, **told)
    # Threat: whom the deed that held the case has put out of it would still read it.
    if _rights(me, members) != _rights(account(), known):
        ask_again()
    elif anew:
        end_reading()


def _rights(person: Account, around: Members) -> tuple[object, ...]:
    return person.role_codes, person.disabled_at, set(around), around.barred


def _spend(case_id: UUID) -> None:
    """Let the person open one case more today, or say what is needed (engine/budget.py)."""
    rules = profile()
    verdict = budget.judge(reading(), account(), case_id, now(), rules)
    if verdict is budget.Verdict.ASK and not identity.is_fresh():
        raise PasswordNeededError(gettext("You have opened many cases today: type your password."))
    if verdict is budget.Verdict.STOP:
        with writing() as session:
            budget.stop(session, account(), now(), rules)
        raise TooManyAttemptsError(
            gettext(
                "You have opened as many cases as a day allows. The data-protection officer "
                "is called; ask there, or go on tomorrow."
            )
        )


def note_emergency_reading(case_id: UUID) -> None:
    """Write that somebody looked into a case by an emergency access."""
    with writing() as session:
        case = _locked(session, case_id)
        told = {"section": "emergency", "acting": ["emergency"]}
        _write(session, case, "case:file:read", case_id, **told)


def note_listing(name: str, codes: Iterable[str]) -> None:
    """Write which cases a list has shown; a list without cases tells nothing and is not written."""
    shown = sorted(set(codes))
    if shown:
        with writing() as session:
            _write(session, None, "case:list:read", name, cases=shown)


def note_search(code: str) -> None:
    """Write that somebody asked for a case by its exact code, and where that was not his or hers.

    An unknown code is written too, to the person's own chain and without the code: the time that
    the answer takes must not tell which codes exist.
    """
    with writing() as session:
        found = session.scalars(select(Case).where(Case.code == code)).unique().one_or_none()
        if found is None:
            _write(session, None, "case:search:miss", "search")
        elif access.may(session, account(), "case:read", found):
            _write(session, _locked(session, found.id), "case:search:hit", found.id)
        else:
            _refuse(session, found.id)


def note_reader_report(organisation_id: UUID, week: str) -> None:
    """Write that a lead looked at what the own people opened in a week."""
    with writing() as session:
        _write(session, None, "organisation:readers:read", organisation_id, week=week)


def note_refusal(subject: Any) -> None:
    """Write that a person asked for a case, or a step of one, that is not his or hers."""
    with writing() as session:
        if isinstance(subject, Case):
            _refuse(session, subject.id)
        elif isinstance(subject, WorkItem | EmergencyAccess):
            _refuse(session, subject.case_id)
        else:
            _write(session, None, "case:search:miss", request.endpoint or "")


def _refuse(session: Session, case_id: UUID) -> None:
    case = _locked(session, case_id)
    _write(session, case, "case:file:refuse", case_id, section=request.endpoint or "")


def _locked(session: Session, case_id: UUID) -> Case | None:
    """Return the locked case: its chain must not fork."""
    return session.scalar(_LOCKED, {"case_id": case_id})


_LOCKED: Final = (
    select(Case).where(Case.id == bindparam("case_id", type_=Uuid())).with_for_update(of=Case)
)


def _write(session: Session, case: Case | None, event: str, subject: object, **told: Any) -> None:
    me: Account = account()
    audit.record(session, case, at=now(), actor_id=me.id, event=event, subject=subject, **told)
