"""A case that is told as far as some scenario fragments go, for tests that look inside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.models import Case, CaseMember, Episode, WorkItem, WorkItemState
from engine.prefill import FillContext, initial_values
from engine.scenario import STEP_KINDS, read_steps
from engine.scenario_world import World
from engine.settings import ROOT

FRAGMENTS = ROOT / "processes" / "scenarios" / "fragments"
START = datetime(2026, 1, 15, 9, 0)  # noqa: DTZ001 - the world reads it in the profile's zone


class ToldCase:
    """One case in a world of its own; steps are those of scenarios."""

    def __init__(self, world: World) -> None:
        self.world = world

    def tell(self, *fragments: str) -> "ToldCase":
        for name in fragments:
            for step in read_steps(FRAGMENTS / f"{name}.toml"):
                self.step(**step)
        return self

    def step(self, **step: Any) -> None:
        kind = next(kind for kind in STEP_KINDS if kind in step)
        assert self.world.take(kind, step) == []

    def do(self, element: str, *, for_: str = "", **answers: Any) -> None:
        self.step(do=element, answers=answers, **({"for_": for_} if for_ else {}))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with self.world.application.database.reading() as session:
            yield session

    def members(self) -> set[str]:
        """Return the user names of who may read the case now."""
        with self.reading() as session:
            rows = session.scalars(select(CaseMember).where(CaseMember.until.is_(None)))
            return {row.account.username for row in rows.unique()}

    def fill(self, element: str, organisation: str = "") -> dict[str, Any]:
        """Return what the form of an open step shows when it opens."""
        with self.reading() as session:
            case = session.scalars(select(Case)).one()
            items = session.scalars(
                select(WorkItem).where(
                    WorkItem.element_id == element, WorkItem.state == WorkItemState.OPEN.value
                )
            ).unique()
            item = next(
                item
                for item in items
                if not organisation
                or (item.organisation and item.organisation.code == organisation)
            )
            deployment = self.world.application.deployments.get(session, case.deployment_id)
            context = FillContext(
                session,
                case,
                session.scalars(select(Episode)).first(),
                item,
                deployment.profile,
                self.world.today,
            )
            return initial_values(item.form_id, context)


@contextmanager
def told_case(*fragments: str, **values: Any) -> Iterator[ToldCase]:
    with World(ROOT / "processes", "base", START, values) as world:
        yield ToldCase(world).tell(*fragments)
