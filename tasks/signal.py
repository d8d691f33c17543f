"""Recorders of the intake: source, first assessment, more information, route, arrival."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from sqlalchemy import select

from engine.blind_index import UNKNOWN_NAME
from engine.errors import InputError, SeparationError
from engine.language import gettext
from engine.models import (
    Assessment,
    Case,
    CaseLink,
    CaseMember,
    Decision,
    InformationGap,
    Person,
    SignalSource,
)
from engine.operator import Given, OneOf, recorder
from engine.prefill import FillContext, prefill
from engine.reading.viewer import SIGNAL
from engine.turn import Turn
from tasks.answer import shielded, statement
from tasks.episode import latest_signal
from tasks.person import correct


def shield(turn: Turn) -> None:
    """Move what identifies the source out of the answers, to where the desk alone reads (P34)."""
    signal = latest_signal(turn)
    found = shielded(turn)
    if signal is None or turn.submission is None or not found:
        return
    turn.session.add(
        SignalSource(
            signal_id=signal.id,
            case_id=turn.case.id,
            said=found,
            at=turn.now,
            by_id=turn.actor.id if turn.actor else None,
        )
    )
    turn.submission.kept_elsewhere.update(found)


@dataclass(frozen=True)
class SourceCheck:
    """What the check of the source says."""

    source_summary: str


@recorder("signal/record_source_check", inputs=SourceCheck)
def record_source_check(turn: Turn, inputs: SourceCheck) -> None:
    """Record where the warning comes from and what may lie behind it (P32 to P34)."""
    turn.session.add(
        Assessment(
            **statement(turn, "source_summary"), kind="source", summary=inputs.source_summary
        )
    )
    shield(turn)


@dataclass(frozen=True)
class SignalAssessment:
    """What was seen, what speaks for and against radicalisation, and how old the person is."""

    observed: str
    evidence_for: str
    evidence_against: str
    age_group: str
    person_name: str = ""
    birth_date: date | None = None


@dataclass(frozen=True)
class Age:
    """`adult`, `minor` or `not_known`; a date of birth decides."""

    age_group: Annotated[str, Given("age_group"), OneOf("adult", "minor")]


@recorder("signal/record_assessment", inputs=SignalAssessment, outputs=Age)
def record_assessment(turn: Turn, inputs: SignalAssessment) -> Age:
    """Record what kind of sign it is, with the evidence against it too (P13, P25 to P31)."""
    known = correct(turn, inputs.person_name, inputs.birth_date, inputs.age_group)
    turn.session.add(
        Assessment(
            **statement(
                turn, "observed", "evidence_for", "evidence_against", "person_name", "birth_date"
            ),
            kind="signal",
            summary=inputs.observed,
            evidence_for=inputs.evidence_for,
            evidence_against=inputs.evidence_against,
        )
    )
    return Age(known)


@dataclass(frozen=True)
class Route:
    """The decision on the route, or that more has to be known first."""

    reasons: str
    enough_information: str | None = None
    route: str | None = None
    shown_proposal: str | None = None


@dataclass(frozen=True)
class RouteDecided:
    """What the diagram branches on."""

    enough_information: Annotated[str, Given("enough_information"), OneOf("yes")]
    route: Annotated[str, Given("route"), OneOf("undecided")]


@recorder("signal/record_route", inputs=Route, outputs=RouteDecided)
def record_route(turn: Turn, inputs: Route) -> RouteDecided:
    """Record who decided on the route, why, and what a table had proposed (P14, P17, P18)."""
    _check_receiver(turn)
    # The question is not asked once the rounds are used up: then what is known has to do (P17).
    enough = inputs.enough_information or "yes"
    if enough == "yes" and inputs.route is None:
        raise InputError(
            gettext("Choose who deals with it; the rounds of asking for more are limited.")
        )
    route = inputs.route if enough == "yes" and inputs.route else "undecided"
    turn.session.add(
        Decision(
            **statement(turn, "reasons", "shown_proposal"),
            kind="route",
            outcome=route if enough == "yes" else "more_information",
            reasons=inputs.reasons,
            proposed=inputs.shown_proposal,
        )
    )
    return RouteDecided(enough_information=enough, route=route)


def _check_receiver(turn: Turn) -> None:
    """Refuse that whoever took in the report decides on it alone (L10)."""
    signal = latest_signal(turn)
    if signal and signal.received_by_id in {person.id for person in turn.persons}:
        raise SeparationError(
            gettext(
                "You, or the person you deputise for, took in this report, so somebody else "
                "decides on its route."
            )
            if turn.behalf
            else gettext("You took in this report, so somebody else decides on its route.")
        )


@dataclass(frozen=True)
class Information:
    """What one round of asking brought."""

    asked_whom: str
    learned: str
    asked_what: str = ""
    not_known: str = ""


@recorder("signal/record_information", inputs=Information)
def record_information(turn: Turn, inputs: Information) -> None:
    """Record what was learned and what stays unknown: that is information too (P17, P42, P43)."""
    kept = statement(turn, "learned", "not_known")
    kept["details"] = {**kept["details"], "area": SIGNAL}
    question = inputs.asked_what or inputs.asked_whom
    turn.session.add(
        InformationGap(
            **kept, question=question, state="answered", important=True, answer=inputs.learned
        )
    )
    if inputs.not_known.strip():
        turn.session.add(
            InformationGap(
                **turn.statement() | {"details": {"area": SIGNAL}},
                question=inputs.not_known,
                state="not_known",
                important=True,
            )
        )


@dataclass(frozen=True)
class Arrival:
    """What is known about a return or a release."""

    circumstances: str
    age_group: str
    person_name: str = ""
    birth_date: date | None = None
    linked_cases: str = ""


@recorder("signal/record_arrival", inputs=Arrival, outputs=Age)
def record_arrival(turn: Turn, inputs: Arrival) -> Age:
    """Record an announced return or release; only the question of necessity falls away (P12)."""
    known = correct(turn, inputs.person_name, inputs.birth_date, inputs.age_group)
    turn.session.add(
        Assessment(
            **statement(turn, "circumstances", "person_name", "birth_date", "linked_cases"),
            kind="arrival",
            summary=inputs.circumstances,
        )
    )
    _link(turn, [code.strip().upper() for code in inputs.linked_cases.split(",")])
    shield(turn)
    return Age(known)


def _link(turn: Turn, codes: list[str]) -> None:
    """Link cases of one family, only those of which the actor is a member (P10).

    Other codes are passed over in silence: an answer would tell that a case exists.
    """
    if turn.actor is None:
        return
    others = turn.session.scalars(
        select(Case)
        .join(CaseMember, CaseMember.case_id == Case.id)
        .where(
            Case.code.in_(codes),
            Case.id != turn.case.id,
            CaseMember.account_id == turn.actor.id,
            CaseMember.until.is_(None),
        )
        .distinct()
    )
    for other in others:
        turn.session.add(CaseLink(case_id=turn.case.id, other_case_id=other.id, kind="family"))
        turn.audit("case:link:add", other.id, kind="family")


def _known_person(context: FillContext) -> dict[str, Any]:
    person = context.session.scalar(select(Person).where(Person.case_id == context.case.id))
    if person is None:
        return {}
    return {
        "person_name": "" if person.name == UNKNOWN_NAME else person.name,
        "birth_date": person.birth_date.isoformat() if person.birth_date else None,
    }


@prefill("register_arrival")
def fill_arrival(context: FillContext) -> dict[str, Any]:
    """Start with what the announcement said about the person."""
    return _known_person(context)


@prefill("assess_signal")
def fill_assessment(context: FillContext) -> dict[str, Any]:
    """Start with the person as known, and in a further round with the last assessment (P17)."""
    last = context.session.scalar(
        select(Assessment)
        .where(Assessment.case_id == context.case.id, Assessment.kind == "signal")
        .order_by(Assessment.at.desc())
        .limit(1)
    )
    known = _known_person(context)
    if last is None:
        return known
    words = {
        "observed": last.summary,
        "evidence_for": last.evidence_for,
        "evidence_against": last.evidence_against,
    }
    return {**(last.details or {}), **words, **known}
