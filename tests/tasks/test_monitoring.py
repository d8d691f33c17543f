"""Check-ins and monitoring checks on the calendar, through the drawn diagrams."""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from hypothesis import given
from hypothesis import strategies as st

from engine.calendar import occurrence, parse_duration
from engine.errors import InputError, OperatorError
from engine.fadeout import monitoring_days
from engine.models import Action, CheckIn, Note
from tasks.monitoring import day_in_series

Begin = Callable[..., Any]
ZONE = ZoneInfo("Europe/Amsterdam")
CHECK_IN = {
    "side_effects_seen": "no",
    "still_necessary": "yes",
    "summary": "All as planned.",
    "check_in_outcome": "continue",
    "goal_progress": [{"goal": "g1", "progress": "on_the_way"}],
}
OUTSOURCED = {"all_reached": "yes"}
CHECK = {"asked": ["family"], "summary": "Well.", "care_runs": "yes", "monitoring_outcome": "go_on"}


def hold(world: Any, **answers: Any) -> None:
    world.do("check_outsourced_actions", OUTSOURCED)
    world.do("record_check_in", {**CHECK_IN, **answers})


def next_check_in(world: Any) -> str:
    world.shows(timers=["check_in_due"])
    with world.application.database.reading() as session:
        from engine.scenario_expectation import Facts

        return Facts(session, world.case_id, world.zone).timer_dates()["check_in_due"]


def test_check_ins_stay_at_the_month_ends_of_the_plan(phase: Begin) -> None:
    world = phase("implementation")
    days = []
    for _ in range(4):
        days.append(next_check_in(world))
        world.wait("P1M")
        hold(world)
    assert days == ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]


def test_check_in_held_late_is_followed_by_a_day_to_come(phase: Begin) -> None:
    world = phase("implementation")
    world.wait("P3M")
    hold(world)
    assert next_check_in(world) == "2026-04-30"


def test_check_in_brought_forward_keeps_the_planned_one(phase: Begin) -> None:
    world = phase("implementation")
    world.send("check_in_requested")
    hold(world)
    assert next_check_in(world) == "2026-01-31"
    (row,) = world.rows(CheckIn)
    assert (row.number, row.planned_for, row.kind) == (1, None, "check_in")


def test_check_in_keeps_promises_and_safety_as_notes_of_their_own(phase: Begin) -> None:
    world = phase("implementation")
    world.wait("P16D")
    hold(world, promises="The mentor calls on Friday.", safety="Visits by two people.")
    (row,) = world.rows(CheckIn)
    assert row.planned_for == date(2026, 1, 31)
    assert {"promises", "safety", "summary"}.isdisjoint(row.details)
    assert row.details["goal_progress"][0]["progress"] == "on_the_way"
    kinds = {note.kind: note.text for note in world.rows(Note)}
    assert kinds["promise"] == "The mentor calls on Friday."
    assert kinds["safety"] == "Visits by two people."


def test_check_in_form_begins_with_the_goals_and_open_actions(phase: Begin) -> None:
    world = phase("implementation")
    world.wait("P16D")
    (item,) = world._open_items("check_outsourced_actions")
    _, shown = world._prepare(item)
    assert shown == {"checks": [{"action_number": "2", "progress": "open"}]}
    world.do("check_outsourced_actions", OUTSOURCED)
    (item,) = world._open_items("record_check_in")
    _, shown = world._prepare(item)
    assert [row["goal"] for row in shown["goal_progress"]] == ["g1"]
    assert [row["action_number"] for row in shown["action_progress"]] == ["1", "2"]


def test_outsourced_actions_are_asked_for_until_they_are_done(phase: Begin) -> None:
    world = phase("implementation")
    world.wait("P16D")
    rows = [{"action_number": "2", "progress": "done", "done_so_far": "Met twice."}]
    world.do("check_outsourced_actions", {**OUTSOURCED, "checks": rows})
    world.do("record_check_in", CHECK_IN)
    world.wait("P1M")
    world.shows(owed=["record_check_in"])
    assert [n.text for n in world.rows(Note) if n.kind == "outsourced_check"] == ["Met twice."]


