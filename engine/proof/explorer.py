"""Looks at every path of a process: all markings that a case can reach, nearest first."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from engine.errors import CasetableError
from engine.proof.marking import READY, Board, Scope, State, Token, freeze
from engine.proof.semantics import Semantics
from engine.proof.stimulus import START, Stimulus, stimuli

MOST_STATES = 400_000


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

    @property
    def transitions(self) -> int:
        """Return how many edges there are."""
        return sum(len(found) for found in self.edges)


@dataclass(frozen=True)
class Beginning:
    """One way in which a process can start: by a message or plainly, with some variables."""

    message: str | None
    values: Mapping[str, Any]


def explore(
    semantics: Semantics, beginnings: Iterable[Beginning], limit: int = MOST_STATES
) -> Graph:
    """Return everything that can happen; raise TooLargeError rather than stop half-way."""
    started = perf_counter()
    graph = Graph([("begin",)], [[]])
    numbers: dict[State, int] = {("begin",): 0}
    pending: deque[int] = deque()

    def add(source: int, stimulus: Stimulus, boards: list[Board]) -> None:
        for board in boards:
            state: State = ("flaw", board.flaws[0]) if board.flaws else freeze(board)
            number = numbers.get(state)
            if number is None:
                number = numbers[state] = len(graph.states)
                graph.states.append(state)
                graph.edges.append([])
                if state[0] not in {"end", "flaw"}:
                    pending.append(number)
                if number > limit:
                    raise TooLargeError(
                        f"{semantics.net.root}: more than {limit} states; nothing was proved. "
                        "Move a part into a diagram of its own, or join answers that lead the "
                        "same way."
                    )
            graph.edges[source].append(
                Edge(
                    source,
                    number,
                    stimulus,
                    tuple(board.events),
                    tuple(board.choices),
                    tuple(board.flaws),
                )
            )

    for beginning in beginnings:
        stimulus = Stimulus(
            START,
            name=beginning.message or "",
            values=tuple(sorted(beginning.values.items(), key=str)),
        )
        add(0, stimulus, begin(semantics, beginning))
    while pending:
        number = pending.popleft()
        for stimulus, boards in stimuli(semantics, graph.states[number]):
            add(number, stimulus, boards)
    graph.seconds = perf_counter() - started
    return graph


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
    raise CasetableError(f"{level.id} does not start by {beginning.message or 'a plain start'}.")
