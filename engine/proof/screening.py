"""Follows all rules along every path at once, and says which of them some path breaks.

What a check remembers is one of a few facts (engine.proof.monitor). Behind each marking there is a
set of them for each check; all sets are one number, with one bit for each check and its facts. The
sets only grow: the markings are gone through until none grows any more. The shortest path is looked
for only where a check is broken.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from engine.proof.graph import Graph
from engine.proof.marking import BEGIN, END
from engine.proof.monitor import Effect, Event, Facts, Monitor
from engine.proof.rule import Check


def broken_by_some_path(
    graph: Graph, monitors: Sequence[Monitor], facts: Sequence[Facts | None] | None = None
) -> set[Check]:
    """Return the checks that some path breaks.

    `facts` are those of a case that runs already, by monitor; without them nothing has happened.
    """
    starts = facts or [None] * len(monitors)
    slots = _slots(monitors)
    first = sum(
        slot.bit(slot.monitor.first if one is None else one)
        for slot, one in zip(slots, starts, strict=True)
    )
    followed = _Followed(graph, slots)
    behind = followed.behind(first)
    at_end = sum(slot.bits(slot.monitor.is_broken) for slot in slots if slot.monitor.asks_at_end)
    asking = {slot: slot.bits(slot.monitor.in_force) for slot in slots if slot.monitor.awaits}
    found = set(followed.broken)
    for number, state in enumerate(graph.states):
        if state[0] == END:
            here = behind[number] & at_end if number else 0
            found |= {slot.monitor.check for slot in slots if here >> slot.offset & slot.mask}
        elif state[0] != BEGIN:
            heard = graph.heard(number)
            for slot, bits in asking.items():
                if behind[number] & bits and slot.monitor.check.message not in heard:
                    found.add(slot.monitor.check)
    return found


class _Slot:
    """Where the facts of one check stand in the number."""

    def __init__(self, monitor: Monitor, place: int, offset: int) -> None:
        self.monitor = monitor
        self.place = place
        self.offset = offset
        self.count = 1 << monitor.width
        self.mask = (1 << self.count) - 1

    def bit(self, facts: Facts) -> int:
        """Return the bit of some facts."""
        return 1 << self.offset + facts

    def bits(self, wanted: Callable[[Facts], bool]) -> int:
        """Return the bits of all facts of which something holds."""
        return sum(self.bit(facts) for facts in range(self.count) if wanted(facts))


def _slots(monitors: Sequence[Monitor]) -> list[_Slot]:
    found, offset = list[_Slot](), 0
    for place, monitor in enumerate(monitors):
        found.append(_Slot(monitor, place, offset))
        offset += found[-1].count
    return found


@dataclass
class _Changing:
    """What events do to the facts of one check."""

    slot: _Slot
    effects: list[Effect]
    known: dict[int, int] = field(default_factory=dict)
    """The facts that may be after them, by those that may be before."""


class _Followed:
    """What is remembered behind each marking of a graph."""

    def __init__(self, graph: Graph, slots: list[_Slot]) -> None:
        self._graph = graph
        self.broken: set[Check] = set()
        self._by_step: dict[int, list[_Slot]] = {}
        for slot in slots:
            for key in slot.monitor.steps:
                self._by_step.setdefault(key, []).append(slot)
        self._effects: dict[Event, list[tuple[_Slot, Effect]]] = {}
        self._changing = [self._changed(events) for events in graph.events]
        everything = (1 << sum(slot.count for slot in slots)) - 1
        self._untouched = [
            everything & ~sum(one.slot.mask << one.slot.offset for one in changed)
            for changed in self._changing
        ]

    def behind(self, first: int) -> list[int]:
        """Return what is remembered behind each marking, all facts in one number."""
        walked = self._graph.walked
        found = [0] * len(walked)
        grown = bytearray(len(walked))
        found[0], grown[0] = first, 1
        after: list[dict[int, int]] = [{} for _ in self._changing]
        order = _in_depth(walked)
        while any(grown):
            for number in order:
                if not grown[number]:
                    continue
                grown[number] = 0
                before = found[number]
                for target, events in walked[number]:
                    known = after[events].get(before)
                    if known is None:
                        known = after[events][before] = self._after(before, events)
                    if known | found[target] != found[target]:
                        found[target] |= known
                        grown[target] = 1
        return found

    def _changed(self, events: Iterable[Event]) -> list[_Changing]:
        """Return the checks that events say something to, with what they do."""
        found: dict[_Slot, list[Effect]] = {}
        for event in events:
            if event not in self._effects:
                effects = (
                    (slot, slot.monitor.effect(event)) for slot in self._by_step.get(event[0], ())
                )
                self._effects[event] = [(slot, one) for slot, one in effects if one is not None]
            for slot, effect in self._effects[event]:
                found.setdefault(slot, []).append(effect)
        return [_Changing(slot, effects) for slot, effects in found.items()]

    def _after(self, before: int, events: int) -> int:
        """Return what is remembered after events."""
        after = before & self._untouched[events]
        for changing in self._changing[events]:
            slot = changing.slot
            facts = before >> slot.offset & slot.mask
            moved = changing.known.get(facts)
            if moved is None:
                moved = changing.known[facts] = self._moved(slot, changing.effects, facts)
            after |= moved << slot.offset
        return after

    def _moved(self, slot: _Slot, effects: list[Effect], before: int) -> int:
        """Return the facts of one check after events, of each fact that may have been before."""
        found = 0
        for start in range(slot.count):
            if before >> start & 1:
                facts = start
                for effect in effects:
                    if effect.is_at and slot.monitor.asks_along and slot.monitor.is_broken(facts):
                        self.broken.add(slot.monitor.check)
                    facts = effect.after(facts)
                found |= 1 << facts
        return found


def _in_depth(walked: Sequence[Sequence[tuple[int, int]]]) -> list[int]:
    """Return the markings so that, circles apart, each comes behind those that lead to it."""
    met = {0}
    done: list[int] = []
    pending = [(0, iter(walked[0]))]
    while pending:
        number, edges = pending[-1]
        target = next((target for target, _ in edges if target not in met), None)
        if target is None:
            done.append(number)
            pending.pop()
        else:
            met.add(target)
            pending.append((target, iter(walked[target])))
    return done[::-1]
