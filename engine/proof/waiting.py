"""Whether a message is welcome wherever a case waits (L12)."""

from collections.abc import Iterable, Iterator

from engine.proof.explorer import Graph
from engine.proof.matching import steps_of
from engine.proof.net import Net
from engine.proof.rule import Check
from engine.proof.stimulus import MESSAGE


def is_over(net: Net, check: Check, steps: Iterable[int]) -> bool:
    """Say whether completed steps end what a check asks for."""
    over = steps_of(net, check.until)
    return any(step in over for step in steps)


def never_awaits(net: Net, graph: Graph, check: Check) -> Iterator[tuple[int, str]]:
    """Yield the nearest marking in which the message of a check would not be heard."""
    over = steps_of(net, check.until)
    ended: set[int] = set()
    pending = [0]
    met = {0}
    while pending:
        following = []
        for number in pending:
            for edge in graph.edges[number]:
                if edge.target in met:
                    continue
                met.add(edge.target)
                if any(event[0] in over for event in edge.events):
                    ended.add(edge.target)
                    continue
                following.append(edge.target)
                if graph.states[edge.target][0] != "end" and not _hears(graph, edge.target, check):
                    yield (
                        edge.target,
                        f"the message {check.message} is not heard while the case waits here",
                    )
                    return
        pending = following


def _hears(graph: Graph, number: int, check: Check) -> bool:
    return any(
        edge.stimulus.kind == MESSAGE and edge.stimulus.name == check.message
        for edge in graph.edges[number]
    )
