"""Finds which variables a path depends on, and at which steps each still matters.

Everything else is left out of the states: it cannot change where a case goes. What is left is
small enough to be looked at completely.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from engine.proof.effect import NOTHING, Effects, Names
from engine.proof.net import CALLS, Net, Node

JOINS: Final = frozenset({"parallelGateway", "inclusiveGateway"})


@dataclass(frozen=True)
class Liveness:
    """The variables that matter: at all, when each step begins, and after each level has ended."""

    wanted: Names
    before: tuple[Names, ...]
    after: Mapping[str, Names]


def liveness_of(net: Net, effects: Effects, asked: Mapping[int, Names]) -> Liveness:
    """Return what matters where; `asked` are the variables that rules look at after a step."""
    wanted = _wanted(net, effects, asked)
    return _Analysis(net, effects, asked, wanted).run()


def _wanted(net: Net, effects: Effects, asked: Mapping[int, Names]) -> Names:
    found: Names = NOTHING.union(*asked.values())
    while True:
        more = found.union(*(effects.reads(node, found) for node in net.nodes))
        more -= effects.names.keys()
        if more == found:
            return found
        found = more


class _Analysis:
    """Goes backwards over the net until nothing changes any more."""

    def __init__(
        self, net: Net, effects: Effects, asked: Mapping[int, Names], wanted: Names
    ) -> None:
        self._net = net
        self._asked = asked
        self._wanted = wanted
        self._reads = [effects.reads(node, wanted) & wanted for node in net.nodes]
        self._writes = [effects.writes(node) for node in net.nodes]
        self._before: list[Names] = [NOTHING] * len(net.nodes)
        self._after: dict[str, Names] = dict.fromkeys(net.levels, NOTHING)

    def run(self) -> Liveness:
        """Return the least solution."""
        changed = True
        while changed:
            changed = False
            for node in reversed(self._net.nodes):
                found = self._live(node)
                changed |= found != self._before[node.key]
                self._before[node.key] = found
                if node.kind in CALLS and not self._behind(node) <= self._after[node.inner]:
                    self._after[node.inner] |= self._behind(node)
                    changed = True
        return Liveness(self._wanted, tuple(self._before), self._after)

    def _beyond(self, node: Node) -> Names:
        """Return what is read after a step."""
        if not node.ways:
            return self._after[node.level]
        return NOTHING.union(*(self._before[way.target] for way in node.ways))

    def _behind(self, node: Node) -> Names:
        """Return what is read after one round of a call: behind the step, or by the next round."""
        found = self._beyond(node) | self._asked.get(node.key, NOTHING)
        if node.element.multi_instance is None:
            return found
        following = (self._before[start] for start in self._starts(node))
        return found.union(self._reads[node.key], *following)

    def _live(self, node: Node) -> Names:
        found = self._beyond(node) | self._asked.get(node.key, NOTHING)
        found = (found - self._writes[node.key]) | self._reads[node.key]
        if node.kind in CALLS and node.element.multi_instance is None:
            # What follows is read at the end of what runs inside.
            found = NOTHING.union(*(self._before[start] for start in self._starts(node)))
        elif node.kind in CALLS:
            found = found.union(*(self._before[start] for start in self._starts(node)))
        if self._parts(node):
            # A branch counts by what it changed since here, also where it surely writes.
            found = found.union(self._after[node.level], *self._joins(node.level))
        return found.union(*(self._before[boundary] for boundary in node.boundaries))

    def _parts(self, node: Node) -> bool:
        """Say whether branches part here."""
        if node.kind == "boundaryEvent":
            return not node.element.interrupting
        return node.kind in JOINS and len(node.ways) > 1

    def _joins(self, level: str) -> Iterator[Names]:
        for key in self._net.levels[level].nodes:
            node = self._net.nodes[key]
            if node.kind in JOINS and len(node.incoming) > 1:
                yield self._before[key]

    def _starts(self, node: Node) -> tuple[int, ...]:
        return self._net.levels[node.inner].starts
