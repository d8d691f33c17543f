"""Writes down where a running instance stands as a marking, so that a search can begin there.

What a variable cannot be in the proof, a number, a date, a list, counts as anything. So a case
that differs from another only in its dates stands in the same marking.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from engine.bpmn import Instance, Level, Standing, standing_of
from engine.proof.effect import completion
from engine.proof.event import RECURRING
from engine.proof.joining import ALTERED
from engine.proof.marking import (
    ARRIVED,
    OPEN_STEP,
    RUNNING,
    Base,
    Board,
    Scope,
    State,
    Token,
    Values,
    freeze,
)
from engine.proof.net import CALLS, Node
from engine.proof.possible import OPEN
from engine.proof.repetition import MANY
from engine.proof.semantics import Semantics

CODE: Final = re.compile(r"\w+\Z")
"""What an answer from a list, an output or a kind looks like: no date, no duration, no UUID."""
_TWO: Final = 2


def abstract(value: Any) -> Any:
    """Return a value as the proof knows it."""
    if value is None or isinstance(value, bool):
        return value
    return value if isinstance(value, str) and CODE.match(value) else OPEN


class Whereabouts:
    """Finds the markings of the instances of one process."""

    def __init__(self, semantics: Semantics) -> None:
        self._semantics = semantics
        self._net = semantics.net
        self._live = semantics.live
        self._keys = {(node.level, node.element.id): node for node in self._net.nodes}

    def of(self, instance: Instance, level: Level | None = None) -> State:
        """Return where an advanced instance stands; `level` is its standing where it is known.

        Raise KeyError where it stands at a step that the net does not have.
        """
        if instance.completed:
            return ("end", self._values(instance.variables(), self._live.after[self._net.root]))
        board = Board()
        self._add(board, level or standing_of(instance), None)
        return freeze(board)

    def _add(self, board: Board, level: Level, host: int | None) -> None:
        scope = board.number()
        ended: tuple[tuple[Values, Base | None], ...] = ()
        if level.ended is not None:
            values = self._values(level.ended, self._live.after[level.id])
            ended = ((values, self._base(level.ended_parted, level.id)),)
        board.scopes[scope] = Scope(level.id, host, ended)
        arrived: dict[int, int] = {}
        for step in level.steps:
            node = self._keys[level.id, step.element_id]
            token = self._token(node, step, scope, level.id)
            if token.phase == ARRIVED:
                place = arrived[node.key] = arrived.get(node.key, -1) + 1
                token = token._replace(note=(place, self._flow(node, step, level.id)))
            key = board.number()
            board.tokens[key] = token
            if step.inner is not None:
                self._add(board, step.inner, key)

    def _token(self, node: Node, step: Standing, scope: int, level: str) -> Token:
        return Token(
            node.key,
            scope,
            self._phase(node),
            self._of_step(node, step),
            self._base(step.parted, level),
            None if step.left is None else (MANY if step.left > _TWO else step.left),
            self._armed(node, step),
            frozenset(self._fired(node, step, level)),
        )

    def _phase(self, node: Node) -> str:
        if node.kind in CALLS:
            return RUNNING
        return ARRIVED if node.kind in {"parallelGateway", "inclusiveGateway"} else OPEN_STEP

    def _of_step(self, node: Node, step: Standing) -> Values:
        many = node.element.multi_instance
        if node.kind in CALLS and many is None:
            return ()  # they are inside
        found = dict(self._values(step.data, self._live.before[node.key]))
        if many and completion(node) is not None and many.output in self._semantics.wanted:
            found[many.output] = OPEN
        return tuple(sorted(found.items()))

    def _armed(self, node: Node, step: Standing) -> Values:
        found: dict[str, Any] = {}
        for name, data in step.listening.items():
            event = self._keys[node.level, name]
            found.update(self._values(data, self._live.before[event.key]))
        return tuple(sorted(found.items()))

    def _fired(self, node: Node, step: Standing, level: str) -> Iterable[int]:
        listening = {self._keys[level, name].key for name in step.listening}
        for key in node.boundaries:
            if key not in listening and self._net.nodes[key].event not in RECURRING:
                yield key

    def _flow(self, node: Node, step: Standing, level: str) -> str:
        before = self._keys[level, step.came_from or ""]
        return next(way.flow for way in before.ways if way.target == node.key)

    def _base(self, parted: Sequence[Mapping[str, Any]], level: str) -> Base | None:
        found: Base | None = None
        for data in reversed(parted):
            names = sorted(self._semantics.wanted & data.keys())
            values = ((name, abstract(data[name])) for name in names)
            before = tuple((name, ALTERED if one is OPEN else one) for name, one in values)
            found = Base(before, found)
        return self._semantics.trimmed(found, level)

    def _values(self, data: Mapping[str, Any], names: frozenset[str]) -> Values:
        return tuple((name, abstract(data[name])) for name in sorted(names) if name in data)
