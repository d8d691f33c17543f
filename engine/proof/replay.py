"""Plays a path that breaks a rule through the engine before it is shown (V3).

First the values that the proof left open are chosen, then the clock: timers fire at their own
dates, in the order of the path. A path that the engine does not go is a mistake of the proof.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.bpmn import Program, WaitingTimer
from engine.errors import CasetableError
from engine.proof.comparison import Comparison
from engine.proof.concrete import Concrete, Given
from engine.proof.execution import Execution
from engine.proof.graph import Edge
from engine.proof.marking import State
from engine.proof.player import START_OF_PLAY, Player, Position
from engine.proof.semantics import Semantics
from engine.proof.size import sizes_along
from engine.proof.stimulus import TIMER

MOST_ATTEMPTS: Final = 2_000
MOST_DELAYS: Final = 50
NOT_OFFERED: Final = "it is not offered there"
MOMENT: Final = timedelta(minutes=1)


class ReplayError(CasetableError):
    """The engine does not go a path that the proof found: the proof is wrong, not the drawing."""


@dataclass(frozen=True)
class _Conflict(Exception):  # noqa: N818 - caught where the dates are moved
    """A timer that comes before its turn: where it was armed, and how much later it has to be."""

    armed: int
    gap: timedelta
    element: str


class Replay:
    """Plays paths of one explored process."""

    def __init__(
        self,
        program: Program,
        semantics: Semantics,
        states: Sequence[State],
        zone: ZoneInfo,
    ) -> None:
        net = semantics.net
        self._net = net
        self._states = states
        concrete = Concrete(net, semantics.effects, semantics.wanted)
        player = Player(program, net, semantics.effects, concrete, zone)
        self._execution = Execution(player, concrete, Comparison(semantics))

    def confirm(self, edges: Sequence[Edge], rule: str, origin: Position | None = None) -> None:
        """Return when the engine goes a path; raise ReplayError naming rule and step when not.

        The path begins with the start of the process, or at `origin`, where a case stands. There
        the clock is left aside: when its timers were set has happened already.
        """
        try:
            values = self._values(edges, origin)
            if origin is None:
                self._dated(edges, values)
        except ReplayError as error:
            raise ReplayError(f"{rule}: {error}") from error

    # -- values ----------------------------------------------------------------------------------

    def _values(self, edges: Sequence[Edge], origin: Position | None) -> list[Given]:
        """Return what is handed over at each step; looks for it without a clock."""
        sizes = sizes_along(self._net, edges, self._states)
        chosen: list[Given] = []
        pending = [self._attempts(origin, edges, 0, sizes)]
        deepest, told, left = 0, "", MOST_ATTEMPTS
        while pending:
            found = next(pending[-1], None)
            left -= 1
            if found is None or left < 0:
                if len(pending) > deepest:
                    deepest, told = len(pending), NOT_OFFERED
                pending.pop()
                if chosen:
                    chosen.pop()
                continue
            given, after, difference = found
            if difference:
                if len(pending) > deepest:
                    deepest, told = len(pending), difference
                continue
            chosen.append(given)
            if len(chosen) == len(edges):
                return chosen
            pending.append(self._attempts(after, edges, len(chosen), sizes))
        raise ReplayError(self._refusal(edges, deepest - 1, told))

    def _attempts(
        self, before: Position | None, edges: Sequence[Edge], step: int, sizes: Sequence[Any]
    ) -> Iterator[tuple[Given, Position, str]]:
        edge = edges[step]
        return self._execution.attempts(before, edge, self._states[edge.target], sizes[step])

    # -- dates -----------------------------------------------------------------------------------

    def _dated(self, edges: Sequence[Edge], values: Sequence[Given]) -> None:
        """Play the path by the clock; where a timer comes too early, its step begins later."""
        delays = [timedelta()] * len(edges)
        for _ in range(MOST_DELAYS):
            try:
                self._by_the_clock(edges, values, delays)
            except _Conflict as conflict:
                delays[conflict.armed] += conflict.gap
            else:
                return
        raise ReplayError("no dates let its timers come in this order; limit what the timers mean")

    def _by_the_clock(
        self, edges: Sequence[Edge], values: Sequence[Given], delays: Sequence[timedelta]
    ) -> None:
        position: Position | None = None
        armed: dict[tuple[str, str], int] = {}
        for step, (edge, given) in enumerate(zip(edges, values, strict=True)):
            now = START_OF_PLAY + delays[0]
            if position is not None:
                now = position.now + delays[step]
                now = self._moment(edge, position, now, armed)
            position = self._step(position, edge, given, now, step, edges)
            if position.failure is None:
                for timer in position.instance.timers():
                    armed.setdefault((timer.token, timer.element_id), step)

    def _moment(
        self, edge: Edge, position: Position, now: Any, armed: Mapping[tuple[str, str], int]
    ) -> Any:
        """Return when an edge is taken; raise _Conflict where another timer is due before."""
        timers = position.instance.timers()
        own: list[WaitingTimer] = []
        if edge.stimulus.kind == TIMER:
            tokens = self._execution.player.tokens(position.instance, edge)
            own = [one for one in timers if one.token in tokens and self._is(edge, one)]
            now = max(now, min(one.due_at for one in own))
        for other in timers:
            if other not in own and other.due_at <= now:
                at = armed[other.token, other.element_id]
                raise _Conflict(at, now - other.due_at + MOMENT, other.element_id)
        return now

    def _is(self, edge: Edge, timer: WaitingTimer) -> bool:
        return timer.element_id == self._net.nodes[edge.stimulus.node or 0].element.id

    def _step(
        self,
        before: Position | None,
        edge: Edge,
        given: Given,
        now: Any,
        step: int,
        edges: Sequence[Edge],
    ) -> Position:
        """Take one edge at an instant."""
        player, told = self._execution.player, NOT_OFFERED
        reached = [player.begin(edge, given, now)] if before is None else None
        for after in reached or player.play(before, edge, given, now=now):  # type: ignore[arg-type]
            told = self._execution.difference(edge, self._states[edge.target], after)
            if not told:
                return after
        raise ReplayError(self._refusal(edges, step, told))

    def _refusal(self, edges: Sequence[Edge], step: int, told: str) -> str:
        node = edges[step].stimulus.node
        name = edges[step].stimulus.name if node is None else self._net.nodes[node].element.id
        return (
            f"step {step + 1} of {len(edges)} ({edges[step].stimulus.kind} {name}) goes elsewhere "
            f"in the engine: {told}. The proof is wrong here, not the drawing; report it"
        )
