"""Checks the shape of a process: starts, ends, reachability, flows that lead nowhere."""

from collections.abc import Iterator

from engine.check.context import CheckContext
from engine.check.finding import Finding, error, kind_words
from engine.check.folder import Folder
from engine.check.graph import levels, reachable, reversed_graph, starts_of, successors
from engine.drawing import Drawing, Element, Flow, Process
from engine.language.telling import Told, told


def check_starts_and_ends(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Every level has a start and an end; a sub-process has exactly one start (L11)."""
    for drawing, process in folder.processes():
        for level in levels(process):
            if not process.inside(level) and level is not None:
                continue
            holder = process.by_id.get(level or "")
            yield from _starts(drawing, process, level, holder)
            if not any(element.kind == "endEvent" for element in process.inside(level)):
                yield error(
                    drawing,
                    holder or process,
                    "no_end",
                    told(
                        "has no end event, so that it never finishes; add an end event after the "
                        "last step."
                    ),
                )


def _starts(
    drawing: Drawing, process: Process, level: str | None, holder: Element | None
) -> Iterator[Finding]:
    starts = starts_of(process, level)
    if not starts:
        yield error(
            drawing,
            holder or process,
            "no_start",
            told("has no start event; add one before the first step."),
        )
    elif holder is not None and len(starts) > 1:
        yield error(
            drawing,
            holder,
            "several_starts",
            told(
                "has %(count)s start events; keep one, a sub-process begins in one place.",
                count=len(starts),
            ),
        )


def check_empty_sub_processes(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Require that a sub-process without steps never finishes."""
    for drawing, process in folder.processes():
        for element in process.elements:
            if element.kind == "subProcess" and not process.inside(element.id):
                yield error(
                    drawing,
                    element,
                    "empty_sub_process",
                    told(
                        "is a sub-process without steps; draw its steps, or make it a call "
                        "activity."
                    ),
                )


def check_reachability(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Every step can be reached from a start and can reach an end (L11)."""
    for drawing, process in folder.processes():
        for level in levels(process):
            yield from _reachability(drawing, process, level)


def _reachability(drawing: Drawing, process: Process, level: str | None) -> Iterator[Finding]:
    graph = successors(process, level)
    starts = [start.id for start in starts_of(process, level)]
    forward = reachable(graph, starts)
    ends = [element.id for element in process.inside(level) if element.kind == "endEvent"]
    backward = reachable(reversed_graph(graph), ends)
    for element in process.inside(level):
        if _stands_apart(process, element):
            continue
        if starts and element.id not in forward:
            yield error(
                drawing,
                element,
                "unreachable",
                told(
                    "no path from a start leads to this %(kind)s; connect it with a flow or "
                    "remove it.",
                    kind=kind_words(element.kind),
                ),
            )
        elif element.kind != "endEvent" and not _ways_on(process, element):
            yield error(
                drawing,
                element,
                "implicit_end",
                told(
                    "nothing follows this %(kind)s, so that the process hangs there; add an end "
                    "event after it.",
                    kind=kind_words(element.kind),
                ),
            )
        elif ends and element.id not in backward and _ways_on(process, element):
            yield error(
                drawing,
                element,
                "no_way_out",
                told(
                    "no path from this %(kind)s leads to an end; draw a way out of the loop.",
                    kind=kind_words(element.kind),
                ),
            )


def _ways_on(process: Process, element: Element) -> bool:
    return bool(process.flows_from(element.id))


def _stands_apart(process: Process, element: Element) -> bool:
    """Return whether other checks speak about it: it is not on any path by its nature."""
    detached = element.kind == "boundaryEvent" and element.attached_to not in process.by_id
    return element.event_sub_process or element.for_compensation or detached


def check_flow_ends(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Every flow joins two elements of the same level, enters no start and leaves no end."""
    for drawing, process in folder.processes():
        for flow in process.flows:
            yield from _flow_ends(drawing, process, flow)


def _dangling(name: str, *, begins: bool) -> Told:
    if begins and name:
        return told(
            "begins at nothing (%(name)s is not in this process); connect it to a step or remove "
            "it.",
            name=name,
        )
    if name:
        return told(
            "ends at nothing (%(name)s is not in this process); connect it to a step or remove it.",
            name=name,
        )
    if begins:
        return told("begins at nothing; connect it to a step or remove it.")
    return told("ends at nothing; connect it to a step or remove it.")


def _flow_ends(drawing: Drawing, process: Process, flow: Flow) -> Iterator[Finding]:
    source, target = process.by_id.get(flow.source), process.by_id.get(flow.target)
    if source is None or target is None:
        name = flow.source if source is None else flow.target
        yield error(drawing, flow, "dangling_flow", _dangling(name, begins=source is None))
        return
    if source.parent != target.parent:
        yield error(
            drawing,
            flow,
            "flow_across_border",
            told(
                "crosses the border of a sub-process; let it end there, and draw a flow out of the "
                "sub-process."
            ),
        )
    if target.kind == "startEvent":
        yield error(
            drawing, flow, "flow_into_start", told("leads into a start event; lead it to a step.")
        )
    if target.kind == "boundaryEvent":
        yield error(
            drawing,
            flow,
            "flow_into_boundary",
            told("leads into a boundary event; lead it to a step."),
        )
    if source.kind == "endEvent":
        yield error(
            drawing,
            flow,
            "flow_from_end",
            told("leaves an end event; make that an intermediate event or remove the flow."),
        )
