"""Operators of reopening: why, who decides, and a new episode of the same case."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from engine.closing import ACCOUNTABLE
from engine.errors import InputError, OperatorError, SeparationError
from engine.language import gettext
from engine.language.telling import told
from engine.lifecycle import LIFECYCLE
from engine.linked_file import is_handed_over
from engine.models import (
    CaseState,
    Decision,
    Episode,
    EpisodeState,
    InstanceState,
    Note,
    PlanVersion,
    ProcessInstance,
)
from engine.operator import operator, recorder
from engine.turn import Turn
from tasks.answer import statement
from tasks.person import age_group
from tasks.signal import shield

ENDED = frozenset({CaseState.CLOSED.value, CaseState.ENDED.value})
RETENTION = "retention"
WITH_PLAN = frozenset({"implementation", "closure"})
CONSENTED = {
    "before_sharing": {"intake", "analysis"},
    "before_support": {"intake", "analysis", "plan"},
}
"""Where a reopened case may start so that the question for consent still comes (L7)."""


@dataclass(frozen=True)
class Request:
    """What has happened since the case ended."""

    what_happened: str


@recorder("reopening/record_request", inputs=Request)
def record_request(turn: Turn, inputs: Request) -> None:
    """Record why a case should be reopened (P89); who reports it stays with the signal (P34)."""
    turn.session.add(
        Note(
            **statement(turn, "what_happened"), kind="reopening_request", text=inputs.what_happened
        )
    )
    shield(turn)


@dataclass(frozen=True)
class ReopeningDecision:
    """Whether the case is reopened, where it starts, and why."""

    reopening_decision: str
    reasons: str
    start_phase: str | None = None


@recorder("reopening/record_decision", inputs=ReopeningDecision)
def record_decision(turn: Turn, inputs: ReopeningDecision) -> None:
    """Record the accountable person's decision on reopening (P89, P93)."""
    if turn.actor is None or ACCOUNTABLE not in turn.actor.role_codes:
        raise SeparationError(gettext("Only the accountable person can decide on reopening."))
    if inputs.reopening_decision == "reopen":
        problem = against_start(turn, inputs.start_phase or "")
        if problem:
            raise InputError(problem)
    turn.session.add(
        Decision(
            **statement(turn, "reasons"),
            kind="reopening",
            outcome=inputs.reopening_decision,
            reasons=inputs.reasons,
        )
    )


def against_start(turn: Turn, phase: str) -> str | None:
    """Say why a new episode may not start at a phase: it would pass by a step that must come."""
    consent = str(turn.profile.values["consent"])
    if phase == "intake":
        return _against_intake(turn)
    if not _was_at_table(turn):
        return "This case never was at the table: let it start at the intake (L5)."
    if _age_rules(turn)["child_protection_first"]:
        return "Child protection has not been asked: let the case start at the intake (L6)."
    if phase not in CONSENTED.get(consent, {phase}):
        return "Consent has to be asked again: let the case start earlier (L7)."
    if phase in WITH_PLAN and plan_version(turn) == 0:
        return "There is no plan yet: let the case start at the analysis or the plan (L8)."
    return None


def _against_intake(turn: Turn) -> str | None:
    if is_handed_over(turn.profile, turn.case):
        return "This file was handed over and has no intake: let it start at the analysis."
    return None


def _was_at_table(turn: Turn) -> bool:
    """Say whether a person chose the table, or the case began as a return or release (L5).

    Where child protection once took over, the careful reading is that it was not.
    """
    if is_handed_over(turn.profile, turn.case):
        return True
    chosen = turn.case.kind != "signal" or _has_decision(turn, "route", "multi_agency")
    return chosen and not _has_decision(turn, "child_protection", "takes_over")


def _has_decision(turn: Turn, kind: str, *outcomes: str) -> bool:
    wanted = select(Decision.id).where(Decision.case_id == turn.case.id, Decision.kind == kind)
    if outcomes:
        wanted = wanted.where(Decision.outcome.in_(outcomes))
    return turn.session.scalar(wanted.limit(1)) is not None


