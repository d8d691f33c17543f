"""Plays the flows of one level with tokens and finds deadlocks and steps that run twice (L11).

Conditions are not read: every branch of a choice counts as possible. The proof over conditions
and across diagrams is the work of the verification; this check needs one diagram and no time.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from engine.check.context import CheckContext
from engine.check.finding import Finding, error, warning
from engine.check.folder import Folder
from engine.check.graph import levels, reachable, starts_of, successors
from engine.drawing import Drawing, Element, Process
from engine.drawing.vocabulary import GATEWAYS
from engine.language.telling import told

# One parallel block and a handful of choices make some hundred markings; more is a maze.
MAX_MARKINGS = 3_000
# Threat: a hostile drawing with thousands of branches makes each marking long.
MAX_WORK = 300_000

Marking = tuple[str, ...]


@dataclass
class _Play:
    """The markings seen so far and the places where something went wrong."""

    process: Process
    level: str | None
    twice: dict[str, int] = field(default_factory=dict)
    stuck: dict[str, int] = field(default_factory=dict)
    complete: bool = True
    work: int = 0


def check_tokens(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Branches that were opened together meet together, and alternatives never wait for all."""
    for drawing, process in folder.processes():
        for level in levels(process):
            joins = {
                element.kind
                for element in process.inside(level)
                if element.kind in {"parallelGateway", "inclusiveGateway"}
            }
            if joins and _playable(process):
                yield from _findings(drawing, process, level)
            yield from _handlers(drawing, process, level)


def _playable(process: Process) -> bool:
    """Return whether flows can be told apart by id; if not, that is a finding of its own."""
    return len(process.flow_by_id) == len(process.flows)


def _findings(drawing: Drawing, process: Process, level: str | None) -> Iterator[Finding]:
    play = _Play(process, level)
    for start in starts_of(process, level):
        _explore(play, start)
    for identifier in sorted(play.stuck):
        yield error(
            drawing,
            identifier,
            "waits_for_ever",
            told(
                "waits for all its incoming flows although only some of them are taken; let "
                "alternatives meet in an exclusive gateway."
            ),
        )
    for identifier in _origins(play):
        yield error(
            drawing,
            identifier,
            "runs_twice",
            _twice(process, identifier),
        )
    if not play.complete:
        yield warning(
            drawing,
            process.by_id.get(level or "", process),
            "too_many_paths",
            told("has too many paths to look for deadlocks; split it into call activities."),
        )


def _twice(process: Process, identifier: str) -> str:
    if len(process.flows_to(identifier)) > 1:
        return told(
            "branches that run at the same time meet here, so that everything after it runs "
            "twice; join them with a parallel gateway."
        )
    return told(
        "begins again while an earlier run of it is still going on; join its branches with a "
        "parallel gateway before the way back."
    )


def _origins(play: _Play) -> list[str]:
    """Return where doubling begins: merge points if there are any, else the first place met."""
    merges = [found for found in play.twice if len(play.process.flows_to(found)) > 1]
    if merges:
        gateways = [found for found in merges if _is_gateway(play.process, found)]
        nearest = min(play.twice[found] for found in merges)
        return sorted(found for found in gateways if play.twice[found] <= nearest + 1)
    return sorted(play.twice, key=lambda found: play.twice[found])[:1]


def _is_gateway(process: Process, identifier: str) -> bool:
    element = process.by_id.get(identifier)
    return element is not None and element.kind in GATEWAYS


def _explore(play: _Play, start: Element) -> None:
    """Visit every marking from one start, nearest first."""
    first = tuple(sorted(flow.id for flow in play.process.flows_from(start.id)))
    graph = successors(play.process, play.level)
    seen = {first}
    rows = [first]
    distance = 0
    while rows:
        following: list[Marking] = []
        for marking in rows:
            if len(seen) > MAX_MARKINGS or play.work > MAX_WORK:
                play.complete = False
                return
            moves = list(_moves(play, marking, graph))
            if marking and not moves:
                _note_stuck(play, marking, distance)
            for moved in moves:
                play.work += len(moved) + 1
                if moved not in seen:
                    seen.add(moved)
                    if not _doubled(play, moved, distance):
                        following.append(moved)
        rows, distance = following, distance + 1


