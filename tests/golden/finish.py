"""Brings a case to its end with the answers that stories give, and tells the steps it took."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from engine.errors import CasetableError
from engine.models import WorkItem, WorkItemState
from engine.scenario import Scenario
from engine.scenario_world import Player
from tests.golden.play import has_ended

MOST = 250
WAIT = {"after": "P1M"}
Step = Mapping[str, Any]


def answers_of(stories: Mapping[str, tuple[Scenario, bool]]) -> dict[str, list[Step]]:
    """Return how stories answer each step; those that end come first, the latest answer first.

    What a story says last is what led on.
    """
    found: dict[str, list[Step]] = {}
    for story, _ in sorted(stories.values(), key=lambda one: (not one[1], one[0].name)):
        for step in reversed(story.steps):
            if "do" in step and step not in found.setdefault(str(step["do"]), []):
                found[str(step["do"])].append(step)
    return found


def finish(player: Player, known: Mapping[str, list[Step]]) -> list[Step]:
    """Play until no process runs; return the steps, or fewer than to the end when none leads on."""
    taken: list[Step] = []
    asked: Counter[str] = Counter()
    while len(taken) < MOST and not has_ended(player.application):
        step = _next(player, known, asked)
        if step is WAIT:
            player.take("after", step)
        taken.append(step)
    return taken


def _next(player: Player, known: Mapping[str, list[Step]], asked: Counter[str]) -> Step:
    for element in _owed(player):
        ways = known.get(element, [])
        # Another way each time the step comes back: else two steps could lead to each other.
        for turn in range(len(ways)):
            step = ways[(asked[element] + turn) % len(ways)]
            try:
                problems = player.take("do", step)
            except CasetableError as error:
                problems = [str(error)]
            if not problems:
                asked[element] += 1
                return step
    return WAIT


def _owed(player: Player) -> list[str]:
    wanted = (
        select(WorkItem.element_id)
        .where(WorkItem.state == WorkItemState.OPEN.value)
        .order_by(WorkItem.created_at, WorkItem.element_id)
    )
    with player.application.database.reading() as session:
        return list(dict.fromkeys(session.scalars(wanted)))
