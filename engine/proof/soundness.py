"""Whether every case can end: no deadlock, no dead step, no way without an end (L11).

After van der Aalst's soundness of workflow nets, on markings with variables.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from engine.drawing import Element
from engine.expression import Expression
from engine.language import mark
from engine.language.telling import Told, named, told
from engine.proof.effect import Effects
from engine.proof.event import UNCAUGHT
from engine.proof.gateway import NO_WAY
from engine.proof.graph import Edge, Graph
from engine.proof.marking import State
from engine.proof.net import Net, Node
from engine.proof.semantics import CIRCLE
from engine.proof.table import switched_off

SENTENCES = {
    NO_WAY: mark("no condition is true here; draw a default flow"),
    CIRCLE: mark("automatic steps run in a circle here and never wait; let a person or a timer in"),
    UNCAUGHT: mark("nobody catches the error that is thrown here; draw an error event around it"),
    "deadlock": mark("nothing can happen any more, and the case has not ended"),
    "no_end": mark("from here the case can never end"),
    "dead": mark("no path leads to this step"),
    "twice": mark("this step can be open twice at the same time"),
}


@dataclass(frozen=True)
class Flaw:
    """One way in which a process is not sound."""

    code: str
    place: int
    edges: tuple[Edge, ...] = ()

    @property
    def sentence(self) -> str:
        """Return what is wrong."""
        return told(SENTENCES[self.code])


def flawed(element: Element, sentence: str) -> Told:
    """Return what is wrong with an element, behind what it is called."""
    return Told("%(step)s: %(sentence)s", {"step": named(element.label), "sentence": sentence})


def flaws_of(net: Net, graph: Graph, visited: set[int], effects: Effects) -> list[Flaw]:
    """Return everything that is not sound, each kind of place once, with its shortest path.

    What the profile switches off is not dead: another value switches it on.
    """
    found = reached_flaws(net, graph)
    dead = (Flaw("dead", key) for key in sorted(_Switched(net, effects).on() - visited))
    return [*found, *dead]


def reached_flaws(net: Net, graph: Graph) -> list[Flaw]:
    """Return what is not sound on a path, leaving aside steps that no path reaches."""
    paths = Paths(graph)
    found: dict[tuple[str, int], Flaw] = {}
    for number, state in enumerate(graph.states):
        for code, place in _of_state(net, graph, number, state):
            found.setdefault((code, place), Flaw(code, place, paths.to(number)))
    for number in _cannot_end(graph):
        state = graph.states[number]
        if graph.fans[number]:
            place = min(open_nodes(state), default=0)
            found.setdefault(("no_end", -1), Flaw("no_end", place, paths.to(number)))
    return list(found.values())


def _of_state(net: Net, graph: Graph, number: int, state: State) -> Iterator[tuple[str, int]]:
    if state[0] == "flaw":
        yield state[1]
    elif state[0] not in {"end", "begin"}:
        if not graph.fans[number]:
            yield "deadlock", min(open_nodes(state), default=0)
        for twice in _doubled(net, state):
            yield "twice", twice


def open_nodes(state: State) -> Iterator[int]:
    """Yield the steps that are open in a marking, the innermost of each branch."""
    if state[0] in {"end", "flaw", "begin"}:
        return
    for token in state[1]:
        if token[8] is None:
            yield token[0]
        else:
            yield from open_nodes(token[8])


def _doubled(net: Net, state: State) -> Iterator[int]:
    """Yield steps that are open twice in one process though they are drawn once."""
    met: set[int] = set()
    for token in state[1]:
        if token[0] in met and token[7] is None and token[1] != "arrived":
            yield token[0]
        met.add(token[0])
        if token[8] is not None:
            yield from _doubled(net, token[8])


def _cannot_end(graph: Graph) -> list[int]:
    """Return the markings from which no end can be reached, nearest first."""
    sources: list[list[int]] = [[] for _ in graph.states]
    for source in range(len(graph.states)):
        for target in graph.targets(source):
            sources[target].append(source)
    good = {number for number, state in enumerate(graph.states) if state[0] == "end"}
    pending = list(good)
    while pending:
        for source in sources[pending.pop()]:
            if source not in good:
                good.add(source)
                pending.append(source)
    return [
        number
        for number, state in enumerate(graph.states)
        if number not in good and state[0] not in {"flaw", "begin"}
    ]


class _Switched:
    """Follows the ways that the values of the profile leave open, without looking at variables."""

    def __init__(self, net: Net, effects: Effects) -> None:
        self._net = net
        self._names = effects.names
        tables = (effects.tables.get(node.element.decision_ref or "") for node in net.nodes)
        self._off = [
            found
            for table in tables
            if table is not None
            for found in switched_off(table, effects.names)
        ]

    def on(self) -> set[int]:
        """Return the steps to which a way leads."""
        found: set[int] = set()
        pending = list(self._net.levels[self._net.root].starts)
        while pending:
            node = self._net.nodes[pending.pop()]
            if node.key in found:
                continue
            found.add(node.key)
            pending += [*node.boundaries, *self._ways_left(node)]
            if node.inner:
                pending += self._net.levels[node.inner].starts
        return found

    def _ways_left(self, node: Node) -> Iterator[int]:
        settled = False
        for way in node.ways:
            condition = way.condition
            if condition is None or not condition.names <= self._names.keys():
                if not (settled and node.kind == "exclusiveGateway") and not self._is_off(
                    condition
                ):
                    yield way.target
            elif condition.evaluate(self._names) is True:
                yield way.target
                settled = True

    def _is_off(self, condition: Expression | None) -> bool:
        """Say whether a way asks for what only a row of a table gives that is switched off."""
        if condition is None:
            return False
        asked = condition.names - self._names.keys()
        return any(
            asked == {name} and condition.evaluate({**self._names, name: value}) is True
            for name, value in self._off
        )


class Paths:
    """The shortest way to each marking."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._came: dict[int, int | None] = {0: None}
        """The marking before each."""
        pending = deque([0])
        while pending:
            source = pending.popleft()
            for target in graph.targets(source):
                if target not in self._came:
                    self._came[target] = source
                    pending.append(target)

    def to(self, number: int) -> tuple[Edge, ...]:
        """Return the things that happen on the shortest way to a marking."""
        found: list[Edge] = []
        source = self._came[number]
        while source is not None:
            found.append(next(one for one in self._graph.edges(source) if one.target == number))
            number, source = source, self._came[source]
        return tuple(reversed(found))
