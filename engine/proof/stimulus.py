"""What can happen next to a case that waits: a person, an event, the end of an effect."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from engine.proof import event
from engine.proof.marking import OPEN_STEP, READY, RUNNING, Board, State, thaw
from engine.proof.net import PEOPLE, Node
from engine.proof.semantics import Semantics

COMPLETE: Final = "complete"
CONFIRM: Final = "confirm"
FAIL: Final = "fail"
TIMER: Final = "timer"
MESSAGE: Final = "message"
START: Final = "start"


@dataclass(frozen=True)
class Stimulus:
    """One thing that happens: which step or message, and what is answered."""

    kind: str
    node: int | None = None
    """The step that is completed, or the timer that is due."""
    name: str = ""
    """The message, or the code of the error."""
    values: tuple[tuple[str, Any], ...] = ()
    """The answers that matter."""


def stimuli(semantics: Semantics, state: State) -> Iterator[tuple[Stimulus, list[Board]]]:
    """Yield everything that can happen in a marking, each with the markings it leads to."""
    board = thaw(state)
    met: set[tuple[Any, ...]] = set()
    names: set[str] = set()
    for key, token in board.tokens.items():
        node = semantics.net.nodes[token.node]
        if token.phase == OPEN_STEP:
            twin = (token._replace(scope=0), board.scopes[token.scope].host)
            if twin not in met:
                met.add(twin)
                yield from _of_step(semantics, board, key, node)
        names |= _awaited(semantics, node, token.phase)
        if token.phase in {OPEN_STEP, RUNNING}:
            yield from _due(semantics, board, key, node)
    for name in sorted(names):
        one = board.copy()
        if event.broadcast(semantics, one, MESSAGE, name):
            yield (
                Stimulus(MESSAGE, name=name),
                [
                    settled
                    for ordered in event.in_every_order(one, set())
                    for settled in semantics.settle(ordered)
                ],
            )


def _of_step(
    semantics: Semantics, board: Board, key: int, node: Node
) -> Iterator[tuple[Stimulus, list[Board]]]:
    if node.kind in PEOPLE and node.element.multi_instance is not None:
        one = board.copy()
        one.tokens[key] = one.tokens[key]._replace(phase=READY)
        yield Stimulus(COMPLETE, node.key), semantics.settle(one)
    elif node.kind in PEOPLE or node.kind == "serviceTask":
        kind = COMPLETE if node.kind in PEOPLE else CONFIRM
        for change in semantics.changes(node, board.tokens[key].values):
            one = board.copy()
            token = one.tokens[key]
            values = dict(token.values) | change
            one.tokens[key] = token._replace(values=tuple(sorted(values.items())))
            semantics.leave(one, key)
            answers = tuple(sorted(change.items()))
            yield Stimulus(kind, node.key, values=answers), semantics.settle(one)
        for code in event.caught_codes(semantics, board, key) if kind == CONFIRM else ():
            one = board.copy()
            event.fail(semantics, one, key, code)
            yield Stimulus(FAIL, node.key, name=code), semantics.settle(one)
    elif node.kind == "intermediateCatchEvent" and node.event == TIMER:
        one = board.copy()
        one.tokens[key] = one.tokens[key]._replace(phase=READY)
        yield Stimulus(TIMER, node.key), semantics.settle(one)
    elif node.kind == "eventBasedGateway":
        for way in node.ways:
            if semantics.net.nodes[way.target].event == TIMER:
                one = board.copy()
                event.pick(one, key, way.target)
                yield Stimulus(TIMER, way.target), semantics.settle(one)


def _due(
    semantics: Semantics, board: Board, key: int, node: Node
) -> Iterator[tuple[Stimulus, list[Board]]]:
    """Yield the timers on the border of a step; each may be due before or after an answer."""
    for boundary in node.boundaries:
        if semantics.net.nodes[boundary].event == TIMER:
            one = board.copy()
            if event.fire_boundary(semantics, one, key, boundary):
                yield Stimulus(TIMER, boundary), semantics.settle(one)


def _awaited(semantics: Semantics, node: Node, phase: str) -> set[str]:
    if phase == READY:
        return set()
    nodes = [semantics.net.nodes[boundary] for boundary in node.boundaries]
    if phase == OPEN_STEP and node.kind == "intermediateCatchEvent":
        nodes.append(node)
    elif phase == OPEN_STEP and node.kind == "eventBasedGateway":
        nodes += [semantics.net.nodes[way.target] for way in node.ways]
    return {one.event_name for one in nodes if one.event == MESSAGE}
