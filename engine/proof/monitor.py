"""Follows a rule along every path at once, and finds the shortest path that breaks it.

What a rule has to remember is a handful of yes-or-no facts: what it needs has happened, it is in
force. Together with a marking that is a place; every place that can be reached is visited once.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from engine.expression import Expression
from engine.proof.graph import Edge, Graph
from engine.proof.marking import END
from engine.proof.matching import steps_of
from engine.proof.net import Net
from engine.proof.possible import truths_of
from engine.proof.rule import ALONG, AWAITS, Check

Event = tuple[int, Any]
Facts = int
"""One bit for each group of needs, then whether the rule is in force, then whether it is lifted."""


@dataclass(frozen=True)
class Breach:
    """The shortest path that breaks a check."""

    edges: tuple[Edge, ...]
    place: int
    """The step at which it is broken."""
    missing: tuple[int, ...] = ()
    """Which groups of needs had not happened."""


@dataclass(frozen=True)
class Effect:
    """What one event does to the facts of a check."""

    is_at: bool
    clears: Facts
    sets: Facts

    def after(self, facts: Facts) -> Facts:
        """Return the facts after the event."""
        return facts & ~self.clears | self.sets


class Monitor:
    """One check of kind `before`, `never` or `awaits` over one net."""

    def __init__(self, net: Net, check: Check, names: Mapping[str, Any]) -> None:
        self._names = names
        self.check = check
        self._groups = [steps_of(net, group) for group in check.needs]
        self._at = steps_of(net, tuple(one for one in check.at if not one.ends))
        self._ends = steps_of(net, tuple(one for one in check.at if one.ends))
        """The end events of which the last one is meant."""
        self._since = steps_of(net, check.since)
        self._after = steps_of(net, check.after)
        self._until = steps_of(net, check.until)
        self._unless = steps_of(net, check.unless)
        self._needs: Final = (1 << len(self._groups)) - 1
        self._force: Final = 1 << len(self._groups)
        self._lifted: Final = self._force << 1
        self.width: Final = len(self._groups) + 2
        """How many bits the facts have."""
        self.steps: Final = frozenset[int]().union(
            *self._groups, self._at, self._since, self._after, self._until, self._unless
        )
        """The steps that change the facts, or at which the check asks."""
        self.asks_along: Final = check.kind in ALONG
        self.asks_at_end: Final = bool(self._ends) and self.asks_along
        self.awaits: Final = check.kind == AWAITS
        self._effects: dict[Event, Effect | None] = {}
        self._walks: dict[tuple[Event, ...], tuple[tuple[Event, Effect], ...]] = {}

    @property
    def first(self) -> Facts:
        """Return the facts before anything has happened."""
        return 0 if self._after else self._force

    def search(self, graph: Graph, facts: Facts | None = None) -> Breach | None:
        """Return the shortest path that breaks the check, None when it holds on all.

        `facts` are those of a case that runs already; without them nothing has happened.
        """
        return next(self.breaches(graph, facts), None)

    def breaches(self, graph: Graph, facts: Facts | None = None) -> Iterator[Breach]:
        """Yield paths that break the check, shorter ones first."""
        # A place is one number, a marking and the facts behind it: millions of them are met.
        width = self.width
        mask = (1 << width) - 1
        walks = [self._walk(events) for events in graph.events]
        ended = [state[0] == END for state in graph.states] if self._ends else []
        start = self.first if facts is None else facts
        came: dict[int, tuple[int, Edge] | None] = {start: None}
        pending = deque([start])
        while pending:
            here = pending.popleft()
            known = here & mask
            for edge, number in graph.moves(here >> width):
                after = known
                for event, effect in walks[number]:
                    if effect.is_at and self.is_broken(after):
                        yield self._breach(came, here, edge, event[0], after)
                    after = effect.after(after)
                if ended and ended[edge.target] and self.is_broken(after):
                    yield self._breach(came, here, edge, self._last(edge.events), after)
                there = edge.target << width | after
                if there not in came:
                    came[there] = (here, edge)
                    pending.append(there)

    def _breach(
        self,
        came: Mapping[int, tuple[int, Edge] | None],
        here: int,
        edge: Edge,
        place: int,
        facts: Facts,
    ) -> Breach:
        missing = tuple(one for one in range(len(self._groups)) if not facts >> one & 1)
        return Breach((*back(came, here), edge), place, missing)

    def follow(
        self, events: Iterable[Event], facts: Facts | None = None, *, over: bool = False
    ) -> int | None:
        """Return the step at which what happened breaks the check, None when it holds.

        `facts` are those of what happened before; `over` says that the process has ended with it.
        """
        happened = tuple(events)
        facts = self.first if facts is None else facts
        for event, effect in self._walk(happened):
            if effect.is_at and self.is_broken(facts):
                return event[0]
            facts = effect.after(facts)
        if over and self._ends and self.is_broken(facts):
            return self._last(happened)
        return None

    def _last(self, events: tuple[Event, ...]) -> int:
        """Return the end event that came last."""
        return next((key for key, _ in reversed(events) if key in self._ends), min(self._ends))

    def after(self, events: Iterable[Event], facts: Facts | None = None) -> Facts:
        """Return what the check remembers of what happened, also of another drawing's steps."""
        known = self.first if facts is None else facts
        for _, effect in self._walk(tuple(events)):
            known = effect.after(known)
        return known

    def in_force(self, facts: Facts) -> bool:
        """Say whether the check asks anything now."""
        return bool(facts & self._force) and not facts & self._lifted

    def is_broken(self, facts: Facts) -> bool:
        """Say whether the check is broken when its moment comes."""
        if not self.in_force(facts):
            return False
        return self.check.kind == "never" or facts & self._needs != self._needs

    def _walk(self, events: tuple[Event, ...]) -> tuple[tuple[Event, Effect], ...]:
        found = self._walks.get(events)
        if found is None:
            heard = (event for event in events if event[0] in self.steps)
            effects = ((event, self.effect(event)) for event in heard)
            found = tuple((event, effect) for event, effect in effects if effect is not None)
            self._walks[events] = found
        return found

    def effect(self, event: Event) -> Effect | None:
        """Return what an event does to the facts, None where it does nothing."""
        if event not in self._effects:
            self._effects[event] = self._computed(event)
        return self._effects[event]

    def _computed(self, event: Event) -> Effect | None:
        sets = clears = 0
        for number, group in enumerate(self._groups):
            # An open condition may not hold: only what surely happened counts as done.
            sets |= self._surely(group, event) << number
        if self._maybe(self._since, event):
            clears |= self._needs
        if self._maybe(self._after, event):
            sets |= self._force
        if self._surely(self._until, event):
            clears |= self._force
        if self._surely(self._unless, event):
            sets |= self._lifted
        is_at = self._maybe(self._at, event)
        return Effect(is_at, clears, sets) if is_at or clears or sets else None

    def _truths(
        self, steps: Mapping[int, tuple[Expression | None, ...]], event: Event
    ) -> list[frozenset[bool]]:
        key, values = event
        seen = {**dict(values), **self._names}
        return [
            frozenset({True}) if one is None else truths_of(one, seen) for one in steps.get(key, ())
        ]

    def _surely(self, steps: Mapping[int, tuple[Expression | None, ...]], event: Event) -> bool:
        return any(truths == {True} for truths in self._truths(steps, event))

    def _maybe(self, steps: Mapping[int, tuple[Expression | None, ...]], event: Event) -> bool:
        return any(True in truths for truths in self._truths(steps, event))


def back(came: Mapping[Any, Any], here: Any) -> list[Edge]:
    """Return the way that a search came to a place."""
    found: list[Edge] = []
    while came[here] is not None:
        here, edge = came[here]
        found.append(edge)
    return found[::-1]
