"""What earlier steps of a case recorded, as far as a person may read it, for the task page."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from engine.language import gettext, said_again
from engine.models import (
    Account,
    Assessment,
    FormSubmission,
    InformationGap,
    Organisation,
    WorkItem,
)
from engine.reading.viewer import CONTENT, SIGNAL, Viewer
from engine.session import asked_once

OPEN_GAPS = frozenset({"not_known", "asked", "refused"})


@dataclass(frozen=True)
class RecordedStep:
    """A finished step: `submission` is None when the person may not read its answers."""

    item_id: UUID
    name: str
    who: str
    at: datetime
    submission: FormSubmission | None


def recorded(session: Session, case_id: UUID, viewer: Viewer, most: int = 8) -> list[RecordedStep]:
    """Return the newest finished steps of a case with their answers; one statement."""
    rows = (
        session.execute(
            select(FormSubmission, WorkItem)
            .join(WorkItem, WorkItem.id == FormSubmission.work_item_id)
            .where(
                FormSubmission.case_id == case_id,
                # What another organisation answered is told under what it shared, as far as it
                # may be read; as a row of its own it would only say "confidential".
                or_(
                    WorkItem.organisation_id.is_(None),
                    WorkItem.organisation_id == viewer.organisation_id,
                ),
            )
            .options(
                joinedload(FormSubmission.by).joinedload(Account.organisation),
                joinedload(WorkItem.completed_for),
            )
            .order_by(FormSubmission.at.desc())
            .limit(most)
        )
        .unique()
        .all()
    )
    return [
        RecordedStep(
            item_id=item.id,
            name=item.name,
            who=answered_by(submission, item),
            at=submission.at,
            submission=submission if viewer.reads_answers(item) else None,
        )
        for submission, item in rows
    ]


def answered_by(submission: FormSubmission, item: WorkItem) -> str:
    """Return who answered a step, with the absent person for whom a deputy did."""
    who = f"{submission.by.display_name}, {submission.by.organisation.name}"
    if item.completed_for is None:
        return who
    return gettext("%(who)s, for %(absent)s", who=who, absent=item.completed_for.display_name)


def submission_of(session: Session, item_id: UUID) -> FormSubmission | None:
    """Return the answer with which a work item was completed."""
    return (
        session.scalars(
            select(FormSubmission)
            .where(FormSubmission.work_item_id == item_id)
            .options(joinedload(FormSubmission.by).joinedload(Account.organisation))
        )
        .unique()
        .one_or_none()
    )


def _merged(gaps: list["Gap"]) -> list["Gap"]:
    """Tell a question that several agencies left open in the same words only once."""
    found: dict[tuple[str, str, str, str], list[Gap]] = {}
    for gap in gaps:
        found.setdefault((gap.question, gap.state, gap.asked, gap.answer), []).append(gap)
    return [
        replace(
            same[0],
            important=any(gap.important for gap in same),
            said_by=", ".join(dict.fromkeys(gap.said_by for gap in same if gap.said_by)),
        )
        for same in found.values()
    ]


@dataclass(frozen=True)
class Gap:
    """One line of the information-gap board: known, unknown, asked whom, refused (P43, P44)."""

    question: str
    state: str
    important: bool
    asked: str
    said_by: str
    answer: str


_ASKED, _AUTHOR = aliased(Organisation), aliased(Organisation)
_GAPS: Final = (
    select(InformationGap, _ASKED.name, _AUTHOR.name)
    .outerjoin(_ASKED, _ASKED.id == InformationGap.asked_organisation_id)
    .outerjoin(_AUTHOR, _AUTHOR.id == InformationGap.organisation_id)
    .where(InformationGap.case_id == bindparam("case_id", type_=Uuid()))
    .order_by(InformationGap.at)
)


def gaps(session: Session, case_id: UUID, viewer: Viewer) -> list[Gap]:
    """Return the information gaps of a case, important and open ones first.

    What the intake asked around belongs to the signal: whom it asked may tell who reported (P34).
    """
    if not (viewer.reads(CONTENT) or viewer.reads(SIGNAL)):
        return []
    told = {"case_id": case_id}
    rows = asked_once(session, ("gaps", case_id), lambda: session.execute(_GAPS, told).all())
    found = [
        Gap(row.question, row.state, row.important, whom or "", by or "", row.answer or "")
        for row, whom, by in rows
        if viewer.reads(SIGNAL if row.details.get("area") == SIGNAL else CONTENT)
    ]
    return sorted(_merged(found), key=lambda gap: (gap.state not in OPEN_GAPS, not gap.important))


def findings_in_words(found: Assessment) -> str:
    """Return the findings, a sentence on each line, in the language that is being spoken."""
    english = found.summary.splitlines()
    kept = found.details.get("said") or [None] * len(english)
    if len(kept) != len(english):
        # A title over several lines: what was written cannot be put to its parts by number.
        return "\n".join(said_again(parts, "") for parts in kept)
    return "\n".join(said_again(parts, line) for parts, line in zip(kept, english, strict=True))


def findings(session: Session, case_id: UUID, viewer: Viewer) -> Assessment | None:
    """Return the newest findings of the check of the action plan, in words."""
    if not viewer.reads(CONTENT):
        return None
    return (
        session.scalars(
            select(Assessment)
            .where(Assessment.case_id == case_id, Assessment.kind == "plan_findings")
            .order_by(Assessment.at.desc())
            .limit(1)
        )
        .unique()
        .one_or_none()
    )
