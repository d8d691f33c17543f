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

MOST = 120
PATIENCE = 4
"""After so many waits in a row with something owed that no answer fits, none leads on."""
WAIT = {"after": "P3M"}
Step = Mapping[str, Any]


def answers_of(stories: Mapping[str, tuple[Scenario, bool]]) -> dict[str, list[Step]]:
    """Return how stories answer each step; those that end come first, the latest answer first.

    What a story says last is what led on.
    """
    found: dict[str, list[Step]] = {}
    for story, _ in sorted(stories.values(), key=lambda one: (not one[1], one[0].name)):
        for step in reversed(story.steps):
            if "do" not in step:
                continue
            ways = found.setdefault(str(step["do"]), [])
            # As told, and by whoever may do it for whomever: that one may have left this case.
            anybody = {"do": step["do"], "answers": step.get("answers", {})}
            for way in (step, anybody, {**anybody, "answers": _shorter(anybody["answers"])}):
                if way not in ways:
                    ways.append(way)
    return found


def _shorter(answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return answers with one row of each table, for a plan of fewer goals than the story's."""
    return {
        key: value[:1]
        if isinstance(value, list) and isinstance(next(iter(value), 0), dict)
        else value
        for key, value in answers.items()
    }


def finish(player: Player, known: Mapping[str, list[Step]]) -> list[Step]:
    """Play until no process runs and return the steps; none when they do not lead there."""
    taken: list[Step] = []
    asked: Counter[str] = Counter()
    waited = 0
    while not has_ended(player.application):
        step = _next(player, known, asked)
        waited = waited + 1 if step is WAIT and _owed(player) else 0
        if len(taken) >= MOST or waited > PATIENCE:
            return []
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
