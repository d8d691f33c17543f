"""Compares the explorer with the engine: each transition of a state is taken in both (R11)."""

import random
from collections import deque
from collections.abc import Iterable
from dataclasses import asdict, astuple, dataclass
from functools import partial
from itertools import islice, product
from typing import Any

from engine.bpmn import Program
from engine.proof.comparison import Comparison
from engine.proof.concrete import Concrete, collection, size_of
from engine.proof.effect import Effects
from engine.proof.event import running
from engine.proof.execution import Execution
from engine.proof.explorer import Beginning, begin
from engine.proof.graph import Edge
from engine.proof.liveness import liveness_of
from engine.proof.marking import State, freeze, thaw
from engine.proof.net import Net
from engine.proof.player import Player, Position
from engine.proof.possible import OPEN
from engine.proof.semantics import Semantics
from engine.proof.stimulus import (
    COMPLETE,
    CONFIRM,
    FAIL,
    MESSAGE,
    START,
    TIMER,
    Stimulus,
    Work,
    stimuli,
)
from engine.proof.whereabouts import Whereabouts
from tests.bpmn.builder import ZONE

HANDLERS = 2
AMENDED = 25
TRIES = 25


@dataclass
class Tally:
    """What was compared."""

    states: int = 0
    transitions: int = 0
    cut: int = 0
    """Transitions with more branches of events that do not interrupt than are followed."""
    unreached: int = 0
    """Transitions whose open values or order of arrival no try gave."""

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            *(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True))
        )

    @property
    def figures(self) -> dict[str, int]:
        return asdict(self)


class MismatchError(AssertionError):
    """The explorer and the engine disagree."""


@dataclass
class Pair:
    """One marking with an instance that stands in it, and how both came there."""

    state: State
    position: Position
    trail: tuple[str, ...]


