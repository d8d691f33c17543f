"""Plays what happens on a path in engine.bpmn, without a database and without doing anything.

Operators give what they are told to give, forms are answered by the path, tables are evaluated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.bpmn import Completed, Instance, Program, Scope, UserTask, elapse, watch
from engine.errors import BpmnError, CasetableError
from engine.proof.concrete import Concrete, Given
from engine.proof.effect import FAILURE, Effects
from engine.proof.graph import Edge
from engine.proof.net import Net, Node
from engine.proof.stimulus import COMPLETE, CONFIRM, FAIL, MESSAGE, START, TIMER

START_OF_PLAY: Final = datetime(2026, 1, 15, 8, 0, tzinfo=UTC)


class _Port:
    """Answers the calls of one turn from a list."""

    def __init__(self, effects: Effects, concrete: Concrete, given: Given, now: datetime) -> None:
        self._effects = effects
        self._concrete = concrete
        self._given = given
        self._now = now
        self._left = list(given.outputs)

    def call_operator(self, operator: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Give the next outputs that were told for this operator, else plain ones."""
        del inputs
        found: Mapping[str, Any] = {}
        for number, (name, outputs) in enumerate(self._left):
            if name == operator:
                self._left.pop(number)
                found = outputs
                break
        if FAILURE in found:
            raise BpmnError(found[FAILURE])
        plain = self._concrete.outputs(operator, self._given.sizes)
        return self._concrete.dated({**plain, **found}, self._now)

    def is_deferred(self, operator: str) -> bool:
        """Say what the operator says of itself."""
        facts = self._effects.operators.get(operator)
        return facts is not None and facts.deferred

    def decide(self, decision_id: str, context: Mapping[str, Any]) -> dict[str, Any]:
        """Evaluate the table."""
        table = self._effects.tables[decision_id]
        return table.evaluate({**self._effects.names, **context})


@dataclass(frozen=True)
class Position:
    """An instance between two things that happen."""

    instance: Instance
    """As the last turn left it; to be read only."""
    blob: bytes
    now: datetime
    completed: list[Completed] = field(default_factory=list)
    """What the last turn completed."""
    failure: CasetableError | None = None
    """Why the engine refused the last turn."""


class Player:
    """Plays one process."""

    def __init__(
        self, program: Program, net: Net, effects: Effects, concrete: Concrete, zone: ZoneInfo
    ) -> None:
        self._program = program
        self._net = net
        self._effects = effects
        self._concrete = concrete
        self._zone = zone

    def begin(self, edge: Edge, given: Given, now: datetime = START_OF_PLAY) -> Position:
        """Start the process as the first edge of a path says."""
        scope = self._scope(now)
        instance = Instance.start(
            self._program,
            self._port(given, now),
            scope,
            message=edge.stimulus.name or None,
            data=self._concrete.dated(given.answers, now),
        )
        return self._advanced(instance, now)

    def play(
        self, before: Position, edge: Edge, given: Given, *, now: datetime | None = None
    ) -> Iterator[Position]:
        """Yield each position to which an edge may lead; several where a step is open twice.

        Without `now` a timer comes whatever its instant; with it, the clock is moved there.
        """
        if edge.stimulus.kind == START:
            yield self.begin(edge, given)
            return
        for token in self.tokens(before.instance, edge):
            instance = self._load(before, given, now or before.now)
            answers = self._concrete.dated(given.answers, now or before.now)
            stimulus = edge.stimulus
            watched = watch(instance)
            try:
                if stimulus.kind == COMPLETE:
                    instance.complete(token, answers)
                elif stimulus.kind == CONFIRM:
                    instance.confirm(token, answers)
                elif stimulus.kind == FAIL:
                    instance.fail(token, stimulus.name)
                elif stimulus.kind == MESSAGE:
                    instance.deliver(stimulus.name, {})
                elif now is None:
                    elapse(instance, token, self._drawn(edge).element.id)
                yield self._advanced(instance, now or before.now, watched)
            except CasetableError as error:
                yield Position(instance, before.blob, before.now, watched, error)

    def tokens(self, instance: Instance, edge: Edge) -> list[str]:
        """Return the steps that an edge may mean; one empty text for a message that is awaited."""
        stimulus = edge.stimulus
        if stimulus.kind == MESSAGE:
            return [""] if stimulus.name in instance.awaited_messages() else []
        node = self._drawn(edge)
        if stimulus.kind == COMPLETE:
            return [one.token for one in _first_entries(instance) if _is(node, one)]
        if stimulus.kind == TIMER:
            return [one.token for one in instance.timers() if _is(node, one)]
        return [one.token for one in instance.effects() if _is(node, one)]

    def amended(self, before: Position, values: Mapping[str, Any]) -> Position:
        """Return a position with other values of variables that the proof leaves open."""
        if not values:
            return before
        instance = self._load(before, Given({}, ()), before.now)
        instance.amend(values)
        return Position(instance, instance.dump(), before.now)

    def _drawn(self, edge: Edge) -> Node:
        return self._net.nodes[edge.stimulus.node or 0]

    def _advanced(
        self, instance: Instance, now: datetime, watched: list[Completed] | None = None
    ) -> Position:
        found = watch(instance) if watched is None else watched
        try:
            instance.advance()
        except CasetableError as error:
            return Position(instance, b"", now, found, error)
        return Position(instance, instance.dump(), now, found)

    def _load(self, before: Position, given: Given, now: datetime) -> Instance:
        return Instance.load(self._program, before.blob, self._port(given, now), self._scope(now))

    def _port(self, given: Given, now: datetime) -> _Port:
        return _Port(self._effects, self._concrete, given, now)

    def _scope(self, now: datetime) -> Scope:
        return Scope(now, self._zone, dict(self._effects.names))


def _is(node: Node, one: Any) -> bool:
    found: bool = (one.element_id, one.process_id) == (node.element.id, node.element.process)
    return found


def _first_entries(instance: Instance) -> Iterator[UserTask]:
    """Yield the open user tasks, of a repeated one only the first entry."""
    met = set[tuple[str, tuple[str, ...]]]()
    for task in instance.user_tasks():
        place = (task.element_id, task.path)
        if task.item is None or place not in met:
            met.add(place)
            yield task