def plan_version(turn: Turn) -> int:
    """Return the number of the newest published plan, 0 when there is none."""
    return (
        turn.session.scalar(
            select(func.max(PlanVersion.number)).where(
                PlanVersion.case_id == turn.case.id, PlanVersion.published_at.is_not(None)
            )
        )
        or 0
    )


def _age_rules(turn: Turn) -> dict[str, Any]:
    """Ask the table of the profile again: the person has grown older since (P27)."""
    return turn.decide(
        "minor_rule",
        {
            "age_group": age_group(turn),
            "child_protection_done": _child_protection_asked(turn),
        },
    )


def _child_protection_asked(turn: Turn) -> bool:
    """Say whether child protection was asked: for what was handed over, before that (L6)."""
    asked = _has_decision(turn, "child_protection")
    return asked or is_handed_over(turn.profile, turn.case)


@dataclass(frozen=True)
class Nothing:
    """No inputs."""


@dataclass(frozen=True)
class Partners:
    """The earlier partners, by organisation code."""

    partners: dict[str, str]


@operator("reopening/propose_partners", inputs=Nothing, outputs=Partners)
def propose_partners(turn: Turn, inputs: Nothing) -> Partners:
    """Propose the partners of the last episode with their sharing levels (P89)."""
    del inputs
    codes = [partner.organisation.code for partner in turn.partners()]
    return Partners({code: code for code in codes})


@dataclass(frozen=True)
class NewEpisode:
    """Where the new episode starts, and with which partners."""

    start_phase: str
    partners: dict[str, str]


@dataclass(frozen=True)
class Started:
    """The number of the new episode."""

    episode_number: int


@operator("reopening/start_episode", inputs=NewEpisode, outputs=Started)
def start_episode(turn: Turn, inputs: NewEpisode) -> Started:
    """Start a new episode of the same case; the retention clock stops (P89, L12)."""
    if turn.case.state not in ENDED:
        raise OperatorError(
            told("The case has not ended, so it cannot be reopened."), retryable=False
        )
    _stop_retention(turn)
    turn.case.state, turn.case.ended_at, turn.case.erase_after = CaseState.OPEN.value, None, None
    number = 1 + (
        turn.session.scalar(select(func.max(Episode.number)).where(Episode.case_id == turn.case.id))
        or 0
    )
    instance = turn.start(
        LIFECYCLE, message="case_reopened", data=_start_data(turn, inputs, number)
    )
    episode = Episode(
        case_id=turn.case.id,
        number=number,
        status=EpisodeState.RUNNING.value,
        stage="",
        outcome="",
        closing_round=0,
        started_at=turn.now,
    )
    episode.case, episode.instance = turn.case, instance
    turn.session.add(episode)
    turn.session.flush()
    turn.audit("case:episode:reopen", episode.id, number=number, phase=inputs.start_phase)
    for partner in turn.partners():
        turn.notify("case_reopened", organisation_id=partner.organisation_id)
    return Started(number)


def _start_data(turn: Turn, inputs: NewEpisode, number: int) -> dict[str, Any]:
    """Return the variables with which the earlier phases would have left the diagram."""
    ages = _age_rules(turn)
    consent = turn.decide("consent_rule", {"is_minor": ages["is_minor"]})
    return {
        "case_type": turn.case.kind,
        "episode_number": number,
        "start_phase": inputs.start_phase,
        "partners": inputs.partners,
        "plan_version": plan_version(turn),
        "age_group": age_group(turn),
        "is_minor": ages["is_minor"],
        "child_protection_done": _child_protection_asked(turn),
        "urgency": "normal",
        "closing_evidence": "risk",
        **consent,
        **({"file": turn.case.file} if turn.profile.files else {}),
    }


def _stop_retention(turn: Turn) -> None:
    running = turn.session.scalars(
        select(ProcessInstance).where(
            ProcessInstance.case_id == turn.case.id,
            ProcessInstance.process_id == RETENTION,
            ProcessInstance.status == InstanceState.RUNNING.value,
        )
    )
    for instance in running:
        key = f"case_reopened:{instance.id}:{turn.instance.id}"
        turn.post("case_reopened", key=key, instance=instance)
