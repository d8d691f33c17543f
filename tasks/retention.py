"""Operators of retention: until when a file is kept, its review, and its erasure."""

from dataclasses import dataclass
from datetime import date

from engine import casekey, hold
from engine.calendar import occurrence, parse_duration
from engine.errors import OperatorError
from engine.models import CaseState, Decision
from engine.operator import operator, recorder
from engine.turn import Turn
from tasks.answer import statement
from tasks.erasure import erase
from tasks.note import add_note


@dataclass(frozen=True)
class Period:
    """An ISO 8601 duration, e.g. `P5Y`."""

    duration: str


@dataclass(frozen=True)
class Schedule:
    """The first day on which the file may be erased."""

    retention_until: date


@operator("retention/schedule", inputs=Period, outputs=Schedule)
def schedule(turn: Turn, inputs: Period) -> Schedule:
    """Set until when the file is kept, counted on the calendar from today (P90)."""
    zone = turn.profile.zone
    until = occurrence(turn.today, parse_duration(inputs.duration), 1, zone).astimezone(zone).date()
    turn.case.erase_after = until
    turn.audit("case:retention:schedule", turn.case.id, until=until.isoformat())
    return Schedule(until)


@dataclass(frozen=True)
class Review:
    """Whether the file is kept longer, and why."""

    retention_decision: str
    reasons: str


@recorder("retention/record_review", inputs=Review)
def record_review(turn: Turn, inputs: Review) -> None:
    """Record the review of a file: prolong with a reason, or erase (P90)."""
    turn.session.add(
        Decision(
            **statement(turn, "reasons"),
            kind="retention",
            outcome=inputs.retention_decision,
            reasons=inputs.reasons,
        )
    )
    turn.audit("case:retention:review", turn.case.id, outcome=inputs.retention_decision)


@dataclass(frozen=True)
class Nothing:
    """Nothing is asked of the process: the case says it."""


@dataclass(frozen=True)
class Held:
    """Whether a legal hold, or a request for one, keeps the file."""

    is_held: bool


@operator("retention/check_hold", inputs=Nothing, outputs=Held)
def check_hold(turn: Turn, inputs: Nothing) -> Held:
    """Look whether a legal hold keeps the file from being erased (S15)."""
    del inputs
    return Held(hold.blocking(turn.session, turn.case.id, turn.now) is not None)


@dataclass(frozen=True)
class Look:
    """What somebody found who looked after a file that is held."""

    hold_note: str


@recorder("retention/record_look", inputs=Look)
def record_look(turn: Turn, inputs: Look) -> None:
    """Record that somebody looked whether the hold on a file is needed still (S15)."""
    add_note(turn, "hold", inputs.hold_note)
    turn.audit("case:hold:look", turn.case.id)


@dataclass(frozen=True)
class Ground:
    """How the episode had ended, for the proof."""

    ground: str


@operator("retention/erase_case", inputs=Ground)
def erase_case(turn: Turn, inputs: Ground) -> None:
    """Erase the file for good and leave the proof: counts and hashes of ids, no content (P90)."""
    if turn.case.state == CaseState.OPEN.value:
        raise OperatorError("A running case is not erased; end it first.", retryable=False)
    # Also where a drawing forgets to ask, or a case runs on an older one that did not (S15).
    if hold.blocking(turn.session, turn.case.id, turn.now) is not None:
        raise OperatorError(
            "A legal hold keeps this file; lift it, then try again.", retryable=False
        )
    turn.session.flush()
    proof = erase(turn.session, turn.case)
    # What was copied before, to a backup or a log of the database, no longer opens (S15).
    casekey.destroy(turn.session, turn.case, turn.now)
    turn.audit("case:key:destroy", turn.case.id)
    turn.case.state = CaseState.ERASED.value
    turn.audit("case:file:erase", turn.case.id, ground=inputs.ground, erased=proof)
