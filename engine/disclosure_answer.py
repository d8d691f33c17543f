"""The answer to a request for access, by the second person, and what time owes to it (S21)."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from engine import release
from engine.application import Application
from engine.calendar import occurrence
from engine.disclosure import (
    OFFICER,
    officer_of,
    owe_look,
    period,
    still_open,
    write,
    write_of_case,
)
from engine.errors import ConflictError, InputError, SeparationError
from engine.incident import call_for, resolve_incident
from engine.language import gettext
from engine.models import Account, Case, Disclosure, ReleaseDecision
from engine.models.sealed import ERASED
from engine.profile import Profile


def undecided(session: Session, application: Application, found: Disclosure) -> list[Any]:
    """Return the records about which nobody has decided yet; none where a party asks."""
    if found.is_party:
        return []
    return [one for one in release.all_records(session, application, found) if not one.decision]


def answer(application: Application, disclosure_id: UUID, account_id: UUID) -> str:
    """Answer as the second person: release what was decided, or give the neutral answer.

    Return the outcome: `released`, or `nothing` where no case was found, everything is withheld,
    or who asks for somebody else is a party.
    """
    with application.database.transaction() as session:
        profile, account = officer_of(application, session, account_id)
        found = still_open(session, disclosure_id)
        if found.searched_at is None:
            raise ConflictError(gettext("The desk has not looked for cases yet."))
        if undecided(session, application, found):
            raise ConflictError(
                gettext("Some records are not decided yet; ask who decides about them.")
            )
        decisions = session.scalars(
            select(ReleaseDecision).where(ReleaseDecision.disclosure_id == found.id)
        ).unique()
        rows = list(decisions)
        if account.id in {found.searched_by_id, *(row.by_id for row in rows)}:
            raise SeparationError(
                gettext("Whoever found or decided does not release; ask another officer.")
            )
        goes_out = not found.is_party and any(row.outcome != "refuse" for row in rows)
        outcome = "released" if goes_out else "nothing"
        _close(application, session, found, account, profile, outcome)
        return outcome


def end(application: Application, disclosure_id: UUID, account_id: UUID, outcome: str) -> None:
    """End a request without an answer: identity not proven, or withdrawn."""
    if outcome not in {"not_proven", "withdrawn"}:
        raise InputError(gettext("A request ends here as not proven or withdrawn."))
    with application.database.transaction() as session:
        profile, account = officer_of(application, session, account_id)
        found = still_open(session, disclosure_id)
        _close(application, session, found, account, profile, outcome)


def _close(
    application: Application,
    session: Session,
    found: Disclosure,
    account: Account,
    profile: Profile,
    outcome: str,
) -> None:
    now = application.now(session)
    found.outcome, found.closed_at = outcome, now
    found.released_by_id = account.id if outcome == "released" else None
    write(session, account, "disclosure:request:answer", found, now, outcome=outcome)
    for link in sorted(found.cases, key=lambda one: one.case_id):
        case = session.scalars(
            select(Case).where(Case.id == link.case_id).with_for_update(of=Case)
        ).one()
        write_of_case(session, case, account, "case:disclosure:answer", found, now)
    for kind in ("search", "due"):
        resolve_incident(session, f"disclosure_{kind}:{found.id}", now)
    kept = occurrence(now, period(profile, "disclosure_retention"), 1, profile.zone)
    owe_look(application, session, found, kept)


def look_after(application: Application, disclosure_id: UUID) -> None:
    """Call the officer while a request is due; empty its words when its period is over (worker)."""
    with application.database.transaction() as session:
        found = session.get(Disclosure, disclosure_id)
        if found is None or found.erased_at is not None:
            return
        now, profile = application.now(session), application.deployment(session).profile
        if found.closed_at is None:
            call_for(
                session,
                key=f"disclosure_due:{found.id}",
                message=gettext(
                    "A request for access is to be answered by %(day)s.",
                    day=found.due_on.isoformat(),
                ),
                now=now,
                about=found.code,
                role=OFFICER,
            )
            return
        kept = occurrence(found.closed_at, period(profile, "disclosure_retention"), 1, profile.zone)
        if now < kept:
            return
        write(session, None, "disclosure:request:erase", found, now)
        found.erased_at = now
        session.flush()
        empty: dict[str, Any] = {"requester": ERASED, "contact": ERASED, "about_name": ERASED}
        empty |= {"about_born": None, "scope": None, "identity_note": None}
        session.execute(
            update(Disclosure).where(Disclosure.id == found.id).values(**empty),
            execution_options={"synchronize_session": False},
        )
