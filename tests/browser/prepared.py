"""Brings a case in a running installation to a stage by the steps of a scenario, without pages."""

from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from sqlalchemy import select

from engine.application import open_application
from engine.demo import DemoClockControl
from engine.models import Case, WorkItem
from engine.scenario import step_kind
from engine.scenario_world import Player
from tests.browser.house import House


class Preparation(Player):
    """A scenario's player over the database of a running demonstration and its movable clock."""

    def __init__(self, house: House) -> None:
        application = open_application(house.settings)
        with application.database.reading() as session:
            zone = application.deployment(session).profile.zone
        clock: Any = DemoClockControl(application)
        super().__init__(application, clock, zone)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.application.database.close()

    def play(
        self,
        steps: Iterable[Mapping[str, Any]],
        before: Callable[[Mapping[str, Any]], None] = lambda _step: None,
    ) -> Self:
        """Do the steps that are not expectations; `before` each call back with the step."""
        for step in steps:
            kind = step_kind(step)
            if kind == "expect":
                continue
            before(step)
            problems = self.take(kind, step)
            assert problems == [], (step, problems)
        return self

    @property
    def code(self) -> str:
        """The code of the case."""
        with self.application.database.reading() as session:
            return session.get_one(Case, self._case_id).code

    def owed(self, element_id: str) -> list[str]:
        """Return the addresses of the open work items of a step."""
        return [f"/work/{item.id}" for item in self._open_items(element_id)]

    def work_items(self) -> list[WorkItem]:
        """Return all work items of the case, done or not."""
        with self.application.database.reading() as session:
            query = select(WorkItem).where(WorkItem.case_id == self._case_id)
            return list(session.scalars(query).unique())


def until(steps: Iterable[Mapping[str, Any]], element_id: str) -> list[Mapping[str, Any]]:
    """Return the steps before the first one called `element_id`."""
    found = []
    for step in steps:
        if step.get("do") == element_id:
            return found
        found.append(step)
    raise KeyError(element_id)
