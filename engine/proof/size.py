"""How many entries each collection on a path has, from what the path assumes of repeated steps."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.proof.concrete import size_of
from engine.proof.graph import Edge
from engine.proof.marking import State
from engine.proof.net import Net
from engine.proof.repetition import MANY


def sizes_along(
    net: Net, edges: Sequence[Edge], states: Sequence[State]
) -> list[Mapping[str, int]]:
    """Return for each edge the sizes of the collections that may be made then, by name."""
    found: list[Mapping[str, int]] = []
    following: dict[str, int] = {}
    for number in range(len(edges) - 1, -1, -1):
        opened = list(_opened(net, edges[number]))
        for key, choice in reversed(opened):
            many = net.nodes[key].element.multi_instance
            size = _needed(edges[number:], states, key, choice)
            following[many.collection if many else ""] = size
        found.append(dict(following))
    return found[::-1]


def _opened(net: Net, edge: Edge) -> Iterator[tuple[int, Any]]:
    met = set[int]()
    for key, choice in edge.choices:
        many = net.nodes[key].element.multi_instance
        if many is not None and not isinstance(choice, Mapping) and key not in met:
            met.add(key)
            yield key, choice


def _needed(edges: Sequence[Edge], states: Sequence[State], key: int, choice: Any) -> int:
    """Return how many entries a step has that the first edge opens: one more each time of many."""
    size = size_of(choice)
    if choice != MANY:
        return size
    for number, edge in enumerate(edges):
        again = edge.choices.count((key, MANY))
        size += again if number else again - 1
        if not _is_open(states[edge.target], key):
            break
    return size


def _is_open(state: State, key: int) -> bool:
    """Say whether a repeated step is open in a marking."""
    if state[0] in {"begin", "end", "flaw"}:
        return False
    return any(
        token[0] == key or (token[8] is not None and _is_open(token[8], key)) for token in state[1]
    )
