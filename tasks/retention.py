"""Operators of retention: until when a file is kept, its review, and its erasure."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select

from engine import casekey, hold, human
from engine.calendar import occurrence, parse_duration
from engine.erasure import OFFICER, PERIOD_OVER, begin_round, newest_round
from engine.errors import InputError, OperatorError, SeparationError
from engine.language import gettext
from engine.language.telling import told
from engine.models import CaseState, Decision, ErasureRound
from engine.operator import operator, recorder
from engine.turn import Turn
from tasks.answer import statement
from tasks.erasure import erase
from tasks.note import add_note

ERASE = "erase"
AGREED, REFUSED, DROPPED = "agreed", "refused", "dropped"


@dataclass(frozen=True)
class Period:
    """An ISO 8601 duration, e.g. `P5Y`; empty when the date stays as it is."""

    duration: str


@dataclass(frozen=True)
class Schedule:
    """The first day on which the file may be erased."""

    retention_until: date


@operator("retention/schedule", inputs=Period, outputs=Schedule)
def schedule(turn: Turn, inputs: Period) -> Schedule:
    """Set until when the file is kept, counted on the calendar from today (P90)."""
    until = turn.case.erase_after
    if inputs.duration or until is None:
        until = _later(turn, inputs.duration)
    turn.case.erase_after = until
    _drop_rounds(turn)
    turn.audit("case:retention:schedule", turn.case.id, until=until.isoformat())
    return Schedule(until)


def _later(turn: Turn, duration: str) -> date:
    zone = turn.profile.zone
    return occurrence(turn.today, parse_duration(duration), 1, zone).astimezone(zone).date()


def _drop_rounds(turn: Turn) -> None:
    """Let go what the officer was asked in an earlier retention: the case ran again since."""
    rounds = turn.session.scalars(
        select(ErasureRound).where(
            ErasureRound.case_id == turn.case.id,
            ErasureRound.instance_id != turn.instance.id,
            ErasureRound.outcome == ERASE,
            ErasureRound.answer.is_(None),
        )
    )
    for row in rounds:
        row.answer, row.answered_at = DROPPED, turn.now


@dataclass(frozen=True)
class Review:
    """Whether the file goes, stays longer, or stays until its date; and why."""

    retention_decision: str
    reasons: str
    prolong_for: str | None = None
    neutral_words: str | None = None


@recorder("retention/record_review", inputs=Review)
def record_review(turn: Turn, inputs: Review) -> None:
    """Record the review of a file: prolong with a reason, keep, or ask the officer (P90)."""
    _check_date(turn, inputs)
    row = _round_to_review(turn)
    row.outcome, row.reviewed_at = inputs.retention_decision, turn.now
    row.reviewed_by_id = turn.actor.id if turn.actor else None
    row.reviewed_for_id = turn.behalf.id if turn.behalf else None
    row.neutral_words = inputs.neutral_words or None
    if row.asked_by is not None and inputs.retention_decision != ERASE:
        turn.notify("erasure_answered", account=row.asked_by)
    turn.session.add(
        Decision(
            **statement(turn, "reasons"),
            kind="retention",
            outcome=inputs.retention_decision,
            reasons=inputs.reasons,
        )
    )
    turn.audit("case:retention:review", turn.case.id, outcome=inputs.retention_decision)


def _check_date(turn: Turn, inputs: Review) -> None:
    """Refuse an answer that makes no sense at this date: no review shortens the time of a file."""
    until = turn.case.erase_after
    if inputs.retention_decision == "keep" and (until is None or until <= turn.today):
        raise InputError(
            gettext("The date of this file is over; say for how long it is kept, or erase it.")
        )
    longer = inputs.prolong_for if inputs.retention_decision == "prolong" else None
    if longer and until is not None and _later(turn, longer) < until:
        raise InputError(
            gettext("This would shorten the time of the file; let it be kept until its date.")
        )


def _round_to_review(turn: Turn) -> ErasureRound:
    """Return the round that somebody asked for, or a new one; a refused one is asked anew."""
    before = newest_round(turn.session, turn.instance.id)
    if before is not None and before.outcome is None:
        return before
    again = before is not None and before.answer == REFUSED
    asked = before if again else None
    return begin_round(
        turn,
        ErasureRound(
            ground=asked.ground if asked else PERIOD_OVER,
            asked_by_id=asked.asked_by_id if asked else None,
            asked_at=asked.asked_at if asked else None,
            legal_basis=asked.legal_basis if asked else None,
            reason=asked.reason if asked else None,
        ),
    )


@dataclass(frozen=True)
class Agreement:
    """Whether the officer agrees to the erasure, and what is missing where not."""

    erasure_agreement: str
    refusal_reason: str | None = None


@recorder("retention/record_agreement", inputs=Agreement)
def record_agreement(turn: Turn, inputs: Agreement) -> None:
    """Record what the data-protection officer says to an erasure (S19, security.md 2.4)."""
    row = newest_round(turn.session, turn.instance.id)
    if row is None or row.outcome != ERASE or row.answer is not None:
        raise OperatorError(
            gettext("No review says that this file goes; review it first."), retryable=False
        )
    if turn.actor is None or OFFICER not in turn.actor.role_codes:
        raise SeparationError(
            gettext("The data-protection officer agrees to an erasure; ask that person.")
        )
    _check_apart(turn, row, [person.id for person in turn.persons])
    agreed = inputs.erasure_agreement == "agree"
    row.answer, row.answered_by_id = AGREED if agreed else REFUSED, turn.actor.id
    row.answered_at, row.refusal_reason = turn.now, inputs.refusal_reason or None
    event = "case:erasure:agree" if agreed else "case:erasure:refuse"
    turn.audit(event, row.id, ground=row.ground, by=str(row.reviewed_by_id))
    turn.session.flush()


def _check_apart(turn: Turn, row: ErasureRound, people: list[UUID]) -> None:
    reviewers = human.accounts_of(turn.session, [row.reviewed_by_id, row.reviewed_for_id])
    if reviewers & set(people):
        raise SeparationError(
            gettext("Whoever reviewed a file does not agree to its erasure: ask another officer.")
        )


def _require_agreement(turn: Turn) -> ErasureRound | None:
    """Refuse to erase a reviewed file without the officer; what lapses by law was not reviewed.

    Also for a case that runs on an older drawing, which does not ask (S19).
    """
    row = newest_round(turn.session, turn.instance.id)
    if row is None or row.outcome in {None, "keep", "prolong"}:
        return row
    if row.answer != AGREED or row.answered_by_id is None:
        raise OperatorError(
            gettext(
                "The data-protection officer has not agreed to this erasure; move the case to a "
                "drawing that asks, then try again."
            ),
            retryable=False,
        )
    _check_apart(turn, row, [row.answered_by_id])
    return row


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
        raise OperatorError(gettext("A running case is not erased; end it first."), retryable=False)
    # Also where a drawing forgets to ask, or a case runs on an older one that did not (S15).
    if hold.blocking(turn.session, turn.case.id, turn.now) is not None:
        raise OperatorError(
            told("A legal hold keeps this file; lift it, then try again."), retryable=False
        )
    agreed = _require_agreement(turn)
    if agreed is not None and agreed.asked_by is not None:
        turn.notify("erasure_answered", account=agreed.asked_by)
    turn.session.flush()
    proof = erase(turn.session, turn.case)
    # What was copied before, to a backup or a log of the database, no longer opens (S15).
    casekey.destroy(turn.session, turn.case, turn.now)
    turn.audit("case:key:destroy", turn.case.id)
    turn.case.state = CaseState.ERASED.value
    turn.audit("case:file:erase", turn.case.id, ground=inputs.ground, erased=proof)
