"""What can happen next to a case that waits: a person, an event, the end of an effect."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from engine.proof import event
from engine.proof.marking import OPEN_STEP, READY, RUNNING, Board, State, Values, thaw
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


Work = Callable[[], list[Board]]
"""Lets something happen; returns the markings that it leads to, none where nothing hears it."""
Found = Iterator[tuple[Stimulus, Work]]


def stimuli(semantics: Semantics, state: State) -> Found:
    """Yield everything that can happen in a marking: steps and timers, then messages."""
    board = thaw(state)
    yield from of_steps(semantics, board, board.tokens)
    for name in awaited(semantics, board):
        yield of_message(semantics, board, name)


def of_steps(semantics: Semantics, board: Board, keys: Iterable[int]) -> Found:
    """Yield what people, effects and timers do; of two steps that are the same the first."""
    met: set[tuple[Any, ...]] = set()
    places: set[tuple[int, int]] = set()
    for key in keys:
        token = board.tokens[key]
        node = semantics.net.nodes[token.node]
        if token.phase == OPEN_STEP:
            if (token.node, token.scope) in places:
                board.surroundings.touch_all()
            places.add((token.node, token.scope))
            twin = (token._replace(scope=0), board.scopes[token.scope].host)
            if twin not in met:
                met.add(twin)
                yield from _of_step(semantics, board, key, node)
        if token.phase in {OPEN_STEP, RUNNING}:
            yield from _due(semantics, board, key, node)


def awaited(semantics: Semantics, board: Board) -> list[str]:
    """Return the messages that something waits for, by name."""
    heard = {one for token in board.tokens.values() for one in event.heard_at(semantics, token)}
    return sorted(name for kind, name in heard if kind == MESSAGE)


def of_message(semantics: Semantics, board: Board, name: str) -> tuple[Stimulus, Work]:
    """Return what a message does."""

    def work() -> list[Board]:
        one = board.copy()
        if not event.broadcast(semantics, one, MESSAGE, name):
            return []
        ordered = event.in_every_order(one, set())
        return [found for each in ordered for found in semantics.settle(each)]

    return Stimulus(MESSAGE, name=name), work


def _of_step(semantics: Semantics, board: Board, key: int, node: Node) -> Found:
    if node.kind in PEOPLE and node.element.multi_instance is not None:
        yield Stimulus(COMPLETE, node.key), partial(_run, semantics, board, key)
    elif node.kind in PEOPLE or node.kind == "serviceTask":
        yield from _done(semantics, board, key, node)
    elif node.kind == "intermediateCatchEvent" and node.event == TIMER:
        yield Stimulus(TIMER, node.key), partial(_run, semantics, board, key)
    elif node.kind == "eventBasedGateway":
        for way in node.ways:
            if semantics.net.nodes[way.target].event == TIMER:
                yield (
                    Stimulus(TIMER, way.target),
                    partial(_run, semantics, board, key, note=way.target),
                )


def _run(semantics: Semantics, board: Board, key: int, **changed: Any) -> list[Board]:
    one = board.copy()
    one.tokens[key] = one.tokens[key]._replace(phase=READY, **changed)
    return semantics.settle(one)


def _done(semantics: Semantics, board: Board, key: int, node: Node) -> Found:
    """Yield the ways in which a step can end; answers that nobody looks at lead the same way."""
    kind = COMPLETE if node.kind in PEOPLE else CONFIRM
    token = board.tokens[key]
    met: dict[Values, list[Board]] = {}

    def completed(values: Values) -> list[Board]:
        kept = semantics.seen_behind(node, values)
        if kept not in met:
            one = board.copy()
            one.tokens[key] = token._replace(values=values)
            semantics.leave(one, key)
            met[kept] = semantics.settle(one)
        return met[kept]

    for change in semantics.changes(board, node, token.values):
        values = tuple(sorted({**dict(token.values), **change}.items()))
        answers = tuple(sorted(change.items()))
        yield Stimulus(kind, node.key, values=answers), partial(completed, values)

    def failed(code: str) -> list[Board]:
        one = board.copy()
        event.fail(semantics, one, key, code)
        return semantics.settle(one)

    for code in event.caught_codes(semantics, board, key) if kind == CONFIRM else ():
        yield Stimulus(FAIL, node.key, name=code), partial(failed, code)


def _due(semantics: Semantics, board: Board, key: int, node: Node) -> Found:
    """Yield the timers on the border of a step; each may be due before or after an answer."""

    def due(boundary: int) -> list[Board]:
        one = board.copy()
        fired = event.fire_boundary(semantics, one, key, boundary)
        return semantics.settle(one) if fired else []

    for boundary in node.boundaries:
        if semantics.net.nodes[boundary].event == TIMER:
            yield Stimulus(TIMER, boundary), partial(due, boundary)
