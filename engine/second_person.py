"""Letting others read everything takes a second person of the author's organisation (P22, S19).

Until that person has agreed nothing more is read, and nothing is lost: what was asked is a row.
Where an organisation has nobody who may agree, an incident and a notice say so until it has.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import Select, Uuid, bindparam, select
from sqlalchemy.orm import Session

from engine import access, human
from engine.application import Application
from engine.errors import OperatorError
from engine.incident import raise_incident, resolve_incident
from engine.language import gettext
from engine.membership import Deed, deed, leaders
from engine.models import Account, Contribution, Incident, SharingRequest
from engine.profile import Profile

NEEDED = "full_needs_second_person"
LEAD = "agency_lead"
KIND = "second_person"
OVERTAKEN, WITHDRAWN = "overtaken", "withdrawn"


@dataclass(frozen=True)
class Wish:
    """What one person asks: who would read everything, on what basis, until when."""

    audience: UUID | None
    summary: str | None
    legal_basis: str | None
    expires_on: date | None = None


def is_needed(profile: Profile) -> bool:
    """Say whether one person of an organisation is not enough; so it is unless the profile says."""
    return profile.values.get(NEEDED, True) is not False


def ask(
    what: Deed, contribution: Contribution, wish: Wish, actor: Account, absent: Account | None
) -> SharingRequest:
    """Record what a person asks for the own organisation, and tell who may agree.

    The caller writes the audit entry.
    """
    row = SharingRequest(
        case_id=what.case.id,
        contribution_id=contribution.id,
        organisation_id=contribution.organisation_id,
        audience_id=wish.audience,
        summary=wish.summary,
        legal_basis=wish.legal_basis,
        expires_on=wish.expires_on,
        asked_by_id=actor.id,
        asked_for_id=absent.id if absent else None,
        asked_at=what.now,
    )
    what.session.add(row)
    what.session.flush()
    what.session.refresh(row, ["organisation", "asked_by", "asked_for"])
    settle(what, row)
    return row


def open_of(session: Session, contribution_id: UUID) -> list[SharingRequest]:
    """Return what waits for a second person at one contribution, the oldest first."""
    return list(
        session.scalars(_open().where(SharingRequest.contribution_id == contribution_id)).unique()
    )


def _open() -> Select[SharingRequest]:
    return (
        select(SharingRequest)
        .where(SharingRequest.outcome.is_(None))
        .order_by(SharingRequest.asked_at, SharingRequest.id)
    )


_OF_HOUSE: Final = _open().where(SharingRequest.organisation_id == bindparam("house", type_=Uuid()))


def waiting(session: Session, account: Account) -> list[SharingRequest]:
    """Return what waits for this person to agree or refuse, the oldest first."""
    rows = session.scalars(_OF_HOUSE, {"house": account.organisation_id}).unique()
    return [row for row in rows if as_whom(session, account, row) is not None]


def asked_by(session: Session, account: Account) -> list[SharingRequest]:
    """Return what this person asked and nobody has answered yet."""
    mine = _open().where(SharingRequest.asked_by_id == account.id)
    return list(session.scalars(mine).unique())


def as_whom(session: Session, account: Account, row: SharingRequest) -> Account | None:
    """Return as whom the account may answer: itself, or an absent colleague; None: not at all.

    That is a colleague of the same organisation with a part in the case, or its lead, who sees
    who asks what and nothing of the content; never a human who has asked.
    """
    if account.organisation_id != row.organisation_id or access.IN_NO_CASE & account.role_codes:
        return None
    if account.id in access.members_of(session, row.case_id).barred:
        return None
    speaker = access.speaker(session, account, row.case_id)
    if speaker is None and LEAD in account.role_codes:
        speaker = account
    if speaker is None:
        return None
    asked = human.accounts_of(session, (row.asked_by_id, row.asked_for_id))
    return None if {account.id, speaker.id} & asked else speaker


def able(session: Session, row: SharingRequest) -> list[Account]:
    """Return who of the organisation may answer, by user name."""
    colleagues = session.scalars(
        select(Account)
        .where(Account.organisation_id == row.organisation_id, Account.disabled_at.is_(None))
        .order_by(Account.username)
    ).unique()
    return [one for one in colleagues.all() if as_whom(session, one, row) is not None]


def is_wanted(session: Session, row: SharingRequest) -> bool:
    """Say whether who asked still speaks for the organisation here: both have to be active."""
    asked = [one for one in (row.asked_by, row.asked_for) if one is not None]
    members = access.members_of(session, row.case_id)
    return (
        all(one.disabled_at is None and one.id not in members.barred for one in asked)
        and all(one.organisation_id == row.organisation_id for one in asked)
        and any(person == one.id for one in asked for person, _ in members)
    )


def finish(
    what: Deed, row: SharingRequest, outcome: str, absent: Account | None = None, reason: str = ""
) -> None:
    """End a request, by a person or (without an actor) because what it stood on is gone."""
    row.outcome, row.answered_at = outcome, what.now
    row.answered_by_id = what.actor.id if what.actor else None
    row.answered_for_id = absent.id if absent else None
    row.reason = reason.strip() or None
    what.session.flush()
    resolve_incident(what.session, _key(row), what.now)


def overtake(what: Deed, rows: list[SharingRequest]) -> None:
    """End requests that a newer will of the same organisation, or its leaving, has overtaken."""
    for row in rows:
        finish(what, row, OVERTAKEN)
        what.audit("case:sharing:overtake", row.id)


def settle(what: Deed, row: SharingRequest) -> None:
    """Tell who may agree; where nobody may, raise an incident and tell who leads the case."""
    people = able(what.session, row)
    if people:
        resolve_incident(what.session, _key(row), what.now)
        what.tell("agreement_asked", [one.id for one in people], once=str(row.id))
        return
    raise_incident(
        what.session,
        key=_key(row),
        error=OperatorError(
            gettext(
                "%(name)s asks that others read everything in case %(code)s, and has no second "
                "person to agree: give it one more person in the case, or a lead.",
                name=row.organisation.name,
                code=what.case.code,
            ),
            retryable=False,
        ),
        now=what.now,
        instance_id=None,
        element_id=KIND,
        stimulus={"kind": KIND},
    ).case_id = what.case.id
    what.tell("agreement_without_person", leaders(what), once=str(row.id))


def _key(row: SharingRequest) -> str:
    return f"{KIND}:{row.id}"


WAITING: Final = select(SharingRequest.id).where(SharingRequest.outcome.is_(None))
"""What waits for a second person."""


def watch(application: Application) -> None:
    """Look whether what waits has somebody to agree now; write only where that has changed."""
    with application.database.reading() as session:
        rows = list(session.scalars(_open()).unique())
        changed = [(row.id, row.case_id) for row in rows if _has_changed(session, row)]
    for row_id, case_id in changed:
        with deed(application, case_id, None) as what:
            found = what.session.get(SharingRequest, row_id)
            if found is None or found.outcome is not None:
                continue
            if is_wanted(what.session, found):
                settle(what, found)
            else:
                overtake(what, [found])


def _has_changed(session: Session, row: SharingRequest) -> bool:
    alarm = select(Incident.id).where(Incident.key == _key(row), Incident.state != "resolved")
    is_short = session.scalar(alarm) is not None
    return is_short == bool(able(session, row)) or not is_wanted(session, row)
