"""What waits for a second person, as the two persons and those around the case see it (S19)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.orm import Session

from engine import access, second_person
from engine.language import gettext
from engine.models import Account, Case, SharingRequest

LEADING = frozenset({"process_coordinator", "content_coordinator", "chair"})


@dataclass(frozen=True)
class Waiting:
    """One request; `legal_basis` only for who reads the case: the lead of an agency does not."""

    id: UUID
    case_code: str
    contribution_id: UUID
    shared_at: datetime
    asked_by: str
    asked_at: datetime
    audience: str
    expires_on: date | None
    legal_basis: str
    reads_case: bool


@dataclass(frozen=True)
class Agreements:
    """What waits for a person's answer, and what the person asked and nobody has answered."""

    to_answer: list[Waiting]
    asked: list[Waiting]

    @property
    def codes(self) -> list[str]:
        """Return the codes of the cases that the list names."""
        return [row.case_code for row in (*self.to_answer, *self.asked)]


def agreements(session: Session, account: Account) -> Agreements:
    """Return both lists of a person, the oldest first."""
    return Agreements(
        [_waiting(session, account, row) for row in second_person.waiting(session, account)],
        [_waiting(session, account, row) for row in second_person.asked_by(session, account)],
    )


def _waiting(session: Session, account: Account, row: SharingRequest) -> Waiting:
    reads = access.may(session, account, "case:read", row.case)
    asked_by = row.asked_by.display_name
    if row.asked_for:
        absent = row.asked_for.display_name
        asked_by = gettext("%(who)s for %(absent)s", who=asked_by, absent=absent)
    return Waiting(
        id=row.id,
        case_code=row.case.code,
        contribution_id=row.contribution_id,
        shared_at=row.contribution.at,
        asked_by=asked_by,
        asked_at=row.asked_at,
        audience=row.audience.name if row.audience else gettext("everybody at the table"),
        expires_on=row.expires_on,
        legal_basis=(row.legal_basis or "") if reads else "",
        reads_case=reads,
    )


@dataclass(frozen=True)
class OwedAgreement:
    """A line among what a case owes: whose agreement is missing, and whether the viewer may act."""

    organisation: str
    asked_at: datetime
    mine: bool
    nobody: bool


_OWED: Final = (
    select(SharingRequest)
    .where(
        SharingRequest.case_id == bindparam("case_id", type_=Uuid()),
        SharingRequest.outcome.is_(None),
    )
    .order_by(SharingRequest.asked_at)
)


def owed_agreements(session: Session, case: Case, account: Account) -> list[OwedAgreement]:
    """Return what waits for a second person in a case, for its own house and for who leads it."""
    rows = session.scalars(_OWED, {"case_id": case.id}).unique().all()
    if not rows:
        return []
    leads = bool(LEADING & set(access.acting_functions(session, case.id, account)))
    return [
        OwedAgreement(
            row.organisation.name,
            row.asked_at,
            second_person.as_whom(session, account, row) is not None,
            not second_person.able(session, row),
        )
        for row in rows
        if leads or account.organisation_id == row.organisation_id
    ]
