"""Keeps what people wrote down beside an answer as notes of the case file: promises, safety."""

from dataclasses import dataclass
from typing import Any

from engine.models import Note
from engine.operator import recorder
from engine.turn import Turn


@dataclass(frozen=True)
class Reasoned:
    """Why it was answered so, in words; some may stay silent."""

    reasons: str = ""


@recorder("note/record_reasons", inputs=Reasoned)
def record_reasons(turn: Turn, inputs: Reasoned) -> None:
    """Record a step that a profile adds: its answers stay with it, its reasons become a note."""
    add_note(turn, "note", inputs.reasons)


def add_note(turn: Turn, kind: str, text: str, **columns: Any) -> None:
    """Add a note of a kind such as `promise` (P98) or `safety` (P103); blank text adds none."""
    if text.strip():
        turn.session.add(Note(**{**turn.statement(), **columns}, kind=kind, text=text.strip()))


def text_of(turn: Turn, key: str) -> str:
    """Return a submitted text, empty when the field was not asked or not filled in."""
    values = turn.submission.values if turn.submission else {}
    value = values.get(key)
    return value.strip() if isinstance(value, str) else ""
