"""Plays scenario steps on a fresh case and reads the rows that they left behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select

from engine.models import Base, Case
from engine.scenario import STEP_KINDS, read_scenario
from engine.scenario_world import World
from engine.settings import ROOT

Row = TypeVar("Row", bound=Base)
PROCESSES = ROOT / "processes"


class Play(World):
    """A scenario's world with a look at its tables."""

    def do(self, step: dict[str, Any]) -> list[str]:
        """Take one step and return what went otherwise than told."""
        return self.take(next(kind for kind in STEP_KINDS if kind in step), step)

    def rows(self, table: type[Row]) -> list[Row]:
        """Return all rows of a table."""
        with self.application.database.reading() as session:
            found = list(session.scalars(select(table)).unique())
            session.expunge_all()
            return found

    def case(self) -> Case:
        """Return the case that was started last."""
        return next(case for case in self.rows(Case) if case.id == self._case_id)


@contextmanager
def play(
    name: str, *, until: int | None = None, values: dict[str, Any] | None = None
) -> Iterator[Play]:
    """Play a scenario of processes/, or its first steps, and hand over the world it leaves."""
    scenario = read_scenario(PROCESSES / "scenarios" / f"{name}.toml")
    starts = datetime.fromisoformat(f"{scenario.starts}T09:00")
    with Play(PROCESSES, "base", starts, {**scenario.values, **(values or {})}) as world:
        for step in scenario.steps[:until]:
            problems = world.do(dict(step))
            if problems:
                raise ValueError(f"{name}: {step}: {problems}")
        yield world
