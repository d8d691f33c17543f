"""Looks at every path of a process: all markings that a case can reach, nearest first."""

import gc
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

from engine.errors import CasetableError
from engine.language.telling import told
from engine.proof.behaviour import Behaviour
from engine.proof.branch import NOTHING, Marking
from engine.proof.graph import Graph
from engine.proof.marking import BEGIN, END, FLAW, READY, Board, Scope, State, Token
from engine.proof.memory import Moves
from engine.proof.semantics import Semantics
from engine.proof.stimulus import START, Stimulus

MOST_STATES = 100_000


class TooLargeError(CasetableError):
    """The process has more markings than can be looked at; nothing is said about its rules."""


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
    search = _Search(Behaviour(semantics), (BEGIN,), limit)
    starts = []
    for beginning in beginnings:
        values = tuple(sorted(beginning.values.items(), key=str))
        stimulus = Stimulus(START, name=beginning.message or "", values=values)
        starts.append((stimulus, partial(begin, semantics, beginning)))
    search.add(0, [(search.behaviour.moves_of(starts), NOTHING)])
    return search.run()


def explore_from(
    semantics: Semantics,
    state: State,
    limit: int = MOST_STATES,
    behaviour: Behaviour | None = None,
) -> Graph:
    """Return everything that can happen to a case that runs already, marking 0.

    `behaviour`: what was worked out in earlier searches of the same semantics.
    """
    search = _Search(behaviour or Behaviour(semantics), state, limit)
    if state[0] not in {BEGIN, END, FLAW}:
        search.wait(0, search.behaviour.branches.marking(state))
    return search.run()


class _Search:
    """Collects markings, nearest first."""

    def __init__(self, behaviour: Behaviour, first: State, limit: int) -> None:
        self.behaviour = behaviour
        self._limit = limit
        self._started = perf_counter()
        self._graph = Graph([first], [[]], behaviour.events)
        self._numbers: dict[Marking | State, int] = {first: 0}
        self._placed: dict[Marking, dict[int, int]] = {}
        """The markings that outcomes make of the rest of a marking."""
        self._pending: deque[tuple[int, Marking]] = deque()

    def run(self) -> Graph:
        """Look at every marking that was met; raise TooLargeError when there are too many."""
        while self._pending:
            number, marking = self._pending.popleft()
            self.add(number, self.behaviour.moves(marking))
        self._graph.seconds = perf_counter() - self._started
        return self._graph

    def wait(self, number: int, marking: Marking) -> None:
        """Look at a marking later."""
        self._numbers[marking] = number
        self._pending.append((number, marking))

    def add(self, source: int, found: Iterable[tuple[Moves, Marking]]) -> None:
        """Add what happens in a marking and where it leads."""
        for moves, rest in found:
            placed = self._placed.setdefault(rest, {})
            targets = []
            for outcome in moves.outcomes:
                target = placed.get(outcome)
                if target is None:
                    target = placed[outcome] = self._target(outcome, rest)
                targets.append(target)
            if targets:
                self._graph.fans[source].append((moves.happenings, tuple(targets)))

    def _target(self, outcome: int, rest: Marking) -> int:
        graph = self._graph
        marking = self.behaviour.branches.placed(outcome, rest)
        if marking in self._numbers:
            return self._numbers[marking]
        number = len(graph.states)
        graph.fans.append([])
        if isinstance(marking, Marking):
            graph.states.append(self.behaviour.branches.state(marking))
            self.wait(number, marking)
        else:
            graph.states.append(marking)
            self._numbers[marking] = number
        if number > self._limit:
            raise TooLargeError(
                told(
                    "%(root)s: more than %(limit)s states; nothing was proved. Move a "
                    "part into a diagram of its own, or join answers that lead the same"
                    " way.",
                    root=self.behaviour.semantics.net.root,
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
