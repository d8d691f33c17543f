"""Writes dates, times, lasting and figures the way the readers of a language do (CLDR).

No other module formats dates for people, so that what CLDR leaves out is put right once.
"""

import re
from datetime import date, datetime, time, tzinfo
from functools import lru_cache
from typing import Final

from babel.dates import format_date, format_datetime, format_skeleton, format_time
from babel.numbers import format_decimal

from engine.language.speech import current_language, gettext, ngettext
from engine.language.tongue import locale_of

KEPT: Final = 4096
"""How many written dates are kept: a list writes the same days in each of its rows (M5)."""
FIRST_OF_MONTH = {"fr": "1er"}
"""How a language writes the first of a month where it is not the bare number.

CLDR has no form for it: the day is a number there, of which no pattern can tell the first apart.
"""


def _locale(locale: str | None) -> str:
    return locale or locale_of(current_language())


def _dated(text: str, locale: str) -> str:
    """Return a date in words with the first of a month as the language writes it."""
    first = FIRST_OF_MONTH.get(locale.partition("_")[0])
    return text if first is None else re.sub(r"^1(?=\s)", first, text)


def day(value: date, locale: str | None = None) -> str:
    """Return `15 January 2026`, `15. Januar 2026`."""
    plain = value.date() if isinstance(value, datetime) else value
    return _day(plain, _locale(locale))


@lru_cache(KEPT)
def _day(value: date, locale: str) -> str:
    return _dated(format_date(value, "long", locale=locale), locale)


def short_day(value: date, locale: str | None = None, *, year: bool = True) -> str:
    """Return `15 Jan 2026`, or `15 Jan` without the year."""
    plain = value.date() if isinstance(value, datetime) else value
    return _short_day(plain, _locale(locale), "yMMMd" if year else "MMMd")


@lru_cache(KEPT)
def _short_day(value: date, locale: str, skeleton: str) -> str:
    return _dated(format_skeleton(skeleton, value, locale=locale), locale)


def clock(value: datetime, locale: str | None = None) -> str:
    """Return `09:00`, `9.00`."""
    return _clock(value.hour, value.minute, _locale(locale))


@lru_cache(KEPT)
def _clock(hour: int, minute: int, locale: str) -> str:
    return format_time(time(hour, minute), "short", locale=locale)


def moment(value: datetime, locale: str | None = None) -> str:
    """Return `15 January 2026, 09:00`; the wall clock is that of the value."""
    return f"{day(value, locale)}, {clock(value, locale)}"


def exact_moment(value: datetime, zone: tzinfo, locale: str | None = None) -> str:
    """Return `15 Jan 2026, 09:00:00` on the wall clock of a zone."""
    found = _locale(locale)
    return _dated(format_datetime(value, "medium", tzinfo=zone, locale=found), found)


def lasting(minutes: int) -> str:
    """Return `3 hours 59 minutes`, for what ends within hours."""
    hours, rest = divmod(max(0, minutes), 60)
    told = []
    if hours:
        told.append(ngettext("%(count)s hour", "%(count)s hours", hours))
    if rest:
        told.append(ngettext("%(count)s minute", "%(count)s minutes", rest))
    return " ".join(told) or gettext("less than a minute")


def figure(value: float, locale: str | None = None) -> str:
    """Return a number with the marks of the language: `1,234.5`, `1.234,5`."""
    return str(format_decimal(value, locale=_locale(locale)))
