"""Knows the kinds of values an expression can hold, and turns them into JSON."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from engine.errors import ExpressionError
from engine.language import mark
from engine.language.telling import Told, told

# Whole numbers beyond this are not exact in the editors (IEEE 754 doubles), so they are refused.
MAX_NUMBER: Final = 2**53
MAX_TEXT: Final = 10_000
MAX_ITEMS: Final = 10_000
MAX_MONTHS: Final = 12 * 1000
MAX_DAYS: Final = 366 * 1000

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2})?", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_DURATION = re.compile(
    r"(?P<sign>-)?P(?=\d|T\d)(?:(?P<years>\d{1,6})Y)?(?:(?P<months>\d{1,6})M)?"
    r"(?:(?P<days>\d{1,7})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,9})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9})S)?)?",
    re.ASCII,
)


class ValueRefusedError(ExpressionError):
    """A value is outside what expressions work with; the message says which and why."""


@dataclass(frozen=True, slots=True, order=True)
class YearsMonths:
    """A years and months duration, as a number of months."""

    months: int

    def __str__(self) -> str:
        years, months = divmod(abs(self.months), 12)
        sign = "-" if self.months < 0 else ""
        text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return f"{sign}P{text or '0M'}"


VALUE_WORDS: Final = mark(
    {
        "null": "null",
        "boolean": "boolean",
        "number": "number",
        "string": "string",
        "list": "list",
        "context": "context",
        "date": "date",
        "time": "time",
        "date and time": "date and time",
        "duration": "duration",
        "days and time duration": "days and time duration",
        "years and months duration": "years and months duration",
        "any": "any",
    }
)
"""What the kinds of values are called."""


def kind_words(kind: str) -> Told:
    """Return what a kind of value is called, to be told later."""
    return told(VALUE_WORDS.get(kind, kind))


def kind(value: Any) -> str:  # noqa: PLR0911 - one line per kind
    """Return the FEEL name of the value's kind; raise ValueRefusedError for anything else.

    Threat: an object that is not plain data must not be read by an expression at all.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float | Decimal):
        return "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, list | tuple):
        return "list"
    if isinstance(value, Mapping):
        return "context"
    return _temporal_kind(value)


def _temporal_kind(value: Any) -> str:
    if isinstance(value, datetime):
        return "date and time"
    if isinstance(value, date):
        return "date"
    if isinstance(value, time):
        return "time"
    if isinstance(value, timedelta):
        return "days and time duration"
    if isinstance(value, YearsMonths):
        return "years and months duration"
    raise ValueRefusedError(told("a value that is not plain data cannot be used in an expression"))


def number(value: float | Decimal) -> int | float:
    """Return `value` as a whole number where it is one; refuse what a double cannot hold."""
    try:
        if isinstance(value, Decimal):
            value = float(value)
        if isinstance(value, float):
            if not math.isfinite(value):
                raise ValueRefusedError(told("a number became infinite or undefined"))
            if value.is_integer() and abs(value) <= MAX_NUMBER:
                return int(value)
    except (OverflowError, ValueError) as error:
        raise ValueRefusedError(told("a number became too large")) from error
    if abs(value) > MAX_NUMBER:
        raise ValueRefusedError(told("a number became too large; at most 15 digits are exact"))
    return value


def text(value: str) -> str:
    """Return `value` if it is short enough to be a value."""
    if len(value) > MAX_TEXT:
        raise ValueRefusedError(
            told("a text became longer than %(most)s characters", most=MAX_TEXT)
        )
    return value


def parse_date(source: str) -> date:
    """Return the date written `YYYY-MM-DD`."""
    try:
        if _DATE.fullmatch(source):
            return date.fromisoformat(source)
    except ValueError:
        pass
    raise ValueRefusedError(told("this is not a date; write dates like 2026-01-31"))


def parse_time(source: str) -> time:
    """Return the local time written `HH:MM:SS`."""
    try:
        if _TIME.fullmatch(source):
            return time.fromisoformat(source)
    except ValueError:
        pass
    raise ValueRefusedError(told("this is not a time; write times like 14:30:00"))


