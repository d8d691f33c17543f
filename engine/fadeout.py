"""Says on which days the checks after the end of action are due (P95, P96)."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from engine.calendar import occurrence, parse_duration
from engine.errors import InputError
from engine.language import gettext

MAX_CHECKS = 1_000


def monitoring_days(anchor: date, interval: str, duration: str, zone: ZoneInfo) -> list[date]:
    """Return the local days of all checks, the last one at the end of the full time.

    Counted from `anchor`, the day on which closing was agreed, by the calendar: a check that is
    late does not move the others. P3M until P1Y gives four. Raise InputError when the interval
    does not move forward.
    """
    step = parse_duration(interval)
    end = monitoring_end(anchor, duration, zone)
    days: list[date] = []
    for number in range(1, MAX_CHECKS + 1):
        day = occurrence(anchor, step, number, zone).astimezone(zone).date()
        if day >= end:
            return [*days, end]
        if day <= (days[-1] if days else anchor):
            raise InputError(
                gettext(
                    "A monitoring interval of %(interval)s is shorter than a day.",
                    interval=interval,
                )
            )
        days.append(day)
    raise InputError(
        gettext(
            "Monitoring every %(interval)s for %(duration)s gives too many checks.",
            interval=interval,
            duration=duration,
        )
    )


def monitoring_end(anchor: date, duration: str, zone: ZoneInfo) -> date:
    """Return the local day on which the full time of monitoring is over."""
    return occurrence(anchor, parse_duration(duration), 1, zone).astimezone(zone).date()


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """Return the calendar day of an instant where the work is done."""
    return at.astimezone(zone).date()
