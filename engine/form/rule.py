"""Checks one value against the rules of its field, in form-js's order and then our own.

form-js: number, increment, pattern, required, min, max, length, phone, email. It does not check
options, dates, files and the number of rows; we do, after its rules.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

import re2

from engine.form.cleaning import length
from engine.form.form import FREE_TEXT, MULTIPLE_CHOICE, SINGLE_CHOICE, Component, Type
from engine.form.formula import Formula, Moment

EMAIL = (
    r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
    r"(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$"
)
# Calling codes have one to three digits and a number has at most 15 digits in all (ITU-T E.164).
PHONE = r"^(\+|00)[1-9]\d{6,14}$"
MAX_PATTERN = 500

Problem = tuple[str, dict[str, Any]]
Look = Callable[[Formula], Any]


@dataclass(frozen=True)
class Limits:
    """How a rule's limit is found: a formula is evaluated in the row of the field."""

    evaluate: Look

    def of(self, limit: Any) -> Any:
        """Return the value of a limit."""
        return self.evaluate(limit) if isinstance(limit, Formula) else limit


def check_value(
    component: Component, value: Any, limits: Limits, moment: Moment
) -> Iterator[Problem]:
    """Yield the code and facts of each rule that `value` breaks."""
    rules = component.rules
    if component.type is Type.NUMBER and value:
        yield from _steps(component, Decimal(str(value)))
    if rules.pattern and isinstance(value, str) and value and not matches(rules.pattern, value):
        yield "pattern", {}
    if rules.required and _is_empty(value):
        yield _required(component), {}
    if component.type is Type.NUMBER and value is not None:
        yield from _range(component, Decimal(str(value)), limits)
    if component.type in FREE_TEXT and value:
        yield from _length(component, value, limits)
        if rules.validation_type == "phone" and not matches(PHONE, value):
            yield "phone", {}
        if rules.validation_type == "email" and not matches(EMAIL, value):
            yield "email", {}
    if component.type is Type.DATETIME and value:
        yield from _dates(component, value, limits, moment)


@lru_cache(maxsize=512)
def compile_pattern(pattern: str) -> Any:
    """Compile a pattern for linear time; raise ValueError when that is not possible."""
    if len(pattern) > MAX_PATTERN:
        raise ValueError(f"longer than {MAX_PATTERN} characters")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        raise ValueError(reason.decode() if isinstance(reason, bytes) else str(reason)) from error


def matches(pattern: str, text: str) -> bool:
    """Say whether the pattern is found in the text; a pattern we cannot run refuses every text."""
    try:
        return compile_pattern(pattern).search(text) is not None
    except ValueError:
        return False


def _is_empty(value: Any) -> bool:
    # 0 is an answer, although Python takes it for equal to False.
    return value is None or value is False or value in ("", [])


def _required(component: Component) -> str:
    if component.type in SINGLE_CHOICE:
        return "required_choice"
    if component.type in MULTIPLE_CHOICE:
        return "required_choices"
    return {
        Type.TEXTFIELD: "required_text",
        Type.TEXTAREA: "required_text",
        Type.DATETIME: "required_date",
        Type.CHECKBOX: "required_tick",
        Type.FILEPICKER: "required_file",
    }.get(component.type, "required")


def _steps(component: Component, value: Decimal) -> Iterator[Problem]:
    digits = component.decimal_digits
    if digits is not None and _decimals(value) > digits:
        yield ("integer", {}) if digits == 0 else ("decimals", {"limit": digits})
    step = _decimal(component.increment)
    if step:
        offset = value % step
        if offset:
            below = value - offset
            yield "increment", {"step": step, "below": plain(below), "above": plain(below + step)}


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _range(component: Component, value: Decimal, limits: Limits) -> Iterator[Problem]:
    for code, given in (("minimum", component.rules.minimum), ("maximum", component.rules.maximum)):
        found = limits.of(given)
        limit = _decimal(found)
        if limit is None:
            # A limit that has no value yet (FEEL's null) does not bind, as in form-js.
            yield from [] if found is None else [("limit", {})]
        elif value < limit if code == "minimum" else value > limit:
            yield code, {"limit": plain(limit)}


def _length(component: Component, value: str, limits: Limits) -> Iterator[Problem]:
    count = length(value)
    least = _decimal(limits.of(component.rules.min_length))
    most = _decimal(limits.of(component.rules.max_length))
    if least is not None and count < least:
        yield "min_length", {"limit": plain(least), "length": count}
    if most is not None and count > most:
        yield "max_length", {"limit": plain(most), "length": count}


def _dates(component: Component, value: str, limits: Limits, moment: Moment) -> Iterator[Problem]:
    if component.subtype == "time":
        return
    day = value
    if component.subtype == "datetime":
        local = datetime.fromisoformat(value).replace(tzinfo=UTC).astimezone(moment.zone)
        day = local.date().isoformat()
    if component.no_past and day < moment.today.isoformat():
        yield "past", {}
    # ISO dates compare as text; a limit may be an instant, of which the date counts.
    earliest, latest = (limits.of(x) for x in (component.rules.earliest, component.rules.latest))
    if isinstance(earliest, str) and day < earliest[:10]:
        yield "earliest", {"limit": earliest[:10]}
    if isinstance(latest, str) and day > latest[:10]:
        yield "latest", {"limit": latest[:10]}


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def plain(value: Decimal) -> str:
    """Write a number without exponent and without trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
