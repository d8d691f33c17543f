"""How many entries each collection on a path has, from what the path assumes of repeated steps."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.proof.concrete import size_of
from engine.proof.explorer import Edge
from engine.proof.marking import State
from engine.proof.net import Net


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
    """Return how many entries a step that was opened by the first edge has."""
    size, done = size_of(choice), 0
    for number, edge in enumerate(edges):
        if number and edge.stimulus.node == key:
            done += 1
        left = next(_left(states[edge.target], key), None)
        if left is None:
            return size
        size = max(size, done + size_of(left))
    return size


def _left(state: State, key: int) -> Iterator[Any]:
    """Yield how many entries of a step are left in a marking."""
    if state[0] in {"begin", "end", "flaw"}:
        return
    for token in state[1]:
        if token[0] == key and token[4] is not None:
            yield token[4]
        if token[8] is not None:
            yield from _left(token[8], key)
