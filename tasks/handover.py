"""Operators after closing was agreed: regular care takes over, the surroundings know (P87-P91)."""

from dataclasses import dataclass

from engine.operator import recorder
from engine.turn import Turn
from tasks.note import add_note, text_of


@dataclass
class CareAnswers:
    """Which regular service goes on, or why none."""

    care_outcome: str


@recorder("closing/record_regular_care", inputs=CareAnswers)
def record_regular_care(turn: Turn, inputs: CareAnswers) -> None:
    """Record the handover to regular care, who accepted it, and a neutral text (P87, P88)."""
    texts = ("handover_text", "why_declined", "why_not_needed")
    text = next((found for found in (text_of(turn, key) for key in texts) if found), "-")
    details = {**turn.details("handover_text"), "care_outcome": inputs.care_outcome}
    add_note(turn, "handover", text, details=details)
    turn.audit("case:care:hand_over", turn.case.id, outcome=inputs.care_outcome)


@dataclass
class SurroundingsAnswers:
    """Who knows that the case can be reopened."""

    informed: list[str]


@recorder("closing/record_surroundings", inputs=SurroundingsAnswers)
def record_surroundings(turn: Turn, inputs: SurroundingsAnswers) -> None:
    """Record who around the person was told that the case can be reopened (P91)."""
    text = text_of(turn, "who_exactly") or ", ".join(inputs.informed)
    add_note(turn, "surroundings", text, details=turn.details("who_exactly", "promises"))
    add_note(turn, "promise", text_of(turn, "promises"))
    turn.audit("case:surroundings:inform", turn.case.id, count=len(inputs.informed))
