"""A case comes back as a new episode, and no step that has to come is passed by."""

import pytest
from sqlalchemy import select

from engine.models import Episode, ProcessInstance
from engine.scenario import read_scenario
from engine.turn import Turn
from tasks.reopening import against_start
from tests.tasks.casefile import PROCESSES, Play, play


def before(name: str, element: str) -> int:
    """Return how many steps of a scenario come before it does an element."""
    steps = read_scenario(PROCESSES / "scenarios" / f"{name}.toml").steps
    return next(number for number, step in enumerate(steps) if step.get("do") == element)


def objection(world: Play, phase: str, **values: object) -> str:
    """Return what speaks against a start at a phase, under changed values of the profile."""
    with world.application.database.reading() as session:
        row = session.scalars(
            select(ProcessInstance).where(ProcessInstance.process_id == "reopening")
        ).one()
        turn = Turn(world.application, session, row, now=world.clock.now(), actor=None)
        turn.deployment = turn.deployment.with_values(values)
        return against_start(turn, phase) or ""


def test_reopening_starts_a_second_episode_and_stops_the_retention_clock() -> None:
    with play("reopening") as world:
        episodes = sorted(world.rows(Episode), key=lambda row: row.number)
        kept = [row for row in world.rows(ProcessInstance) if row.process_id == "retention"]
        case = world.case()
    assert [row.status for row in episodes] == ["ended", "running"]
    assert [row.status for row in kept] == ["ended"]
    assert (case.state, case.erase_after, case.ended_at) == ("open", None, None)


@pytest.mark.parametrize(
    ("consent", "phase", "refused"),
    [
        ("none", "implementation", False),
        ("before_support", "plan", False),
        ("before_support", "implementation", True),
        ("before_sharing", "analysis", False),
        ("before_sharing", "plan", True),
    ],
)
def test_reopening_never_passes_by_the_question_for_consent(
    consent: str, phase: str, *, refused: bool
) -> None:
    with play("reopening", until=before("reopening", "decide_reopening")) as world:
        found = objection(world, phase, consent=consent)
    assert ("Consent has to be asked again" in found) is refused


def test_reopening_asks_child_protection_where_it_never_was_asked() -> None:
    with play("reopening", until=before("reopening", "decide_reopening")) as world:
        found = objection(world, "analysis", age_of_majority=90)
    assert "Child protection has not been asked" in found


def test_reopening_at_the_plan_needs_no_plan_but_carrying_it_out_does() -> None:
    with play(
        "reopening_without_plan", until=before("reopening_without_plan", "decide_reopening")
    ) as world:
        assert objection(world, "plan") == ""
        assert "There is no plan yet" in objection(world, "implementation")
