"""Every marking of a process by number, and everything that can happen in them.

What can happen is kept once for all markings in which the same can happen: a marking has a few
fans, each with its own targets. An edge is made of them only where somebody looks at it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from engine.proof.marking import State
from engine.proof.stimulus import MESSAGE, Stimulus


@dataclass(frozen=True)
class Edge:
    """One thing that happens in a marking, and where it leads."""

    source: int
    target: int
    stimulus: Stimulus
    events: tuple[tuple[int, Any], ...]
    choices: tuple[tuple[int, Any], ...]
    flaws: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Happening:
    """One thing that happens, in whichever markings it does."""

    stimulus: Stimulus
    number: int
    """Of its events among all that can happen."""
    events: tuple[tuple[int, Any], ...]
    choices: tuple[tuple[int, Any], ...]
    flaws: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, eq=False)
class Moves:
    """Things that can happen together in some markings, and the outcomes that they have there."""

    happenings: tuple[tuple[int, Happening], ...]
    """Each with the place of its outcome."""
    outcomes: tuple[int, ...]

    @cached_property
    def walked(self) -> tuple[tuple[int, int], ...]:
        """Return the place of each outcome with the numbers of the events to it, each once."""
        return tuple(dict.fromkeys((place, one.number) for place, one in self.happenings))

    @cached_property
    def messages(self) -> frozenset[str]:
        """Return the messages that are heard."""
        return frozenset(
            one.stimulus.name for _, one in self.happenings if one.stimulus.kind == MESSAGE
        )


Fan = tuple[Moves, tuple[int, ...]]
"""What can happen in a marking, and the markings that the outcomes are there."""


@dataclass
class Graph:
    """Every marking by number, 0 before the start, and everything that can happen."""

    states: list[State] = field(default_factory=list)
    fans: list[list[Fan]] = field(default_factory=list)
    """By the marking that they leave."""
    happenings: list[tuple[tuple[int, Any], ...]] = field(default_factory=list)
    """The events that can happen on edges, each once, by number."""
    seconds: float = 0.0
    _moves: dict[int, list[tuple[Edge, int]]] = field(default_factory=dict)

    def edges(self, number: int) -> list[Edge]:
        """Return everything that can happen in a marking."""
        return [edge for edge, _ in self.moves(number)]

    def moves(self, number: int) -> list[tuple[Edge, int]]:
        """Return everything that can happen in a marking, with the numbers of the events."""
        if number not in self._moves:
            self._moves[number] = [
                (
                    Edge(number, targets[place], one.stimulus, one.events, one.choices, one.flaws),
                    one.number,
                )
                for moves, targets in self.fans[number]
                for place, one in moves.happenings
            ]
        return self._moves[number]

    def targets(self, number: int) -> Iterator[int]:
        """Yield the markings to which the edges of a marking lead."""
        for _, targets in self.fans[number]:
            yield from targets

    def hears(self, number: int, message: str) -> bool:
        """Say whether a message is heard in a marking."""
        return any(message in moves.messages for moves, _ in self.fans[number])

    @cached_property
    def walked(self) -> list[list[tuple[int, int]]]:
        """Return for each marking where its edges lead, with the numbers of their events."""
        return [
            [(targets[place], events) for moves, targets in fans for place, events in moves.walked]
            for fans in self.fans
        ]

    @property
    def transitions(self) -> int:
        """Return how many edges there are."""
        return sum(len(moves.happenings) for fans in self.fans for moves, _ in fans)
