"""Recorders of the in-depth analysis: consent, gaps, case conference, need for a plan."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select

from engine.models import Assessment, Decision, InformationGap
from engine.operator import recorder
from engine.prefill import FillContext, prefill
from engine.turn import Turn
from tasks.contribution import add_gap, in_order
from tasks.note import add_note
from tasks.person import age_group, correct


@dataclass(frozen=True)
class Consent:
    """What the person answered about sharing."""

    consent_outcome: str
    explained: str = ""
    promises: str = ""
    person_name: str = ""
    birth_date: date | None = None


@recorder("analysis/record_consent", inputs=Consent)
def record_consent(turn: Turn, inputs: Consent) -> None:
    """Record whether the person agrees to sharing, and what was explained (L7, P98).

    Where a case has no name until then, the name comes with the consent.
    """
    if inputs.consent_outcome == "given" and (inputs.person_name.strip() or inputs.birth_date):
        correct(turn, inputs.person_name, inputs.birth_date, age_group(turn))
    turn.session.add(
        Decision(
            **turn.statement() | {"details": turn.details("explained", "promises")},
            kind="consent",
            outcome=inputs.consent_outcome,
            reasons=inputs.explained,
        )
    )
    add_note(turn, "promise", inputs.promises)
    turn.audit("case:consent:record", turn.case.id, outcome=inputs.consent_outcome)


@dataclass(frozen=True)
class GapReview:
    """What is known together, and the board of questions."""

    summary: str
    evidence_against: str = ""
    gaps: list[dict[str, Any]] = field(default_factory=list)


@recorder("analysis/review_information_gaps", inputs=GapReview)
def review_information_gaps(turn: Turn, inputs: GapReview) -> None:
    """Record what is known, not known and important (P41, P43, P44)."""
    turn.session.add(
        Assessment(
            **turn.statement()
            | {"details": turn.details("summary", "evidence_against", "gaps", "rounds_left")},
            kind="gaps",
            summary=inputs.summary,
            evidence_against=inputs.evidence_against or None,
        )
    )
    board = {gap.question: gap for gap in _board(turn.session, turn.case.id)}
    for row in inputs.gaps:
        question = str(row["question"]).strip()
        gap = board.get(question)
        if gap is None:
            gap = add_gap(turn, question, state="not_known", important=False)
        gap.state = str(row["state"])
        gap.important = bool(row.get("important"))
        gap.answer = row.get("answer") or None


def _board(session: Any, case_id: Any) -> list[InformationGap]:
    gaps = session.scalars(select(InformationGap).where(InformationGap.case_id == case_id))
    return sorted(gaps, key=in_order)


@prefill("review_information_gaps")
def fill_gaps(context: FillContext) -> dict[str, object]:
    """Show the board as it stands: what partners do not know, what was asked and answered."""
    return {
        "gaps": [
            {
                "question": gap.question,
                "state": gap.state,
                "important": gap.important,
                "answer": gap.answer or "",
            }
            for gap in _board(context.session, context.case.id)
        ]
    }


@dataclass(frozen=True)
class Meeting:
    """When and where the case conference takes place."""

    meeting_on: str
    meeting_at: str
    agenda: str = ""
    safety: str = ""


@recorder("analysis/plan_case_conference", inputs=Meeting)
def plan_case_conference(turn: Turn, inputs: Meeting) -> None:
    """Record day, place and agenda of the case conference, and tell the partners (P74)."""
    add_note(
        turn,
        "conference",
        f"{inputs.meeting_on}, {inputs.meeting_at}\n\n{inputs.agenda}",
        details=turn.details("agenda", "safety"),
    )
    add_note(turn, "safety", inputs.safety)
    for partner in turn.partners():
        turn.notify("conference_planned", role="partner", organisation_id=partner.organisation_id)


@dataclass(frozen=True)
class Conference:
    """What the conference found, with both sides of the evidence."""

    minutes: str
    evidence_for: str
    evidence_against: str
    promises: str = ""
    safety: str = ""


@recorder("analysis/hold_case_conference", inputs=Conference)
def hold_case_conference(turn: Turn, inputs: Conference) -> None:
    """Record the conference: causes, factors, both sides, minutes, promises, safety (P41, P45)."""
    known = ("minutes", "evidence_for", "evidence_against", "promises", "safety")
    turn.session.add(
        Assessment(
            **turn.statement() | {"details": turn.details(*known)},
            kind="conference",
            summary=inputs.minutes,
            evidence_for=inputs.evidence_for,
            evidence_against=inputs.evidence_against,
        )
    )
    add_note(turn, "promise", inputs.promises)
    add_note(turn, "safety", inputs.safety)


@dataclass(frozen=True)
class Need:
    """Whether a joint plan is needed."""

    analysis_outcome: str
    reasons: str


@recorder("analysis/decide_need_for_plan", inputs=Need)
def decide_need_for_plan(turn: Turn, inputs: Need) -> None:
    """Record the decision on a plan beside what the conference recommended (P14, P18)."""
    turn.session.add(
        Decision(
            **turn.statement() | {"details": turn.details("reasons")},
            kind="need_for_plan",
            outcome=inputs.analysis_outcome,
            reasons=inputs.reasons,
            proposed=_recommended(turn),
        )
    )


def _recommended(turn: Turn) -> str | None:
    conference = turn.session.scalar(
        select(Assessment)
        .where(Assessment.case_id == turn.case.id, Assessment.kind == "conference")
        .order_by(Assessment.at.desc())
        .limit(1)
    )
    named = (conference.details if conference else {}).get("recommendation")
    return {"plan": "plan", "regular_care": "no_plan_needed"}.get(str(named))
