"""Says instants and dates the way a reader says them, with the exact time for who wants it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime, format_time
from markupsafe import Markup

LOCALE = "en_GB"
"""The product's English is British: day before month, 24 hours."""
NEAR = 14  # days within which "in 3 days" says more than a date


class When:
    """Formats for one reader: zone, language, and what day it is."""

    def __init__(self, now: datetime, zone: ZoneInfo, language: str = "en") -> None:
        self.now = now
        self.zone = zone
        self.locale = LOCALE if language == "en" else language

    @property
    def today(self) -> date:
        """Return the reader's calendar day."""
        return self.now.astimezone(self.zone).date()

    def local(self, instant: datetime) -> datetime:
        """Return the instant on the reader's wall clock."""
        return instant.astimezone(self.zone)

    def day(self, value: datetime | date | str | None) -> str:
        """Return `15 January 2026`; nothing for nothing."""
        found = self._date(value)
        return "" if found is None else format_date(found, "d MMMM y", locale=self.locale)

    def moment(self, instant: datetime) -> str:
        """Return `15 January 2026, 09:00`."""
        return format_datetime(self.local(instant), "d MMMM y, HH:mm", locale=self.locale)

    def clock(self, instant: datetime) -> str:
        """Return `09:00`."""
        return format_time(self.local(instant), "HH:mm", locale=self.locale)

    def relative(self, value: datetime | date | str) -> str:
        """Return the distance in days: `today`, `tomorrow`, `in 5 days`, `2 days ago`, a date."""
        found = self._date(value)
        if found is None:
            return ""
        days = (found - self.today).days
        words = {0: "today", 1: "tomorrow", -1: "yesterday"}
        if days in words:
            return words[days]
        if abs(days) > NEAR:
            return self._short(found)
        return f"in {days} days" if days > 0 else f"{-days} days ago"

    def due(self, instant: datetime) -> str:
        """Return how a due date reads in a list: `3 days overdue`, `due today`, `due in 5 days`."""
        days = (self.local(instant).date() - self.today).days
        if instant < self.now:
            late = -days
            return "overdue since today" if late == 0 else f"{late} day{'s'[: late > 1]} overdue"
        return f"due {self.relative(instant)}"

    def left(self, instant: datetime) -> str:
        """Return how much time is left: `3 hours 59 minutes`, for what ends within hours."""
        minutes = max(0, (instant - self.now) // timedelta(minutes=1))
        hours, rest = divmod(minutes, 60)
        told = [(hours, "hour"), (rest, "minute")]
        return " ".join(f"{count} {unit}{'s'[: count != 1]}" for count, unit in told if count) or (
            "less than a minute"
        )

    def _short(self, value: date) -> str:
        same_year = value.year == self.today.year
        return format_date(value, "d MMM" if same_year else "d MMM y", locale=self.locale)

    def _date(self, value: datetime | date | str | None) -> date | None:
        if isinstance(value, str):
            value = _parsed(value)
        if isinstance(value, datetime):
            return self.local(value).date()
        return value

    def tag(self, instant: datetime | date | str | None, form: str = "relative") -> Markup:
        """Return a <time> element: the words of `form`, with the exact time in its attributes."""
        if instant is None or instant == "":
            return Markup("")
        value = _parsed(instant) if isinstance(instant, str) else instant
        if value is None:
            return Markup("{}").format(instant)
        exact = self.moment(value) if isinstance(value, datetime) else self.day(value)
        words = getattr(self, form)(value)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            value.isoformat(), exact, words
        )


def _parsed(text: str) -> date | datetime | None:
    try:
        return date.fromisoformat(text) if len(text) == len("2026-01-15") else _instant(text)
    except ValueError:
        return None


def _instant(text: str) -> datetime | None:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else None


def week_ahead(now: datetime, zone: ZoneInfo) -> datetime:
    """Return the end of the day a week from now: what is due before then is "this week"."""
    local = now.astimezone(zone)
    day = local.date() + timedelta(days=8)
    return datetime(day.year, day.month, day.day, tzinfo=zone)
