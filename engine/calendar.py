"""Computes when timers are due by calendar arithmetic in a zone, never by adding up seconds."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from engine.errors import InputError
from engine.language.telling import told

MAX_YEARS: Final = 1_000

_DURATION = re.compile(
    r"P(?=\d|T\d)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,5})W)?"
    r"(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,9})S)?)?",
    re.ASCII,
)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_DATE_TIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})?", re.ASCII
)
_UNITS: Final = (("years", "Y"), ("months", "M"), ("weeks", "W"), ("days", "D"))
_CLOCK_UNITS: Final = (("hours", "H"), ("minutes", "M"), ("seconds", "S"))


@dataclass(frozen=True, slots=True)
class Duration:
    """An ISO 8601 duration as it was written: P12M and P1Y are two durations of equal length."""

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0
    hours: int = 0
    minutes: int = 0
    seconds: int = 0

    @property
    def calendar_months(self) -> int:
        """Return the years and months together, in months."""
        return 12 * self.years + self.months

    @property
    def calendar_days(self) -> int:
        """Return the weeks and days together, in days."""
        return 7 * self.weeks + self.days

    @property
    def elapsed(self) -> timedelta:
        """Return the part after the `T`: time that passes whatever the clocks show."""
        return timedelta(hours=self.hours, minutes=self.minutes, seconds=self.seconds)

    def __str__(self) -> str:
        amounts = {
            "years": self.years,
            "months": self.months,
            "weeks": self.weeks,
            "days": self.days,
            "hours": self.hours,
            "minutes": self.minutes,
            "seconds": self.seconds,
        }
        calendar = "".join(f"{amounts[name]}{unit}" for name, unit in _UNITS if amounts[name])
        clock = "".join(f"{amounts[name]}{unit}" for name, unit in _CLOCK_UNITS if amounts[name])
        if not calendar and not clock:
            return "PT0S"
        return f"P{calendar}" + (f"T{clock}" if clock else "")


def is_duration(text: str) -> bool:
    """Tell whether `text` is an ISO 8601 duration in whole units, such as P3M or P14D or PT8H."""
    return _DURATION.fullmatch(text.strip()) is not None


def parse_duration(text: str) -> Duration:
    """Return the duration; raise InputError with the mend."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise InputError(
            told(
                "`%(text)s` is not a duration; write ISO 8601 in whole units: P3M, P14D or PT8H.",
                text=text[:40],
            )
        )
    duration = Duration(**{unit: int(amount or 0) for unit, amount in match.groupdict().items()})
    days = duration.calendar_months * 31 + duration.calendar_days + duration.elapsed.days
    if days > MAX_YEARS * 366:
        raise InputError(
            told(
                "The duration %(text)s is longer than %(most)s years; shorten it.",
                text=text,
                most=MAX_YEARS,
            )
        )
    return duration


def occurrence(anchor: date | datetime, duration: Duration, n: int, zone: ZoneInfo) -> datetime:
    """Return the n-th multiple of `duration` after `anchor`, as an instant in UTC (R8).

    Years, months, weeks and days are counted on the wall clock of `zone` from the anchor, so that
    nothing drifts: 31 January + 1 x P1M is the last of February, + 2 x P1M is 31 March. Hours and
    below are time that passes. A wall clock time that summer time skips moves forward by the gap;
    one that happens twice is the first of the two. A date is the start of that local day, a naive
    datetime is local time. `n` may be 0 or negative. Raises InputError outside the calendar.
    """
    try:
        months, days = n * duration.calendar_months, n * duration.calendar_days
        if isinstance(anchor, datetime) and anchor.tzinfo and not months and not days:
            # Converting to the wall clock and back would lose which of two equal hours it was.
            return anchor.astimezone(UTC) + n * duration.elapsed
        local = add_months(_wall_clock(anchor, zone), months) + timedelta(days=days)
        return instant(local, zone) + n * duration.elapsed
    except (ValueError, OverflowError) as error:
        raise InputError(
            told(
                "%(times)s x %(duration)s leads out of the calendar; shorten it.",
                times=n,
                duration=duration,
            )
        ) from error


def _wall_clock(anchor: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(anchor, datetime):
        return datetime.combine(anchor, time())
    if anchor.tzinfo is None:
        return anchor
    return anchor.astimezone(zone).replace(tzinfo=None, fold=0)


def add_months(moment: datetime, months: int) -> datetime:
    """Return `moment` moved by whole months, at the month's last day where it has no such day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not 1 <= year <= 9999:  # noqa: PLR2004 - the calendar of Python and PostgreSQL's ISO text
        raise ValueError("outside the calendar")
    last = monthrange(year, month + 1)[1]
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def instant(local: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant in UTC at which the wall clock of `zone` shows `local`.

    Without a fold the library takes the offset before a change: a skipped time thereby moves
    forward by the gap, and of a repeated time the first is taken.
    """
    return local.replace(tzinfo=zone, fold=0).astimezone(UTC)


def parse_instant(text: str, zone: ZoneInfo) -> datetime:
    """Return the instant in UTC; raise InputError with the mend.

    A date is the start of that day in `zone`, a time without offset is local time in `zone`.
    """
    source = text.strip()
    try:
        if _DATE.fullmatch(source):
            return instant(datetime.combine(date.fromisoformat(source), time()), zone)
        if _DATE_TIME.fullmatch(source):
            found = datetime.fromisoformat(source)
            return instant(found, zone) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise InputError(
        told(
            "`%(text)s` is not a date or instant; write 2026-01-31 or 2026-01-31T14:30:00+01:00.",
            text=text[:40],
        )
    )
