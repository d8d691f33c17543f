"""Operators of the joint decision to close: evidence, dossier, opinions, decision, handover."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated
from uuid import UUID

from sqlalchemy import select

from engine.calendar import occurrence, parse_duration
from engine.closing import ACCOUNTABLE, NO_ANSWER
from engine.errors import OperatorError, SeparationError
from engine.language import gettext
from engine.models import (
    Assessment,
    ClosingDossier,
    Decision,
    Episode,
    Note,
    Opinion,
)
from engine.operator import OneOf, operator, recorder
from engine.opinion import STEP
from engine.turn import Turn


@dataclass
class Nothing:
    """An operator that needs no inputs."""


# -- evidence (P86) ------------------------------------------------------------------------------


@dataclass
class RiskAnswers:
    """The risk in words: what changed, what speaks for closing and what against."""

    what_changed: str
    evidence_for: str
    evidence_against: str
    second_reader: str | None = None


@recorder("closing/record_risk_assessment", inputs=RiskAnswers)
def record_risk_assessment(turn: Turn, inputs: RiskAnswers) -> None:
    """Record the new look at the risk, in words and read by a second person (P86, P101)."""
    if inputs.second_reader in {person.username for person in turn.persons}:
        raise SeparationError(gettext("Let somebody else than the writer be the second reader."))
    _add_assessment(turn, "risk", inputs.what_changed, inputs.evidence_for, inputs.evidence_against)


@dataclass
class EffectAnswers:
    """The effect in words, compared with the beginning."""

    summary: str
    evidence_for: str
    evidence_against: str


@recorder("closing/record_effect_evaluation", inputs=EffectAnswers)
def record_effect_evaluation(turn: Turn, inputs: EffectAnswers) -> None:
    """Record the evaluation of the effect for each goal (P82 to P84, P86)."""
    _add_assessment(turn, "effect", inputs.summary, inputs.evidence_for, inputs.evidence_against)


def _add_assessment(turn: Turn, kind: str, summary: str, speaks_for: str, against: str) -> None:
    known = ("what_changed", "summary", "evidence_for", "evidence_against")
    turn.session.add(
        Assessment(
            **{**turn.statement(), "details": turn.details(*known)},
            kind=kind,
            summary=summary,
            evidence_for=speaks_for,
            evidence_against=against,
        )
    )
    turn.audit(f"case:assessment:{kind}", turn.case.id)


# -- dossier and opinions (P92) --------------------------------------------------------------------


@dataclass
class Dossier:
    """Who is asked for an opinion, in which round, until when."""

    partners: dict[str, str]
    closing_round: int
    opinions_due: str
    opinions: dict[str, str] = field(default_factory=dict)
    """Empty again in each round, so that answers of the last one do not count."""


@operator("closing/prepare_dossier", inputs=Nothing, outputs=Dossier)
def prepare_dossier(turn: Turn, inputs: Nothing) -> Dossier:
    """Start a closing round: every active partner is asked, until one day that holds for all."""
    del inputs
    episode = _episode(turn)
    episode.closing_round += 1
    partners = turn.partners()
    due = occurrence(
        turn.now,
        parse_duration(str(turn.profile.values["opinion_deadline"])),
        1,
        turn.profile.zone,
    )
    turn.session.add(
        ClosingDossier(
            **turn.statement(),
            closing_round=episode.closing_round,
            opinions_due=due,
            organisations=[str(partner.organisation_id) for partner in partners],
        )
    )
    turn.audit("case:closing:propose", episode.id, closing_round=episode.closing_round)
    codes = [partner.organisation.code for partner in partners]
    return Dossier({code: code for code in codes}, episode.closing_round, due.isoformat())


def _episode(turn: Turn) -> Episode:
    if turn.episode is None:
        raise OperatorError(
            gettext("Closing is decided within an episode of a case."), retryable=False
        )
    return turn.episode


@dataclass
class OpinionAnswers:
    """A partner's opinion on closing."""

    opinion: str
    reasons: str


@recorder("closing/record_opinion", inputs=OpinionAnswers)
def record_opinion(turn: Turn, inputs: OpinionAnswers) -> None:
    """Record what a partner thinks of closing; dissent is kept (P92)."""
    turn.session.add(
        Opinion(
            **{**turn.statement(), "details": turn.details("reasons")},
            closing_round=_episode(turn).closing_round,
            choice=inputs.opinion,
            reasons=inputs.reasons,
        )
    )
    turn.audit("case:opinion:record", turn.case.id, closing_round=_episode(turn).closing_round)