class Conformance:
    """Walks over the markings of one net and the engine in step."""

    def __init__(
        self,
        net: Net,
        program: Program,
        effects: Effects,
        asked: dict[int, frozenset[str]] | None = None,
        handlers: int = HANDLERS,
    ) -> None:
        self.net = net
        asked = dict.fromkeys(range(len(net.nodes)), frozenset[str]()) if asked is None else asked
        live = liveness_of(net, effects, asked)
        self.semantics = Semantics(net, effects, live, asked, handlers=handlers)
        self.concrete = Concrete(net, effects, self.semantics.wanted)
        player = Player(program, net, effects, self.concrete, ZONE)
        self.execution = Execution(player, self.concrete, Comparison(self.semantics))
        self._results = {
            node.element.multi_instance.output for node in net.nodes if node.element.multi_instance
        }
        self.tally = Tally()
        self._amends = True
        self.pairs: dict[State, Pair] = {}

    def begin(self, beginnings: Iterable[Beginning]) -> list[Pair]:
        found = []
        for one in beginnings:
            stimulus = Stimulus(START, name=one.message or "", values=tuple(one.values.items()))
            edges = self._edges([(stimulus, partial(begin, self.semantics, one))])
            found += self._taken(None, edges)
        return found

    def explore(self, beginnings: Iterable[Beginning], most: int) -> None:
        """Compare the nearest states until so many transitions were taken."""
        pending = deque(self.begin(beginnings))
        while pending and self.tally.transitions < most:
            pending += self.step(pending.popleft())

    def walk(self, rng: random.Random, first: Pair, steps: int) -> None:
        """Compare along one random path."""
        pair = first
        for _ in range(steps):
            edges = self.edges(pair)
            self._offers(pair, edges)
            groups = sorted({edge.stimulus for edge, _ in edges}, key=repr)
            if not groups:
                return
            chosen = rng.choice(groups)
            found = self._taken(pair, [one for one in edges if one[0].stimulus == chosen])
            if not found:
                return
            pair = rng.choice(found)

    def step(self, pair: Pair) -> list[Pair]:
        """Compare all that can happen in a state; return the states that are new."""
        self.tally.states += 1
        edges = self.edges(pair)
        self._offers(pair, edges)
        found = []
        for one in self._taken(pair, edges):
            if one.state not in self.pairs:
                self.pairs[one.state] = one
                found.append(one)
        return found

    def edges(self, pair: Pair) -> list[tuple[Edge, State]]:
        if pair.state[0] in {"end", "flaw"}:
            return []
        return self._edges(stimuli(self.semantics, pair.state))

    def _edges(self, found: Iterable[tuple[Stimulus, Work]]) -> list[tuple[Edge, State]]:
        edges = []
        for stimulus, work in found:
            for board in work():
                state: State = ("flaw", board.flaws[0]) if board.flaws else freeze(board)
                edge = Edge(0, 0, stimulus, tuple(board.events), tuple(board.choices))
                edges.append((edge, ("cut",) if board.cut else state))
        return edges

    def from_where_it_stands(self, pair: Pair) -> Tally:
        """Compare what can happen to a running instance, by the marking that it stands in.

        All branches of events that do not interrupt count as followed there: nobody knows which
        event opened them.
        """
        state = Whereabouts(self.semantics).of(pair.position.instance)
        told = self.execution.comparison.of_state(state, pair.position.instance)
        if told:
            self._fail(pair, f"where it stands is not where it stands: {told}")
        before, self.tally = self.tally, Tally(states=1)
        own = Pair(state, pair.position, (*pair.trail, "as a running case"))
        edges = self.edges(own)
        self._offers(own, edges)
        # Its values are what they are: another one would be another case.
        self._amends = False
        self._taken(own, edges)
        self._amends = True
        found, self.tally = self.tally, before
        return found

    # -- what is offered -------------------------------------------------------------------------

    def _offers(self, pair: Pair, edges: list[tuple[Edge, State]]) -> None:
        """Both offer the same steps, timers and messages."""
        mine = {_offer(self.net, edge.stimulus) for edge, _ in edges}
        theirs = self._engine_offers(pair.position)
        theirs -= self._suppressed(pair)
        if mine != theirs:
            self._fail(pair, f"explorer {sorted(mine - theirs)}, engine {sorted(theirs - mine)}")

    def _engine_offers(self, position: Position) -> set[tuple[str, ...]]:
        instance = position.instance
        found: set[tuple[str, ...]] = set()
        found |= {(COMPLETE, one.process_id, one.element_id) for one in instance.user_tasks()}
        found |= {(CONFIRM, one.process_id, one.element_id) for one in instance.effects()}
        found |= {(TIMER, one.process_id, one.element_id) for one in instance.timers()}
        found |= {(MESSAGE, one) for one in instance.awaited_messages()}
        return found

    def _suppressed(self, pair: Pair) -> set[tuple[str, ...]]:
        """Events that do not interrupt, while as many of their branches run as are followed."""
        if pair.state[0] == "end":
            return set()
        board = thaw(pair.state)
        if running(board) < self.semantics.handlers:
            return set()
        found: set[tuple[str, ...]] = set()
        elsewhere: set[tuple[str, ...]] = set()
        for token in board.tokens.values():
            node = self.net.nodes[token.node]
            for key in node.boundaries:
                event = self.net.nodes[key]
                offer = (
                    (MESSAGE, event.event_name)
                    if event.event == MESSAGE
                    else (TIMER, event.element.process, event.element.id)
                )
                (elsewhere if event.element.interrupting else found).add(offer)
            if node.event == MESSAGE:
                elsewhere.add((MESSAGE, node.event_name))
        return found - elsewhere

    # -- what is taken ---------------------------------------------------------------------------

    def _taken(self, pair: Pair | None, edges: list[tuple[Edge, State]]) -> list[Pair]:
        """Take each edge in the engine; what the engine does must be one of its edges."""
        found = []
        for edge, state in edges:
            if state == ("cut",):
                self.tally.cut += 1
                continue
            twins = [
                one for one in edges if one[0].stimulus == edge.stimulus and one[1] != ("cut",)
            ]
            position = self._take(pair, edge, state, twins)
            self.tally.transitions += 1
            if position is not None:
                trail = () if pair is None else pair.trail
                if state[0] != "flaw":
                    found.append(Pair(state, position, (*trail, self._told(edge))))
        return found

    def _take(
        self,
        pair: Pair | None,
        edge: Edge,
        state: State,
        twins: list[tuple[Edge, State]],
    ) -> Position | None:
        told = []
        sizes = self._sizes(edge)
        for before in self._befores(pair, sizes, edge):
            for _, after, difference in islice(
                self.execution.attempts(before, edge, state, sizes), TRIES
            ):
                if not difference:
                    return after
                told.append(difference)
                if all(self.execution.difference(one, end, after) for one, end in twins):
                    self._fail(pair, f"{self._told(edge)}: {difference}")
        if len(twins) == 1 and not sizes:
            self._fail(pair, f"{self._told(edge)}: {told[:2] or 'not offered'}")
        self.tally.unreached += 1
        return None

    def _sizes(self, edge: Edge) -> dict[str, int]:
        found: dict[str, int] = {}
        for key, choice in edge.choices:
            many = self.net.nodes[key].element.multi_instance
            if many is not None and not isinstance(choice, dict):
                found.setdefault(many.collection, size_of(choice))
        return found

    def _befores(self, pair: Pair | None, sizes: dict[str, int], edge: Edge) -> Iterable[Any]:
        """Yield the instance, with every value for what is open in its marking."""
        if pair is None:
            yield None
            return
        sized = {name: collection(size) for name, size in sizes.items()}
        yield self.execution.player.amended(pair.position, sized)
        opened = sorted(_open_names(pair.state) - self._results) if self._amends else []
        if not opened or len(edge.choices) == 0:
            return
        values = product(*(self.concrete.candidates(name) for name in opened))
        for chosen in islice(values, AMENDED):
            amended = {**dict(zip(opened, chosen, strict=True)), **sized}
            yield self.execution.player.amended(pair.position, amended)

    def _told(self, edge: Edge) -> str:
        stimulus = edge.stimulus
        node = "" if stimulus.node is None else self.net.nodes[stimulus.node].element.id
        choices = [(self.net.nodes[key].element.id, choice) for key, choice in edge.choices]
        return f"{stimulus.kind} {node}{stimulus.name} {dict(stimulus.values)} {choices}"

    def _fail(self, pair: Pair | None, message: str) -> None:
        trail = () if pair is None else pair.trail
        lines = "".join(f"\n  {one}" for one in trail)
        raise MismatchError(f"{message}\nafter{lines}")


def _offer(net: Net, stimulus: Stimulus) -> tuple[str, ...]:
    if stimulus.kind == MESSAGE:
        return (MESSAGE, stimulus.name)
    element = net.nodes[stimulus.node or 0].element
    kind = CONFIRM if stimulus.kind == FAIL else stimulus.kind
    return (kind, element.process, element.id)


def _open_names(state: State) -> set[str]:
    found: set[str] = set()
    if state[0] in {"end", "flaw"}:
        return found
    for token in state[1]:
        found |= {name for name, value in (*token[2], *token[5]) if value is OPEN}
        if token[8] is not None:
            found |= _open_names(token[8])
    return found
