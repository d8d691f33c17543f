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
class Happenings:
    """Things that can happen together, each with the place of its outcome among the outcomes."""

    each: tuple[tuple[int, Happening], ...]

    @cached_property
    def walked(self) -> tuple[tuple[int, int], ...]:
        """Return the place of each outcome with the numbers of the events to it, each once."""
        return tuple(dict.fromkeys((place, one.number) for place, one in self.each))

    @cached_property
    def messages(self) -> frozenset[str]:
        """Return the messages that are heard."""
        return frozenset(one.stimulus.name for _, one in self.each if one.stimulus.kind == MESSAGE)


Fan = tuple[Happenings, tuple[int, ...]]
"""What can happen in a marking, and the markings that are its outcomes there."""


@dataclass
class Graph:
    """Every marking by number, 0 before the start, and everything that can happen."""

    states: list[State] = field(default_factory=list)
    fans: list[list[Fan]] = field(default_factory=list)
    """By the marking that they leave."""
    events: list[tuple[tuple[int, Any], ...]] = field(default_factory=list)
    """What can happen on edges, each once, by the number of the happening."""
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
                for happenings, targets in self.fans[number]
                for place, one in happenings.each
            ]
        return self._moves[number]

    def targets(self, number: int) -> Iterator[int]:
        """Yield the markings to which the edges of a marking lead."""
        for _, targets in self.fans[number]:
            yield from targets

    def heard(self, number: int) -> set[str]:
        """Return the messages that are heard in a marking."""
        return set().union(*(happenings.messages for happenings, _ in self.fans[number]))

    @cached_property
    def walked(self) -> list[list[tuple[int, int]]]:
        """Return for each marking where its edges lead, with the numbers of their events."""
        return [
            [(targets[place], events) for one, targets in fans for place, events in one.walked]
            for fans in self.fans
        ]

    @property
    def transitions(self) -> int:
        """Return how many edges there are."""
        return sum(len(one.each) for fans in self.fans for one, _ in fans)
