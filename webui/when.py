"""Says instants and dates the way a reader says them, with the exact time for who wants it."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from engine.language import gettext, locale_of, mark, moment, ngettext

NAMED = mark({0: "today", 1: "tomorrow", -1: "yesterday"})
DUE = mark({0: "due today", 1: "due tomorrow", -1: "due yesterday"})
NEAR = 14  # days within which "in 3 days" says more than a date


class When:
    """Formats for one reader: zone, language, and what day it is."""

    def __init__(self, now: datetime, zone: ZoneInfo, language: str = "en") -> None:
        self.now = now
        self.zone = zone
        self.locale = locale_of(language)
        self._tags: dict[tuple[Any, str], Markup] = {}

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
        return "" if found is None else moment.day(found, self.locale)

    def moment(self, instant: datetime) -> str:
        """Return `15 January 2026, 09:00`."""
        return moment.moment(self.local(instant), self.locale)

    def clock(self, instant: datetime) -> str:
        """Return `09:00`."""
        return moment.clock(self.local(instant), self.locale)

    def relative(self, value: datetime | date | str) -> str:
        """Return the distance in days: `today`, `tomorrow`, `in 5 days`, `2 days ago`, a date."""
        found = self._date(value)
        if found is None:
            return ""
        days = (found - self.today).days
        if days in NAMED:
            return gettext(NAMED[days])
        if abs(days) > NEAR:
            return self._short(found)
        if days > 0:
            return ngettext("in %(count)s day", "in %(count)s days", days)
        return ngettext("%(count)s day ago", "%(count)s days ago", -days)

    def due(self, instant: datetime) -> str:
        """Return how a due date reads in a list: `3 days overdue`, `due today`, `due in 5 days`."""
        days = (self.local(instant).date() - self.today).days
        if instant < self.now:
            if days == 0:
                return gettext("overdue since today")
            return ngettext("%(count)s day overdue", "%(count)s days overdue", -days)
        if days in NAMED:
            return gettext(DUE[days])
        if days > NEAR:
            return gettext("due %(day)s", day=self._short(self.local(instant).date()))
        return ngettext("due in %(count)s day", "due in %(count)s days", days)

    def left(self, instant: datetime) -> str:
        """Return how much time is left: `3 hours 59 minutes`, for what ends within hours."""
        return moment.lasting((instant - self.now) // timedelta(minutes=1))

    def _short(self, value: date) -> str:
        same_year = value.year == self.today.year
        return moment.short_day(value, self.locale, year=not same_year)

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
        # The rows of a list are due on the same few days.
        written = self._tags.get((instant, form))
        if written is None:
            written = self._tags[instant, form] = self._tag(instant, form)
        return written

    def _tag(self, instant: datetime | date | str, form: str) -> Markup:
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
