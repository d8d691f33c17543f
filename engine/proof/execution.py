"""Takes one transition of the proof in engine.bpmn and says whether both lead to the same place."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from engine.errors import CasetableError, DiagramError, EngineStoppedError, ExpressionError
from engine.proof.comparison import Comparison
from engine.proof.concrete import Concrete, Given
from engine.proof.event import UNCAUGHT
from engine.proof.gateway import NO_WAY
from engine.proof.graph import Edge
from engine.proof.marking import State
from engine.proof.player import Player, Position
from engine.proof.semantics import CIRCLE

REFUSALS: Final[Mapping[str, type[CasetableError]]] = {
    NO_WAY: ExpressionError,
    CIRCLE: EngineStoppedError,
    UNCAUGHT: DiagramError,
}
"""What the engine raises where the proof finds a flaw."""


class Execution:
    """Takes transitions of one process."""

    def __init__(self, player: Player, concrete: Concrete, comparison: Comparison) -> None:
        self.player = player
        self.concrete = concrete
        self.comparison = comparison

    def attempts(
        self,
        before: Position | None,
        edge: Edge,
        target: State,
        sizes: Mapping[str, int],
        now: datetime | None = None,
    ) -> Iterator[tuple[Given, Position, str]]:
        """Yield what was handed over, where it led, and how that differs from the target."""
        for given in self.concrete.tries(edge, sizes):
            for after in self._played(before, edge, given, now):
                yield given, after, self.difference(edge, target, after)

    def _played(
        self, before: Position | None, edge: Edge, given: Given, now: datetime | None
    ) -> Iterator[Position]:
        if before is None:
            yield self.player.begin(edge, given)
        else:
            yield from self.player.play(before, edge, given, now=now)

    def difference(self, edge: Edge, target: State, after: Position) -> str:
        """Say how a position differs from where an edge leads; nothing where it agrees."""
        if target[0] == "flaw":
            wanted = REFUSALS[target[1][0]]
            return "" if isinstance(after.failure, wanted) else "the engine goes on"
        if after.failure is not None:
            return str(after.failure)
        return self.comparison.of_state(target, after.instance) or self.comparison.of_events(
            edge.events, after.completed
        )
