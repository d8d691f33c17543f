"""Compares timers with an independent oracle on every day of eleven years in six zones (R8).

The oracle knows nothing of the library's zone arithmetic: it counts months by hand and finds the
instant by trying the zone's offsets and looking at what the wall clock then shows.
"""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest

from engine.calendar import occurrence, parse_duration

ZONES = (
    "Europe/Amsterdam",
    "Europe/London",
    "Europe/Helsinki",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
)
# An hour that summer time skips once a year and shows twice once a year, where there is one.
HOURS = {"Europe/London": 1, "Europe/Helsinki": 3}
MONTHS = {"P1M": 1, "P3M": 3, "P6M": 6, "P1Y": 12}
OCCURRENCES = 4
FIRST, LAST = date(2024, 1, 1), date(2034, 12, 31)
DAYS = (LAST - FIRST).days + 1
CASES = DAYS * len(MONTHS) * OCCURRENCES * len(ZONES)


def _oracle_day(start: date, months: int) -> date:
    """Return the day `months` later, counting one month at a time on year and month alone."""
    year, month = start.year, start.month
    for _ in range(months):
        month += 1
        if month == 13:
            year, month = year + 1, 1
    return date(year, month, min(start.day, monthrange(year, month)[1]))


@cache
def _offsets(zone: str) -> tuple[timedelta, ...]:
    """Return every offset that the zone has in the years in question, largest first."""
    place = ZoneInfo(zone)
    noons = (
        datetime(year, month, 1, 12, tzinfo=UTC)
        for year in range(2023, 2041)
        for month in range(1, 13)
    )
    found = {noon.astimezone(place).utcoffset() or timedelta() for noon in noons}
    return tuple(sorted(found, reverse=True))


def _oracle_instant(zone: str, wall: datetime) -> datetime:
    """Return the first instant whose wall clock shows `wall`, or `wall` moved by the gap."""
    place = ZoneInfo(zone)
    # The larger the offset, the earlier the instant: the first hit is the first of two.
    for offset in _offsets(zone):
        instant = (wall - offset).replace(tzinfo=UTC)
        if instant.astimezone(place).replace(tzinfo=None) == wall:
            return instant
    # In a gap no offset fits: the time is read with the offset before it, the smaller one.
    return (wall - _offsets(zone)[-1]).replace(tzinfo=UTC)


@pytest.mark.parametrize("zone", ZONES)
def test_every_start_day_gives_the_day_and_time_of_the_oracle(zone: str) -> None:
    place = ZoneInfo(zone)
    durations = {parse_duration(text): months for text, months in MONTHS.items()}
    hour = HOURS.get(zone, 2)
    expected: dict[date, datetime] = {}
    checked = 0
    for number in range(DAYS):
        start = FIRST + timedelta(days=number)
        for duration, months in durations.items():
            for n in range(1, OCCURRENCES + 1):
                day = _oracle_day(start, n * months)
                if day not in expected:
                    wall = datetime(day.year, day.month, day.day, hour, 15)  # noqa: DTZ001 - a wall
                    expected[day] = _oracle_instant(zone, wall)
                anchor = datetime(start.year, start.month, start.day, hour, 15)  # noqa: DTZ001
                assert occurrence(anchor, duration, n, place) == expected[day]
                checked += 1
    assert checked * len(ZONES) == CASES


@pytest.mark.parametrize("zone", ZONES)
def test_an_anchor_in_utc_gives_the_same_wall_clock(zone: str) -> None:
    """The anchor of a running timer is stored in UTC; the wall clock must survive the way back."""
    place = ZoneInfo(zone)
    duration = parse_duration("P1M")
    for number in range(0, DAYS, 7):
        anchor = datetime.combine(FIRST, datetime.min.time()) + timedelta(days=number, hours=9)
        stored = anchor.replace(tzinfo=place).astimezone(UTC)
        for n in range(1, OCCURRENCES + 1):
            assert occurrence(stored, duration, n, place) == occurrence(anchor, duration, n, place)


def test_the_number_of_cases_is_that_of_the_measure() -> None:
    assert CASES == 385_728