def parse_date_time(source: str) -> datetime:
    """Return the date and time, local or with `Z` or an offset; a plain date means midnight."""
    try:
        if _DATE.fullmatch(source):
            return datetime.combine(date.fromisoformat(source), time())
        if _DATE_TIME.fullmatch(source):
            return datetime.fromisoformat(source)
    except ValueError:
        pass
    raise ValueRefusedError(
        told(
            "this is not a date and time; write it like 2026-01-31T14:30:00 or 2026-01-31T14:30:00Z"
        )
    )


def parse_duration(source: str) -> YearsMonths | timedelta:
    """Return a FEEL duration: either years and months, or days and time, in whole seconds."""
    match = _DURATION.fullmatch(source)
    if match is None:
        raise ValueRefusedError(
            told("this is not a duration; write durations like P3M or P14D or PT8H")
        )
    sign = -1 if match["sign"] else 1
    amount = {name: int(found or 0) for name, found in match.groupdict().items() if name != "sign"}
    days = timedelta(
        days=amount["days"],
        hours=amount["hours"],
        minutes=amount["minutes"],
        seconds=amount["seconds"],
    )
    if match["years"] is None and match["months"] is None:
        return bounded(sign * days)
    if days or match["days"] or "T" in source:
        raise ValueRefusedError(
            told("a duration is either years and months or days and time, not both")
        )
    return bounded(YearsMonths(sign * (amount["years"] * 12 + amount["months"])))


def bounded(duration: YearsMonths | timedelta) -> YearsMonths | timedelta:
    """Return `duration` if it is at most a thousand years."""
    if isinstance(duration, YearsMonths):
        if abs(duration.months) > MAX_MONTHS:
            raise ValueRefusedError(told("a duration became longer than a thousand years"))
    elif abs(duration) > timedelta(days=MAX_DAYS):
        raise ValueRefusedError(told("a duration became longer than a thousand years"))
    return duration


def write(value: Any) -> str:
    """Return the text of a scalar other than null, as the editors write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | YearsMonths):
        return str(value)
    if isinstance(value, int | float | Decimal):
        return _write_number(number(value))
    if isinstance(value, timedelta):
        return _write_days(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    raise ValueRefusedError(told("only a number, text, boolean or date has a text"))


def _write_number(value: float) -> str:
    if isinstance(value, int):
        return str(value)
    if abs(value) < 1e-6:  # noqa: PLR2004 - from here on the editors write an exponent
        raise ValueRefusedError(told("a number is too small to be written out"))
    return format(Decimal(repr(value)), "f")


def _write_days(value: timedelta) -> str:
    whole = abs(value)
    hours, rest = divmod(whole.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    clock = "".join(f"{n}{unit}" for n, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if n)
    days = f"{whole.days}D" if whole.days else ""
    if not days and not clock:
        return "PT0S"
    return ("-" if value < timedelta() else "") + "P" + days + (f"T{clock}" if clock else "")


def to_json(value: Any) -> Any:
    """Return `value` as JSON data: dates, instants (in UTC) and durations as ISO 8601 text.

    Raises ValueRefusedError for anything that is not plain data or nests more than MAX_ITEMS.
    """
    return _json(value, [MAX_ITEMS], 0)


def _json(value: Any, budget: list[int], depth: int) -> Any:  # noqa: PLR0911 - one line per kind
    budget[0] -= 1
    if budget[0] < 0 or depth > 60:  # noqa: PLR2004 - deeper than any expression can build
        raise ValueRefusedError(told("a value holds more than %(most)s items", most=MAX_ITEMS))
    match kind(value):
        case "null" | "boolean":
            return value
        case "number":
            return number(value)
        case "string":
            return str(value)
        case "list":
            return [_json(item, budget, depth + 1) for item in value]
        case "context":
            return {_key(key): _json(item, budget, depth + 1) for key, item in value.items()}
        case "date and time" if value.tzinfo is not None:
            return value.astimezone(UTC).isoformat()
    return write(value)


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ValueRefusedError(told("the keys of a context are texts"))
    return key
