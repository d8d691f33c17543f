"""Turns one posted answer into the value that we keep: text, number, choice, date."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from engine.form.form import (
    CHOICE,
    FREE_TEXT,
    MULTIPLE_CHOICE,
    Component,
    Option,
    Type,
    code_of,
)

MAX_CHARACTERS = {Type.TEXTFIELD: 1_000, Type.TEXTAREA: 10_000}
MAX_DIGITS = 15  # more would not survive a reader that keeps numbers as binary fractions
YEARS = range(1900, 2201)

# Threat: characters that turn the reading direction make a name look like another one. Control
# characters and halves of pairs (categories Cc and Cs) are nothing that a person types.
REFUSED = re.compile(
    r"[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ud800-\udfff\u202a-\u202e\u2066-\u2069]"
)
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
ISO_TIME = re.compile(r"\d{2}:\d{2}(:\d{2})?", re.ASCII)
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Cleaned:
    """A value, or the code of the message that says why there is none."""

    value: Any
    problem: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def clean(component: Component, raw: Any, options: Sequence[Option], zone: ZoneInfo) -> Cleaned:
    """Return the value of a posted (or stored) answer, or the problem with it."""
    kind = component.type
    if kind in CHOICE:
        return (_choices if kind in MULTIPLE_CHOICE else _choice)(raw, options)
    if kind in FREE_TEXT:
        return _text(component, raw)
    if kind is Type.NUMBER:
        return _number(component, raw)
    if kind is Type.DATETIME:
        return _moment(component, raw, zone)
    return _tick(raw) if kind is Type.CHECKBOX else Cleaned(raw)


def _text(component: Component, raw: Any) -> Cleaned:
    if raw is None:
        return Cleaned("")
    if isinstance(raw, int | float):
        raw = code_of(raw)
    if not isinstance(raw, str):
        return Cleaned("", "text")
    limit = MAX_CHARACTERS[component.type]
    # Checked before the text is normalised, which may take much longer than reading it.
    if len(raw) > 2 * limit:
        return Cleaned("", "too_long", {"limit": limit})
    text = unicodedata.normalize("NFC", raw.replace("\r\n", "\n").replace("\r", "\n"))
    if component.type is Type.TEXTFIELD:
        text = text.replace("\n", " ").replace("\t", " ")
    if REFUSED.search(text):
        return Cleaned("", "characters")
    text = text.strip()
    if length(text) > limit:
        return Cleaned("", "too_long", {"limit": limit})
    return Cleaned(text)


def length(text: str) -> int:
    """Count as browsers and form-js do: in UTF-16 units, so that `maxlength` means the same."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _number(component: Component, raw: Any) -> Cleaned:
    text = "" if raw is None else code_of(raw).strip().replace(",", ".")
    if not text:
        return Cleaned(None)
    if not isinstance(raw, str | int | float) or not NUMBER.fullmatch(text):
        return Cleaned(None, "integer" if component.decimal_digits == 0 else "number")
    number = Decimal(text)
    if len(number.normalize().as_tuple().digits) > MAX_DIGITS or abs(number) >= 10**MAX_DIGITS:
        return Cleaned(None, "number_too_long", {"limit": MAX_DIGITS})
    if component.as_text:
        return Cleaned(text)
    return Cleaned(int(number) if number == number.to_integral_value() else float(number))


def _tick(raw: Any) -> Cleaned:
    if raw in (True, "true", "on"):
        return Cleaned(True)
    if raw in (False, None, "", "false"):
        return Cleaned(False)
    return Cleaned(False, "option")


def _choice(raw: Any, options: Sequence[Option]) -> Cleaned:
    if raw is None or raw == "":
        return Cleaned(None)
    for option in options:
        if _same(option, raw):
            return Cleaned(option.value)
    return Cleaned(None, "option")


def _choices(raw: Any, options: Sequence[Option]) -> Cleaned:
    if raw is None or raw == "":
        return Cleaned([])
    if not isinstance(raw, list | tuple):
        raw = [raw]
    known = {option.code: option.value for option in options}
    codes = list(dict.fromkeys(code_of(item) for item in raw if item != ""))
    chosen = [known[code] for code in codes if code in known]
    return Cleaned(chosen, "option" if len(chosen) < len(codes) else "")


def _same(option: Option, raw: Any) -> bool:
    return isinstance(raw, str | int | float) and option.code == code_of(raw)


def _moment(component: Component, raw: Any, zone: ZoneInfo) -> Cleaned:
    if raw is None or raw == "":
        return Cleaned(None)
    if not isinstance(raw, str):
        return Cleaned(None, "date")
    text = raw.strip()
    try:
        match component.subtype:
            case "time":
                return _time(text)
            case "datetime":
                return _instant(text, zone)
            case _:
                return _date(text)
    except ValueError:
        return Cleaned(None, "time" if component.subtype == "time" else "date")


def _date(text: str) -> Cleaned:
    if not ISO_DATE.fullmatch(text):
        return Cleaned(None, "date")
    day = date.fromisoformat(text)
    if day.year not in YEARS:
        return Cleaned(None, "year", {"first": YEARS[0], "last": YEARS[-1]})
    return Cleaned(day.isoformat())


def _time(text: str) -> Cleaned:
    if not ISO_TIME.fullmatch(text):
        return Cleaned(None, "time")
    return Cleaned(time.fromisoformat(text).strftime("%H:%M"))


def _instant(text: str, zone: ZoneInfo) -> Cleaned:
    """Read a local date and time, or a stored instant, and return the instant in UTC."""
    moment = datetime.fromisoformat(text)
    if moment.year not in YEARS:
        return Cleaned(None, "year", {"first": YEARS[0], "last": YEARS[-1]})
    if moment.tzinfo is None:
        local = moment.replace(tzinfo=zone)
        # The clocks go forward over this time: it does not exist on that day.
        if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
            return Cleaned(None, "gap")
        moment = local
    return Cleaned(moment.astimezone(UTC).isoformat())
