"""The stage bar, from the drawing of the lifecycle."""

import pytest

from engine.deployment import resolve
from engine.drawing import Process
from engine.lifecycle import LIFECYCLE
from engine.reading.stage import stages
from engine.settings import ROOT


@pytest.fixture(scope="module")
def lifecycle() -> Process:
    return resolve(ROOT / "processes", "base").processes[LIFECYCLE]


@pytest.mark.parametrize(
    ("current", "visited", "states"),
    [
        ("intake", [], "current ahead ahead ahead ahead ahead"),
        ("plan", ["run_intake", "run_analysis"], "done done current ahead ahead ahead"),
        ("implementation", [], "passed passed passed current ahead ahead"),
        ("analysis", ["run_intake", "run_plan"], "done current done ahead ahead ahead"),
        ("", ["run_intake"], "done ahead ahead ahead ahead ahead"),
    ],
)
def test_stage_bar_says_how_far_a_case_has_come(
    lifecycle: Process, current: str, visited: list[str], states: str
) -> None:
    assert " ".join(stage.state for stage in stages(lifecycle, current, visited)) == states