def _doubled(play: _Play, marking: Marking, distance: int) -> bool:
    twice = {flow for flow, after in pairwise(marking) if flow == after}
    for flow in twice:
        play.twice.setdefault(play.process.flow_by_id[flow].source, distance)
    return bool(twice)


def _note_stuck(play: _Play, marking: Marking, distance: int) -> None:
    for flow in marking:
        target = play.process.flow_by_id[flow].target
        element = play.process.by_id.get(target)
        if element is not None and element.kind == "parallelGateway":
            play.stuck.setdefault(target, distance)


def _moves(play: _Play, marking: Marking, graph: dict[str, tuple[str, ...]]) -> Iterator[Marking]:
    """Yield the markings that one step leads to."""
    for target in dict.fromkeys(play.process.flow_by_id[flow].target for flow in marking):
        element = play.process.by_id.get(target)
        if element is None or element.parent != play.level:
            continue
        arrived = [flow for flow in marking if play.process.flow_by_id[flow].target == target]
        if element.kind == "parallelGateway":
            wanted = {flow.id for flow in play.process.flows_to(target)}
            if wanted <= set(arrived):
                yield from _fire(play, marking, element, sorted(wanted))
        elif element.kind == "inclusiveGateway":
            if not _more_to_come(play, marking, target, graph):
                yield from _fire(play, marking, element, sorted(set(arrived)))
        else:
            for flow in set(arrived):
                yield from _fire(play, marking, element, [flow])


def _more_to_come(
    play: _Play, marking: Marking, join: str, graph: dict[str, tuple[str, ...]]
) -> bool:
    """Return whether a token elsewhere can still reach the inclusive join."""
    play.work += len(graph)
    without = {node: () if node == join else targets for node, targets in graph.items()}
    elsewhere = (play.process.flow_by_id[flow].target for flow in marking)
    return any(join in reachable(without, [node]) for node in elsewhere if node != join)


def _fire(
    play: _Play, marking: Marking, element: Element, consumed: list[str]
) -> Iterator[Marking]:
    rest = list(marking)
    for flow in consumed:
        rest.remove(flow)
    outgoing = [flow.id for flow in play.process.flows_from(element.id)]
    if element.kind == "endEvent":
        terminates = element.event is not None and element.event.kind == "terminate"
        yield () if terminates else tuple(rest)
    elif element.kind in {"exclusiveGateway", "eventBasedGateway"}:
        for flow in outgoing:
            yield tuple(sorted([*rest, flow]))
    elif element.kind == "inclusiveGateway" and len(outgoing) > 1:
        yield tuple(sorted([*rest, *outgoing]))
        for flow in outgoing:
            yield tuple(sorted([*rest, flow]))
    else:
        yield tuple(sorted([*rest, *outgoing]))
        for boundary in play.process.boundaries_of(element.id):
            if boundary.interrupting:
                away = [flow.id for flow in play.process.flows_from(boundary.id)]
                yield tuple(sorted([*rest, *away]))


def _handlers(drawing: Drawing, process: Process, level: str | None) -> Iterator[Finding]:
    """Require that a handler that does not interrupt ends by itself; else steps run twice."""
    graph = successors(process, level)
    handlers = {
        element.id
        for element in process.inside(level)
        if element.kind == "boundaryEvent" and not element.interrupting
    }
    starts = [start.id for start in starts_of(process, level)]
    main = {
        node: tuple(target for target in targets if target not in handlers)
        for node, targets in graph.items()
    }
    usual = reachable(main, starts)
    for handler in sorted(handlers):
        shared = reachable(graph, [handler]) & usual
        merges = sorted(node for node in shared if process.by_id[node].kind != "endEvent")
        if merges:
            yield error(
                drawing,
                handler,
                "handler_leads_back",
                told(
                    "does not interrupt, yet its path leads back to %(first)s, which then runs "
                    "twice; give its path an end event of its own.",
                    first=_first(process, handler, usual),
                ),
            )


def _first(process: Process, handler: str, usual: set[str]) -> str:
    """Return the first element of the main path that the handler's path meets."""
    seen, row = {handler}, [handler]
    while row:
        following = []
        for node in row:
            for flow in process.flows_from(node):
                if flow.target in usual and process.by_id[flow.target].kind != "endEvent":
                    return flow.target
                if flow.target not in seen:
                    seen.add(flow.target)
                    following.append(flow.target)
        row = following
    return handler
