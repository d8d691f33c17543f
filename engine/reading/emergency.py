"""What an emergency access shows to its opener, and what those see who watch over it."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, exists, or_, select, true
from sqlalchemy.orm import Session, joinedload, selectinload

from engine.access import IN_NO_CASE, LEADING, is_barred
from engine.models import (
    Account,
    AuditEntry,
    Case,
    CaseMember,
    CasePartner,
    EmergencyAccess,
    EmergencyReview,
)
from engine.policy import WATCHES_EMERGENCIES
from engine.reading.about import About, about
from engine.reading.cases import newest_episode
from engine.reading.contribution import SharedContribution, contributions
from engine.reading.partner import around
from engine.reading.readership import OPENED
from engine.reading.viewer import emergency_viewer

MOST = 50


@dataclass(frozen=True)
class Summary:
    """A case in short: who it is about, where it stands, whom to call, what partners share."""

    about: About
    stage: str
    leading: list[CaseMember]
    partners: list[CasePartner]
    contributions: list[SharedContribution]


def summary(session: Session, case: Case, account: Account, today: date) -> Summary:
    """Return what somebody reads who opened the case in an emergency; never more than summaries."""
    viewer = emergency_viewer(account)
    episode, people = newest_episode(session, case), around(session, case.id)
    return Summary(
        about=about(session, case, viewer),
        stage=episode.stage if episode else "",
        leading=[member for member in people.members if member.function in LEADING],
        partners=people.partners,
        contributions=contributions(session, case.id, viewer, today),
    )


def running(session: Session, account: Account, now: datetime) -> list[EmergencyAccess]:
    """Return the person's own emergency accesses that run."""
    return list(
        session.scalars(
            select(EmergencyAccess)
            .where(
                EmergencyAccess.account_id == account.id,
                EmergencyAccess.ended_at.is_(None),
                EmergencyAccess.ends_at > now,
            )
            .options(joinedload(EmergencyAccess.case))
            .order_by(EmergencyAccess.ends_at)
        ).unique()
    )


def watched(session: Session, account: Account) -> list[EmergencyAccess]:
    """Return the accesses that the person watches over, the newest first; not the own ones."""
    member = exists().where(
        CaseMember.case_id == EmergencyAccess.case_id,
        CaseMember.account_id == account.id,
        CaseMember.until.is_(None),
    )
    watching = sorted(WATCHES_EMERGENCIES & account.role_codes)
    here = [Case.roles.contains(f" {role} ", autoescape=True) for role in watching]
    over: list[ColumnElement[bool]] = [*here, Case.roles == ""] if watching else []
    if IN_NO_CASE & set(watching):
        over = [true()]
    return list(
        session.scalars(
            select(EmergencyAccess)
            .join(Case, Case.id == EmergencyAccess.case_id)
            .where(
                EmergencyAccess.account_id != account.id,
                ~is_barred(account, EmergencyAccess.case_id),
                or_(member, *over),
            )
            .options(
                joinedload(EmergencyAccess.case),
                joinedload(EmergencyAccess.account).joinedload(Account.organisation),
                selectinload(EmergencyAccess.reviews).joinedload(EmergencyReview.account),
            )
            .order_by(EmergencyAccess.opened_at.desc())
            .limit(MOST)
        ).unique()
    )


def openings(session: Session, found: EmergencyAccess) -> list[AuditEntry]:
    """Return when the opener looked into the case while the access ran, from the audit trail."""
    return list(
        session.scalars(
            select(AuditEntry)
            .where(
                AuditEntry.case_id == found.case_id,
                AuditEntry.actor_id == found.account_id,
                AuditEntry.event == OPENED,
                AuditEntry.at >= found.opened_at,
                AuditEntry.at <= (found.ended_at or found.ends_at),
            )
            .order_by(AuditEntry.at)
        )
    )
