"""The tables of the analysis propose; every combination of facts has one answer."""

from datetime import UTC, datetime
from typing import Any

import pytest

from engine.decision import DecisionTable, parse_decision
from engine.deployment import resolve
from engine.settings import ROOT

PROFILE = resolve(ROOT / "processes", "base").profile


def table(name: str) -> DecisionTable:
    path = ROOT / "processes" / "decisions" / f"{name}.dmn"
    return parse_decision(path.read_bytes(), file=path.name)


def missing(*, fields: int, health: bool, child: bool, **more: Any) -> str:
    facts = {
        "discipline_count": fields,
        "mental_health_included": health,
        "child_protection_included": child,
        "profile": PROFILE.values | more.pop("profile", {}),
        **more,
    }
    found = table("required_disciplines").evaluate(facts, now=datetime.now(UTC), zone=PROFILE.zone)
    assert found["disciplines_enough"] == (found["missing_discipline"] == "none")
    return str(found["missing_discipline"])


def test_required_disciplines_put_child_protection_first() -> None:
    assert missing(fields=1, health=False, child=False, is_minor=True) == "child_protection"
    assert missing(fields=1, health=False, child=True, is_minor=True) == "number"


def test_required_disciplines_work_for_an_episode_that_knows_no_age() -> None:
    assert missing(fields=3, health=True, child=False) == "none"


def test_required_disciplines_ask_for_mental_health_where_the_profile_does() -> None:
    assert missing(fields=5, health=False, child=True) == "mental_health"
    relaxed = {"mental_health_required": False}
    assert missing(fields=5, health=False, child=True, profile=relaxed) == "none"


@pytest.mark.parametrize("least", [1, 2, 4])
def test_required_disciplines_count_by_the_profile(least: int) -> None:
    profile = {"minimum_disciplines": least}
    assert missing(fields=least, health=True, child=False, profile=profile) == "none"
    assert missing(fields=least - 1, health=True, child=False, profile=profile) == "number"


def test_deadlines_are_short_only_when_somebody_chose_so() -> None:
    def times(pace: str) -> dict[str, Any]:
        context = {"pace": pace, "profile": PROFILE.values}
        return table("deadlines").evaluate(context, now=datetime.now(UTC), zone=PROFILE.zone)

    assert times("enough_time")["contribution_time"] == PROFILE.values["contribution_deadline"]
    assert times("urgent")["contribution_time"] == PROFILE.values["contribution_deadline_urgent"]
