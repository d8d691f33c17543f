"""Plays the life of a case up to its monitoring, so that every table has rows."""

from engine import scenario
from engine.application import Application
from engine.clock import TestClock
from engine.scenario_world import Player
from engine.settings import ROOT

FRAGMENTS = ROOT / "processes/scenarios/fragments"
STORY = (
    "intake_to_multi_agency",
    "analysis_to_plan",
    "plan_to_implementation",
    "implementation_to_closure",
    "closure_to_monitoring",
)


def play(application: Application, clock: TestClock) -> None:
    """Play one more case; what goes otherwise than told fails."""
    application.sends_mail = False
    with application.database.reading() as session:
        zone = application.deployment(session).profile.zone
    player = Player(application, clock, zone)
    for name in STORY:
        for step in scenario.read_steps(FRAGMENTS / f"{name}.toml"):
            problems = player.take(scenario.step_kind(step), step)
            assert problems == [], (step, problems)