@dataclass
class Count:
    """How the partners stand; what the closing rule looks at."""

    asked_count: int
    agree_count: int
    disagree_count: int
    abstain_count: int
    missing_count: int


@operator("closing/count_opinions", inputs=Nothing, outputs=Count)
def count_opinions(turn: Turn, inputs: Nothing) -> Count:
    """Count the opinions that hold now, and write down who let the last day pass (L2, P92)."""
    del inputs
    episode = _episode(turn)
    dossier = turn.session.scalars(
        select(ClosingDossier).where(
            ClosingDossier.episode_id == episode.id,
            ClosingDossier.closing_round == episode.closing_round,
        )
    ).one()
    asked = {UUID(text) for text in dossier.organisations}
    choices = {
        opinion.organisation_id: opinion.choice
        for opinion in turn.session.scalars(
            select(Opinion).where(
                Opinion.episode_id == episode.id,
                Opinion.closing_round == episode.closing_round,
                Opinion.replaced_by_id.is_(None),
            )
        )
    }
    if turn.now >= dossier.opinions_due:
        _note_silence(turn, episode, asked - set(choices))
    given = [choices.get(organisation, NO_ANSWER) for organisation in asked]
    return Count(
        asked_count=len(given),
        agree_count=given.count("agree"),
        disagree_count=given.count("disagree"),
        abstain_count=given.count("abstain"),
        missing_count=given.count(NO_ANSWER),
    )


def _note_silence(turn: Turn, episode: Episode, silent: Iterable[UUID]) -> None:
    """Write a row for each partner that let the last day pass; nobody is its author."""
    for organisation_id in sorted(silent):
        columns = {**turn.statement(), "element_id": STEP, "by_id": None}
        columns["organisation_id"] = organisation_id
        turn.session.add(Opinion(**columns, closing_round=episode.closing_round, choice=NO_ANSWER))
        turn.audit("case:opinion:miss", organisation_id, closing_round=episode.closing_round)


@dataclass
class Blocked:
    """The counts that did not satisfy the closing rule."""

    agree_count: int
    disagree_count: int
    abstain_count: int
    missing_count: int


@dataclass
class NotAgreed:
    """What the overview diagram asks: closing was not agreed."""

    closure_agreed: Annotated[bool, OneOf(False)]


@operator("closing/record_blocked", inputs=Blocked, outputs=NotAgreed)
def record_blocked(turn: Turn, inputs: Blocked) -> NotAgreed:
    """Record that the closing rule of the profile keeps the decision back (P92)."""
    text = (
        f"The closing rule is not met: {inputs.agree_count} agree, {inputs.disagree_count} "
        f"disagree, {inputs.abstain_count} abstain, {inputs.missing_count} without an answer."
    )
    columns = {**turn.statement(), "by_id": None, "organisation_id": None}
    turn.session.add(Note(**columns, kind="closing_blocked", text=text))
    turn.audit("case:closing:block", turn.case.id, closing_round=_episode(turn).closing_round)
    turn.notify("case_news", role="content_coordinator")
    return NotAgreed(closure_agreed=False)


# -- decision (P93, P94) ---------------------------------------------------------------------------


@dataclass
class DecisionAnswers:
    """What the accountable person decided, and why."""

    closure_decision: str
    reasons: str


@dataclass
class Decided:
    """Whether closing is agreed; the overview diagram reads it."""

    closure_agreed: bool


@recorder("closing/record_decision", inputs=DecisionAnswers, outputs=Decided)
def record_decision(turn: Turn, inputs: DecisionAnswers) -> Decided:
    """Record the decision of the accountable person on closing (P93, P94, L1)."""
    if turn.actor is None or ACCOUNTABLE not in turn.actor.role_codes:
        raise SeparationError(gettext("Only the accountable person can decide on closing."))
    agreed = inputs.closure_decision == "agree"
    variables = turn.submission.work_item.variables if turn.submission else {}
    turn.session.add(
        Decision(
            **{**turn.statement(), "details": turn.details("reasons")},
            kind="closure",
            outcome="agreed" if agreed else "refused",
            reasons=inputs.reasons,
            proposed=variables.get("closing_advice"),
            closing_round=_episode(turn).closing_round,
        )
    )
    turn.audit(
        "case:closing:decide",
        turn.case.id,
        agreed=agreed,
        closing_round=_episode(turn).closing_round,
    )
    for partner in turn.partners():
        turn.notify("case_news", organisation_id=partner.organisation_id)
    turn.notify("case_news", role="content_coordinator")
    return Decided(agreed)
