"""Refuses data that would break or change the stored state, before it reaches it (engine.md)."""

import math
from collections.abc import Collection, Mapping
from typing import Any, Final

from engine.bpmn.merge import clone
from engine.errors import InputError
from engine.language.telling import told

MAX_DEPTH: Final = 6
MAX_VALUES: Final = 2_000
MAX_TEXT: Final = 10_000
_RESERVED: Final = frozenset({"typename", "data_objects"})


def clean(
    data: Mapping[str, Any], reserved: Collection[str] = (), *, what: str = "process variables"
) -> dict[str, Any]:
    """Return a copy of `data` if it is plain JSON of modest size; raise InputError otherwise.

    `reserved` are names that the scope gives to expressions: a variable so called would never
    be seen.
    """
    for key in data:
        if key in reserved:
            raise InputError(
                told(
                    "%(what)s: the name %(key)s is taken; use another field name.",
                    what=what,
                    key=repr(key),
                )
            )
    _check(dict(data), what, MAX_DEPTH, [MAX_VALUES])
    copied: dict[str, Any] = clone(dict(data))
    return copied


def _check(value: Any, what: str, depth: int, budget: list[int]) -> None:
    budget[0] -= 1
    if budget[0] < 0:
        raise InputError(
            told(
                "%(what)s: more than %(most)s values; keep lists in the case file.",
                what=what,
                most=MAX_VALUES,
            )
        )
    if depth < 0:
        raise InputError(
            told(
                "%(what)s: nested deeper than %(most)s; keep it in the case file.",
                what=what,
                most=MAX_DEPTH,
            )
        )
    if isinstance(value, dict):
        for key, item in value.items():
            _check_key(key, what)
            _check(item, what, depth - 1, budget)
    elif isinstance(value, list):
        for item in value:
            _check(item, what, depth - 1, budget)
    else:
        _check_scalar(value, what)


def _check_key(key: Any, what: str) -> None:
    if not isinstance(key, str):
        raise InputError(
            told(
                "%(what)s: keys must be text; turn the key %(key)s into text.",
                what=what,
                key=repr(key),
            )
        )
    if key in _RESERVED or key.startswith("__") or not key:
        raise InputError(
            told(
                "%(what)s: the name %(key)s is reserved; use another field name.",
                what=what,
                key=repr(key),
            )
        )
    _check_text(key, what)


def _check_scalar(value: Any, what: str) -> None:
    if isinstance(value, str):
        _check_text(value, what)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise InputError(told("%(what)s: a number must be finite.", what=what))
    elif isinstance(value, int) and not isinstance(value, bool):
        # orjson and the databases hold 64 bit; a larger number would come back changed.
        if not -(2**53) < value < 2**53:
            raise InputError(told("%(what)s: the number is too large; use text.", what=what))
    elif value is not None and not isinstance(value, bool):
        raise InputError(
            told(
                "%(what)s: %(kind)s is not a JSON value; dates are ISO text.",
                what=what,
                kind=type(value).__name__,
            )
        )


def _check_text(value: str, what: str) -> None:
    if len(value) > MAX_TEXT:
        raise InputError(
            told(
                "%(what)s: longer than %(most)s characters; keep it in the case file.",
                what=what,
                most=MAX_TEXT,
            )
        )
    # PostgreSQL refuses both in JSON, after the turn has done its work.
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise InputError(told("%(what)s: contains a character that cannot be stored.", what=what))