def test_closing_proposed_leaves_the_phase(phase: Begin) -> None:
    world = phase("implementation")
    world.wait("P16D")
    hold(world, check_in_outcome="propose_closing", closing_evidence="effect")
    world.shows(owed=[], timers=[])
    assert world.rows(CheckIn)[0].outcome == "propose_closing"


def test_fade_out_stops_the_actions(phase: Begin) -> None:
    world = phase("fade_out_monitoring")
    with world.application.database.reading() as session:
        assert {action.progress for action in session.query(Action)} == {"stopped"}


def test_fade_out_closes_nothing_that_was_not_decided(phase: Begin) -> None:
    world = phase("fade_out_monitoring", values={"monitoring_duration": "P3M"})
    world.wait("P3M")
    problems = world.take("do", {"do": "record_monitoring_check", "answers": CHECK})
    assert "no closing dossier" in problems[0]
    world.shows(case="open", episode="running", incidents=["record_monitoring_check"])


def test_relapse_leads_out_of_the_fade_out(phase: Begin) -> None:
    world = phase("fade_out_monitoring")
    world.wait("P3M")
    relapse = {**CHECK, "monitoring_outcome": "relapse", "relapse_reasons": "All signs are back."}
    world.do("record_monitoring_check", relapse)
    world.shows(owed=[], timers=[], case="open")
    assert world.rows(CheckIn)[0].outcome == "relapse"


def test_extra_check_is_no_planned_one(phase: Begin) -> None:
    world = phase("fade_out_monitoring")
    world.send("check_in_requested")
    world.do("record_monitoring_check", CHECK)
    world.shows(timer_dates={"monitoring_check_due": "2026-04-15"})
    assert world.rows(CheckIn)[0].planned_for is None


def test_monitoring_days_default_to_four() -> None:
    assert monitoring_days(date(2026, 11, 30), "P3M", "P1Y", ZONE) == [
        date(2027, 2, 28),
        date(2027, 5, 30),
        date(2027, 8, 30),
        date(2027, 11, 30),
    ]


@given(st.dates(date(2024, 1, 1), date(2034, 12, 31)), st.integers(1, 14), st.integers(1, 30))
def test_monitoring_days_agree_with_the_calendar(anchor: date, every: int, months: int) -> None:
    end = anchor + relativedelta(months=months)
    expected = [
        day for n in range(1, months + 1) if (day := anchor + relativedelta(months=every * n)) < end
    ]
    assert monitoring_days(anchor, f"P{every}M", f"P{months}M", ZONE) == [*expected, end]


@given(st.dates(date(2024, 1, 1), date(2034, 12, 31)), st.integers(1, 400), st.integers(1, 900))
def test_monitoring_days_always_end_with_the_full_time(anchor: date, every: int, days: int) -> None:
    found = monitoring_days(anchor, f"P{every}D", f"P{days}D", ZONE)
    assert found[-1] == anchor + timedelta(days=days)
    assert found == sorted(set(found))


@pytest.mark.parametrize("interval", ["PT1H", "P0D"])
def test_monitoring_days_refuse_an_interval_below_a_day(interval: str) -> None:
    with pytest.raises(InputError):
        monitoring_days(date(2026, 1, 1), interval, "P1Y", ZONE)


@given(
    st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    st.sampled_from(("P1M", "P3M", "P1Y", "P2W", "P10D", "P1M3D", "PT36H")),
    st.integers(-400, 4000),
)
def test_day_in_series_is_the_first_not_before(anchor: date, every: str, ahead: int) -> None:
    step, earliest = parse_duration(every), anchor + timedelta(days=ahead)
    naive = (occurrence(anchor, step, n, ZONE).astimezone(ZONE).date() for n in count())
    assert day_in_series(anchor, step, earliest, ZONE) == next(d for d in naive if d >= earliest)


def test_day_in_series_refuses_to_stand_still() -> None:
    with pytest.raises(OperatorError):
        day_in_series(date(2026, 1, 1), parse_duration("P0D"), date(2026, 2, 1), ZONE)
