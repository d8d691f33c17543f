"""Reads the answers of a submitted form for the case file, apart from what shields a source."""

from typing import Any

from engine.turn import Turn

SHIELDED = frozenset(
    {
        "announced_by",
        "reporter_told",
        "source_identity",
        "source_kind",
        "source_motives",
        "source_note",
    }
)
"""Answers of class `source` of the shipped forms; a profile may add fields of that class."""
EMPTY: tuple[Any, ...] = (None, "", [])


def _shielded_keys(turn: Turn) -> frozenset[str]:
    """Return the fields that go to the signal, which only the intake desk reads (P34)."""
    form = turn.deployment.forms.get(turn.submission.form_id) if turn.submission else None
    return SHIELDED | frozenset(form.field_keys("source") if form else ())


def answers(turn: Turn, *left_out: str) -> dict[str, Any]:
    """Return all answers given, codes included, other than the named and the shielded ones."""
    values = turn.submission.values if turn.submission else {}
    hidden = _shielded_keys(turn)
    return {
        key: value
        for key, value in values.items()
        if key not in left_out and key not in hidden and value not in EMPTY
    }


def shielded(turn: Turn) -> dict[str, Any]:
    """Return the answers that would tell who reported and why."""
    values = turn.submission.values if turn.submission else {}
    hidden = _shielded_keys(turn)
    return {key: values[key] for key in hidden & set(values) if values[key] not in EMPTY}


def statement(turn: Turn, *left_out: str) -> dict[str, Any]:
    """Return the common columns of a case-file row together with the answers as `details`."""
    return {**turn.statement(), "details": answers(turn, *left_out)}
