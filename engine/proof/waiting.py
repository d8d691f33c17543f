"""Whether a message is welcome wherever a case waits (L7, L12)."""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from engine.language.telling import told
from engine.proof.graph import Edge, Graph
from engine.proof.marking import BEGIN, END
from engine.proof.monitor import Facts, Monitor, back
from engine.proof.net import Net
from engine.proof.rule import Check


def never_awaits(
    net: Net, graph: Graph, check: Check, names: Mapping[str, Any], facts: Facts | None = None
) -> Iterator[tuple[tuple[Edge, ...], str]]:
    """Yield the shortest path to where the message of a check is not heard.

    `facts` are those of a case that runs already; without them nothing has happened.
    """
    monitor = Monitor(net, check, names)
    start = (0, monitor.first if facts is None else facts)
    sentence = told(
        "the message %(message)s is not heard while the case waits here", message=check.message
    )
    stands = graph.states[0][0] not in {BEGIN, END}
    if stands and monitor.in_force(start[1]) and check.message not in graph.heard(0):
        yield (), sentence
        return
    came: dict[tuple[int, Facts], tuple[tuple[int, Facts], Edge] | None] = {start: None}
    pending = deque([start])
    while pending:
        here = pending.popleft()
        for edge in graph.edges(here[0]):
            there = (edge.target, monitor.after(edge.events, here[1]))
            if there in came:
                continue
            came[there] = (here, edge)
            waits = graph.states[edge.target][0] != END and monitor.in_force(there[1])
            if waits and check.message not in graph.heard(edge.target):
                yield tuple(back(came, there)), sentence
                return
            pending.append(there)
