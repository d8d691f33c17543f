"""Looks at every path of a process: all markings that a case can reach, nearest first."""

import gc
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from time import perf_counter
from typing import Any

from engine.errors import CasetableError
from engine.language.telling import told
from engine.proof.marking import BEGIN, READY, Board, Scope, State, Token, freeze
from engine.proof.semantics import Semantics
from engine.proof.stimulus import START, Stimulus, stimuli

MOST_STATES = 100_000


class TooLargeError(CasetableError):
    """The process has more markings than can be looked at; nothing is said about its rules."""


@dataclass(frozen=True)
class Edge:
    """One thing that happens in a marking, and where it leads."""

    source: int
    target: int
    stimulus: Stimulus
    events: tuple[tuple[int, Any], ...]
    choices: tuple[tuple[int, Any], ...]
    flaws: tuple[tuple[str, int], ...] = ()


@dataclass
class Graph:
    """Every marking by number, 0 before the start, and everything that can happen."""

    states: list[State] = field(default_factory=list)
    edges: list[list[Edge]] = field(default_factory=list)
    """By the marking that they leave."""
    seconds: float = 0.0

    @cached_property
    def happenings(self) -> list[tuple[tuple[int, Any], ...]]:
        """Return what can happen on edges, each once: many edges say the same."""
        met = {id(edge.events): edge.events for found in self.edges for edge in found}
        return list(met.values())

    @cached_property
    def moves(self) -> list[list[tuple[int, int, Edge]]]:
        """Return for each marking where its edges lead and the number of what happens on them."""
        numbers = {id(events): number for number, events in enumerate(self.happenings)}
        return [
            [(edge.target, numbers[id(edge.events)], edge) for edge in found]
            for found in self.edges
        ]

    @property
    def transitions(self) -> int:
        """Return how many edges there are."""
        return sum(len(found) for found in self.edges)


@dataclass(frozen=True)
class Beginning:
    """One way in which a process can start: by a message or plainly, with some variables."""

    message: str | None
    values: Mapping[str, Any]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Let the garbage collector wait: a search makes many tuples and no circles of them.

    It would look through all of them again and again, a quarter of the time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def explore(
    semantics: Semantics, beginnings: Iterable[Beginning], limit: int = MOST_STATES
) -> Graph:
    """Return everything that can happen; raise TooLargeError rather than stop half-way."""
    search = _Search(semantics, (BEGIN,), limit)
    for beginning in beginnings:
        stimulus = Stimulus(
            START,
            name=beginning.message or "",
            values=tuple(sorted(beginning.values.items(), key=str)),
        )
        search.add(0, stimulus, begin(semantics, beginning))
    return search.run()


def explore_from(semantics: Semantics, state: State, limit: int = MOST_STATES) -> Graph:
    """Return everything that can happen to a case that runs already, marking 0."""
    search = _Search(semantics, state, limit)
    search.wait(0)
    return search.run()


class _Search:
    """Collects markings, nearest first."""

    def __init__(self, semantics: Semantics, first: State, limit: int) -> None:
        self._semantics = semantics
        self._limit = limit
        self._started = perf_counter()
        self._graph = Graph([first], [[]])
        self._numbers: dict[State, int] = {first: 0}
        self._pending: deque[int] = deque()
        self._events: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        """What happens on edges, each once: rules know it again by its identity."""

    def run(self) -> Graph:
        """Look at every marking that was met; raise TooLargeError when there are too many."""
        graph, pending = self._graph, self._pending
        while pending:
            number = pending.popleft()
            for stimulus, boards in stimuli(self._semantics, graph.states[number]):
                self.add(number, stimulus, boards)
        graph.seconds = perf_counter() - self._started
        return graph

    def wait(self, number: int) -> None:
        """Look at a marking later, unless nothing can happen there."""
        if self._graph.states[number][0] not in {"end", "flaw"}:
            self._pending.append(number)

    def add(self, source: int, stimulus: Stimulus, boards: list[Board]) -> None:
        """Add what happens in a marking and where it leads."""
        for board in boards:
            state: State = ("flaw", board.flaws[0]) if board.flaws else freeze(board)
            target = self._numbers.get(state)
            if target is None:
                target = self._met(state)
            events = tuple(board.events)
            self._graph.edges[source].append(
                Edge(
                    source,
                    target,
                    stimulus,
                    self._events.setdefault(events, events),
                    tuple(board.choices),
                    tuple(board.flaws),
                )
            )

    def _met(self, state: State) -> int:
        graph = self._graph
        number = self._numbers[state] = len(graph.states)
        graph.states.append(state)
        graph.edges.append([])
        self.wait(number)
        if number > self._limit:
            raise TooLargeError(
                told(
                    "%(root)s: more than %(limit)s states; nothing was proved. Move a "
                    "part into a diagram of its own, or join answers that lead the same"
                    " way.",
                    root=self._semantics.net.root,
                    limit=self._limit,
                )
            )
        return number


def begin(semantics: Semantics, beginning: Beginning) -> list[Board]:
    """Return the markings with which a process starts."""
    level = semantics.net.levels[semantics.net.root]
    wanted = semantics.wanted
    values = tuple(sorted((n, v) for n, v in beginning.values.items() if n in wanted))
    for key in level.starts:
        node = semantics.net.nodes[key]
        if (node.event_name or None) == beginning.message:
            board = Board()
            board.scopes[0] = Scope(level.id, None)
            semantics.enter(board, key, Token(key, 0, READY, values))
            return semantics.settle(board)
    raise CasetableError(
        told(
            "%(level)s does not start by %(message)s.",
            level=level.id,
            message=beginning.message or told("a plain start"),
        )
    )
