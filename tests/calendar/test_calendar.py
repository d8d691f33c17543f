"""Checks durations, and timers at the edges: month ends, summer time, the calendar's end."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.calendar import (
    Duration,
    is_duration,
    occurrence,
    parse_duration,
    parse_instant,
)
from engine.errors import InputError

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
LONDON = ZoneInfo("Europe/London")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
NEW_YORK = ZoneInfo("America/New_York")
HAVANA = ZoneInfo("America/Havana")
APIA = ZoneInfo("Pacific/Apia")


def _local(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("anchor", "duration", "n", "day"),
    [
        ("2025-01-31", "P1M", 1, "2025-02-28"),
        ("2024-01-31", "P1M", 1, "2024-02-29"),
        ("2025-01-31", "P1M", 2, "2025-03-31"),
        ("2025-01-31", "P1M", 3, "2025-04-30"),
        ("2025-01-31", "P3M", 1, "2025-04-30"),
        ("2025-01-31", "P3M", 2, "2025-07-31"),
        ("2025-08-31", "P6M", 1, "2026-02-28"),
        ("2025-08-31", "P6M", 2, "2026-08-31"),
        ("2024-02-29", "P1Y", 1, "2025-02-28"),
        ("2024-02-29", "P1Y", 4, "2028-02-29"),
        ("2025-12-31", "P2M", 1, "2026-02-28"),
        ("2025-03-31", "P1M", -1, "2025-02-28"),
        ("2025-03-15", "P14D", 1, "2025-03-29"),
        ("2025-03-15", "P14D", -1, "2025-03-01"),
        ("2025-03-15", "P2W", 2, "2025-04-12"),
        ("2025-01-31", "P1M1D", 1, "2025-03-01"),
        ("2025-03-15", "P1M", 0, "2025-03-15"),
    ],
)
def test_occurrence_counts_on_the_calendar(anchor: str, duration: str, n: int, day: str) -> None:
    found = occurrence(date.fromisoformat(anchor), parse_duration(duration), n, AMSTERDAM)
    assert found.astimezone(AMSTERDAM) == datetime.fromisoformat(day).replace(tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("zone", "anchor", "duration", "instant"),
    [
        # The clock jumps from 02:00 to 03:00: half past two becomes half past three.
        (AMSTERDAM, "2025-02-28T02:30", "P30D", "2025-03-30T01:30Z"),
        (AMSTERDAM, "2025-03-29T02:30", "P1D", "2025-03-30T01:30Z"),
        (NEW_YORK, "2025-03-08T02:30", "P1D", "2025-03-09T07:30Z"),
        # Half an hour only: 02:15 becomes 02:45.
        (LORD_HOWE, "2025-10-04T02:15", "P1D", "2025-10-04T15:45Z"),
        # A day that begins at 01:00 because midnight is skipped.
        (HAVANA, "2025-03-08T00:00", "P1D", "2025-03-09T05:00Z"),
        # A whole day that was skipped when Samoa crossed the date line.
        (APIA, "2011-12-29T12:00", "P1D", "2011-12-30T22:00Z"),
        # The clock shows half past two twice: the first.
        (AMSTERDAM, "2025-10-25T02:30", "P1D", "2025-10-26T00:30Z"),
        (LONDON, "2025-10-25T01:30", "P1D", "2025-10-26T00:30Z"),
        (LORD_HOWE, "2025-04-05T01:45", "P1D", "2025-04-05T14:45Z"),
        # Nine o'clock stays nine o'clock in summer and winter.
        (AMSTERDAM, "2025-01-15T09:00", "P6M", "2025-07-15T07:00Z"),
        (AMSTERDAM, "2025-07-15T09:00", "P6M", "2026-01-15T08:00Z"),
        # Hours are time that passes: eight hours over a gap end an hour later on the clock.
        (AMSTERDAM, "2025-03-29T22:00", "PT8H", "2025-03-30T05:00Z"),
        (AMSTERDAM, "2025-10-25T22:00", "PT8H", "2025-10-26T04:00Z"),
        (AMSTERDAM, "2025-03-29T22:00", "P1DT8H", "2025-03-31T04:00Z"),
    ],
)
def test_occurrence_is_defined_where_summer_time_begins_and_ends(
    zone: ZoneInfo, anchor: str, duration: str, instant: str
) -> None:
    expected = datetime.fromisoformat(instant)
    assert occurrence(_local(anchor), parse_duration(duration), 1, zone) == expected


def test_occurrence_of_hours_keeps_the_second_of_two_equal_hours() -> None:
    second = datetime(2025, 10, 26, 1, 30, tzinfo=UTC)
    assert occurrence(second, parse_duration("PT1H"), 0, AMSTERDAM) == second
    assert occurrence(second, parse_duration("PT1H"), 1, AMSTERDAM) == second + timedelta(hours=1)


def test_occurrence_does_not_drift() -> None:
    anchor = date(2025, 1, 31)
    month = parse_duration("P1M")
    days = [occurrence(anchor, month, n, AMSTERDAM).astimezone(AMSTERDAM).day for n in range(1, 13)]
    assert days == [28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31]


@pytest.mark.parametrize("n", [12 * 9000, -12 * 9000])
def test_occurrence_outside_the_calendar_is_refused(n: int) -> None:
    with pytest.raises(InputError, match="out of the calendar"):
        occurrence(date(2025, 1, 31), parse_duration("P1M"), n, AMSTERDAM)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P3M", Duration(months=3)),
        ("P1Y", Duration(years=1)),
        ("P1Y2M", Duration(years=1, months=2)),
        ("P14D", Duration(days=14)),
        ("P2W", Duration(weeks=2)),
        ("PT8H", Duration(hours=8)),
        ("PT90M", Duration(minutes=90)),
        ("P1Y2M3W4DT5H6M7S", Duration(1, 2, 3, 4, 5, 6, 7)),
        (" P3M ", Duration(months=3)),
        ("PT0S", Duration()),
        ("P0D", Duration()),
    ],
)
def test_duration_is_read_as_written(text: str, duration: Duration) -> None:
    assert is_duration(text)
    assert parse_duration(text) == duration
    assert parse_duration(str(duration)) == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "3M",
        "P3",
        "P-3M",
        "-P3M",
        "p3m",
        "P1.5D",
        "P3M2Y",
        "PT3",
        "P3MT",
        "P1D2H",
        "R3/P1M",
        "P٣M",
        "P3M\x00",
        "three months",
        "PT1H1H",
        "P99999999999Y",
        "2026-01-31",
    ],
)
def test_duration_refuses_anything_else(text: str) -> None:
    assert not is_duration(text)
    with pytest.raises(InputError, match="ISO 8601"):
        parse_duration(text)


def test_duration_of_more_than_a_thousand_years_is_refused() -> None:
    with pytest.raises(InputError, match="longer than"):
        parse_duration("P1001Y")


units = st.integers(0, 500)


@given(st.builds(Duration, units, units, units, units, units, units, units))
def test_duration_survives_being_written(duration: Duration) -> None:
    again = parse_duration(str(duration))
    assert again == duration
    assert hash(again) == hash(duration)


moments = st.datetimes(datetime(2000, 1, 1), datetime(2060, 12, 31))  # noqa: DTZ001 - wall clocks
zones = st.sampled_from([AMSTERDAM, LONDON, LORD_HOWE, NEW_YORK, ZoneInfo("UTC")])


@given(moments, st.integers(1, 400), st.integers(0, 6), zones)
def test_later_occurrences_are_never_earlier(
    anchor: datetime, days: int, n: int, zone: ZoneInfo
) -> None:
    duration = Duration(days=days)
    assert occurrence(anchor, duration, n, zone) < occurrence(anchor, duration, n + 1, zone)


@given(moments, zones)
def test_instant_survives_being_written(moment: datetime, zone: ZoneInfo) -> None:
    found = parse_instant(moment.isoformat(), zone)
    assert found.tzinfo is UTC
    assert parse_instant(found.isoformat(), zone) == found


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31", "2026-01-30T23:00+00:00"),
        ("2026-07-31", "2026-07-30T22:00+00:00"),
        ("2026-01-31T14:30:00", "2026-01-31T13:30+00:00"),
        ("2026-01-31T14:30", "2026-01-31T13:30+00:00"),
        ("2026-01-31 14:30", "2026-01-31T13:30+00:00"),
        ("2026-01-31T14:30:00Z", "2026-01-31T14:30+00:00"),
        ("2026-01-31T14:30:00+05:45", "2026-01-31T08:45+00:00"),
        ("2026-01-31T14:30:00.250000Z", "2026-01-31T14:30:00.250+00:00"),
        (" 2026-01-31 ", "2026-01-30T23:00+00:00"),
    ],
)
def test_instant_without_offset_is_local(text: str, instant: str) -> None:
    assert parse_instant(text, AMSTERDAM) == datetime.fromisoformat(instant)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "2026-02-30",
        "2026-13-01",
        "31-01-2026",
        "20260131",
        "2026-W05-1",
        "2026-01-31T25:00",
        "2026-01-31T14",
        "2026-01-31T14:30:00+99:00",
        "P3M",
        "٢٠٢٦-01-31",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_instant_refuses_anything_else(text: str) -> None:
    with pytest.raises(InputError, match="write 2026-01-31"):
        parse_instant(text, AMSTERDAM)
