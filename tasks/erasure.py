"""Deletes everything that a case file says about people and returns what proves it."""

import hashlib
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.orm import Session

from engine.models import (
    Action,
    Assessment,
    Base,
    Case,
    CaseLink,
    CaseMember,
    CasePartner,
    CaseStanding,
    CheckIn,
    ClosingDossier,
    Contribution,
    ContributionShare,
    Decision,
    DisclosureCase,
    Document,
    Draft,
    EmergencyAccess,
    EmergencyReview,
    ErasureRound,
    FilePrinting,
    FormSubmission,
    Goal,
    InboxMessage,
    Incident,
    InformationGap,
    InstanceMove,
    LegalHold,
    Note,
    Opinion,
    Person,
    PlanVersion,
    ReleaseDecision,
    ReportAnswer,
    ReportAttachment,
    ReportQuestion,
    SharingRequest,
    Signal,
    SignalSource,
    WorkItem,
)
from engine.models.sealed import ERASED

OF_CASE: tuple[Any, ...] = (
    ReleaseDecision,
    DisclosureCase,
    FormSubmission,
    ClosingDossier,
    Assessment,
    ContributionShare,
    SharingRequest,
    Contribution,
    InformationGap,
    CheckIn,
    Decision,
    Note,
    Document,
    PlanVersion,
    Opinion,
    ReportAnswer,
    ReportQuestion,
    ReportAttachment,
    SignalSource,
    Signal,
    Person,
    CasePartner,
)
"""Tables whose rows of a case are deleted, in an order that respects foreign keys."""

HOLD_WORDS = {"reference": ERASED, "reason": ERASED, "lift_reason": None}
ROUND_WORDS = dict.fromkeys(("legal_basis", "reason", "neutral_words", "refusal_reason"))


def erase(session: Session, case: Case) -> dict[str, dict[str, Any]]:
    """Delete the rows of a case; return count and hash of the deleted ids for each table.

    The hash is over random row ids, not over content: content of a few words could be guessed
    back from its hash. Case, instances, step history and audit stay: they name no person.
    """
    proof: dict[str, dict[str, Any]] = {}
    items = select(WorkItem.id).where(WorkItem.case_id == case.id)
    plans = select(PlanVersion.id).where(PlanVersion.case_id == case.id)
    _drop(session, proof, Draft, Draft.work_item_id, Draft.work_item_id.in_(items))
    _drop(session, proof, Action, Action.id, Action.plan_id.in_(plans))
    _drop(session, proof, Goal, Goal.id, Goal.plan_id.in_(plans))
    # Opinions refer to each other; the reference goes first.
    session.execute(update(Opinion).where(Opinion.case_id == case.id).values(replaced_by_id=None))
    for table in OF_CASE:
        _drop(session, proof, table, table.id, table.case_id == case.id)
    linked = or_(CaseLink.case_id == case.id, CaseLink.other_case_id == case.id)
    _drop(session, proof, CaseLink, CaseLink.id, linked)
    _blank(session, case)
    return proof


def _drop(
    session: Session, proof: dict[str, dict[str, Any]], table: Any, key: Any, condition: Any
) -> None:
    ids: Select[tuple[UUID]] = select(key).where(condition)
    found = sorted(str(row) for row in session.scalars(ids))
    if not found:
        return
    session.execute(delete(table).where(condition))
    digest = hashlib.sha256("\n".join(found).encode()).hexdigest()
    proof[table.__tablename__] = {"rows": len(found), "ids_sha256": digest}


def _blank(session: Session, case: Case) -> None:
    """Empty the free text and the variables of rows that stay as evidence of who did what."""
    blanks: tuple[tuple[type[Base], Any, dict[str, Any]], ...] = (
        (CaseMember, CaseMember.case_id, {"reason": None, "legal_basis": None}),
        (CaseStanding, CaseStanding.case_id, {"text": None, "legal_basis": None}),
        (WorkItem, WorkItem.case_id, {"variables": {}}),
        (InboxMessage, InboxMessage.case_id, {"payload": ERASED}),
        (Incident, Incident.case_id, {"message": "erased"}),
        (EmergencyAccess, EmergencyAccess.case_id, {"motive": ERASED}),
        (LegalHold, LegalHold.case_id, HOLD_WORDS),
        (ErasureRound, ErasureRound.case_id, ROUND_WORDS),
        (FilePrinting, FilePrinting.case_id, {"purpose": ERASED, "reason": None}),
        (InstanceMove, InstanceMove.case_id, {"before": b""}),
    )
    # Rows that this turn has read keep what they show; nothing writes their words a second time.
    apart = {"synchronize_session": False}
    for table, column, values in blanks:
        emptied = update(table).where(column == case.id).values(**values)
        session.execute(emptied, execution_options=apart)
    opened = select(EmergencyAccess.id).where(EmergencyAccess.case_id == case.id)
    reviews = update(EmergencyReview).where(EmergencyReview.access_id.in_(opened))
    session.execute(reviews.values(reasons=ERASED), execution_options=apart)
