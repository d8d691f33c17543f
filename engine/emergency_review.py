"""The review of an emergency access: the data-protection officer and a person of another agency."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine import access, audit, human
from engine.application import Application
from engine.emergency import EmergencyError
from engine.errors import NotFoundError, SeparationError
from engine.incident import REVIEW, call_for, resolve_incident
from engine.language import gettext, mark
from engine.models import Account, AccountRole, Case, EmergencyAccess, EmergencyReview

DPO, AGENCY = "dpo", "agency"
PARTS = (DPO, AGENCY)
FINDINGS = ("justified", "not_justified")
SHORTEST, LONGEST = 20, 4000


@dataclass(frozen=True)
class Finding:
    """What a reviewer found, with reasons in words."""

    finding: str
    reasons: str


def part_of(account: Account) -> str:
    """Return whose part of a review the person writes."""
    return DPO if DPO in account.role_codes else AGENCY


def why_not(session: Session, found: EmergencyAccess, account: Account) -> str | None:
    """Return why the person does not review this access, in a sentence with the mend.

    Nobody of the opener's organisation does. An officer for data protection, who takes part in no
    case and answers to nobody in it, does so where no other organisation has one.
    """
    if not human.are_apart(found.account, account):
        return gettext("Who opened a case does not review it; two others do.")
    part = part_of(account)
    if any(one.part == part or not human.are_apart(one.account, account) for one in found.reviews):
        return gettext("This part of the review is written already.")
    if account.organisation_id != found.organisation_id:
        return None
    if part == DPO and not _officer_elsewhere(session, found):
        return None
    return gettext(
        "Nobody of the organisation that opened the case reviews it; ask another organisation."
    )


def _officer_elsewhere(session: Session, found: EmergencyAccess) -> bool:
    other = session.scalar(
        select(Account.id)
        .join(AccountRole, AccountRole.account_id == Account.id)
        .where(
            AccountRole.role == DPO,
            Account.disabled_at.is_(None),
            Account.organisation_id != found.organisation_id,
        )
        .limit(1)
    )
    return other is not None


def review(
    application: Application, access_id: UUID, account_id: UUID, written: Finding
) -> EmergencyReview:
    """Record one of the two parts; raise SeparationError when it is not this person's to write."""
    with application.database.transaction() as session:
        found = session.get(EmergencyAccess, access_id)
        account = session.get_one(Account, account_id)
        if found is None or not access.may(session, account, "emergency:watch", found):
            raise NotFoundError(gettext("This page does not exist, or it is not for you."))
        case = session.scalars(
            select(Case).where(Case.id == found.case_id).with_for_update(of=Case)
        ).one()
        session.refresh(found)
        reason = why_not(session, found, account)
        if reason:
            raise SeparationError(reason)
        _check(written)
        row = EmergencyReview(
            access_id=found.id,
            case_id=found.case_id,
            part=part_of(account),
            account_id=account.id,
            organisation_id=account.organisation_id,
            opener_id=found.account_id,
            opener_organisation_id=found.organisation_id,
            finding=written.finding,
            reasons=written.reasons.strip(),
            at=application.now(session),
        )
        session.add(row)
        session.flush()
        audit.record(
            session,
            case,
            at=row.at,
            actor_id=account.id,
            event="case:emergency:review",
            subject=found.id,
            part=row.part,
            finding=row.finding,
        )
        _settle(session, found, row)
        return row


def _check(written: Finding) -> None:
    errors = {}
    if written.finding not in FINDINGS:
        errors["finding"] = gettext("Say whether it was justified.")
    if not SHORTEST <= len(written.reasons.strip()) <= LONGEST:
        errors["reasons"] = gettext(
            "Write why, in %(shortest)s to %(longest)s characters.",
            shortest=SHORTEST,
            longest=LONGEST,
        )
    if errors:
        raise EmergencyError(errors)


def _settle(session: Session, found: EmergencyAccess, row: EmergencyReview) -> None:
    """Let go of the reminder when both parts are written; a bad finding calls the desk's head."""
    if row.finding != FINDINGS[0]:
        call_for(
            session,
            key=f"emergency_finding:{found.id}",
            message=mark(
                "An emergency access was found not justified; talk to the person who opened."
            ),
            now=row.at,
            about=f"{found.id}",
            role="desk_head",
            case_id=found.case_id,
        )
    written = select(EmergencyReview.part).where(EmergencyReview.access_id == found.id)
    if set(session.scalars(written)) == set(PARTS):
        resolve_incident(session, _overdue(found), row.at)


def _overdue(found: EmergencyAccess) -> str:
    return f"emergency_review:{found.id}"


def look_after(application: Application, session: Session, access_id: UUID) -> bool:
    """Call the officer when the time for the review is over; say whether that was necessary."""
    found = session.get(EmergencyAccess, access_id)
    if found is None or len(found.reviews) >= len(PARTS):
        return False
    call_for(
        session,
        key=_overdue(found),
        message=mark("The review of an emergency access is overdue: two persons have to write it."),
        now=application.now(session),
        about=f"{found.id}",
        role=DPO,
        case_id=found.case_id,
        settled_by=REVIEW,
    )
    return True
