"""Walks along flows inside one level of a process: what follows, what is reachable, what loops."""

from collections.abc import Iterable, Mapping

from engine.drawing import Element, Process

Graph = Mapping[str, tuple[str, ...]]


def levels(process: Process) -> list[str | None]:
    """Return the process itself (None) and the ids of its sub-processes."""
    return list(dict.fromkeys([None, *(element.parent for element in process.elements)]))


def successors(process: Process, level: str | None) -> dict[str, tuple[str, ...]]:
    """Return what each element leads to; an activity also leads to its boundary events."""
    here = {element.id for element in process.inside(level)}
    return {
        element.id: tuple(
            target
            for target in (
                *(flow.target for flow in process.flows_from(element.id)),
                *(boundary.id for boundary in process.boundaries_of(element.id)),
            )
            if target in here
        )
        for element in process.inside(level)
    }


def reversed_graph(graph: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """Return the graph with every arrow turned round."""
    found: dict[str, list[str]] = {node: [] for node in graph}
    for node, targets in graph.items():
        for target in targets:
            found.setdefault(target, []).append(node)
    return {node: tuple(sources) for node, sources in found.items()}


def reachable(graph: Mapping[str, Iterable[str]], starts: Iterable[str]) -> set[str]:
    """Return everything that can be reached from the starts, the starts included."""
    seen = set(starts)
    pending = list(seen)
    while pending:
        for target in graph.get(pending.pop(), ()):
            if target not in seen:
                seen.add(target)
                pending.append(target)
    return seen


def starts_of(process: Process, level: str | None) -> list[Element]:
    """Return the start events of a level."""
    return [element for element in process.inside(level) if element.kind == "startEvent"]
