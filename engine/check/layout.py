"""Checks that everything is drawn, and drawn inside what it belongs to."""

from collections.abc import Iterator, Mapping

from engine.check.context import CheckContext
from engine.check.finding import WHOLE_FILE, Finding, error, kind_words, warning
from engine.check.folder import Folder
from engine.check.geometry import contains
from engine.drawing import Drawing, Edge, Element, Process, Shape
from engine.language.telling import told

# A drawing beyond this is not a diagram that anybody reads; its layout is not compared pairwise.
MAX_SHAPES = 400
MAX_ELEMENTS = 300
_SLACK = 2.0


def check_size(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Require a diagram small enough to be read and executed (engine.md, 300 elements)."""
    for drawing in folder.drawings:
        if len(drawing.elements) > MAX_ELEMENTS:
            yield error(
                drawing,
                WHOLE_FILE,
                "too_many_elements",
                told(
                    "has %(count)s elements; a diagram has at most %(max_elements)s, so move "
                    "phases into diagrams of their own and use call activities.",
                    count=len(drawing.elements),
                    max_elements=MAX_ELEMENTS,
                ),
            )


def check_drawn(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Every element, lane and flow has its place in the picture."""
    for drawing in folder.drawings:
        if not drawing.shapes and drawing.elements:
            yield error(
                drawing,
                WHOLE_FILE,
                "no_layout",
                told(
                    "has no layout, so that it cannot be shown; open it in the editor, arrange it "
                    "and save it."
                ),
            )
            continue
        hidden = _inside_collapsed(drawing)
        yield from _missing_shapes(drawing, hidden)
        for flow in drawing.flows:
            joined = flow.source in drawing.by_id and flow.target in drawing.by_id
            if flow.id not in drawing.edge_by_id and joined and flow.parent not in hidden:
                yield error(
                    drawing,
                    flow,
                    "missing_edge",
                    told("is not drawn; draw the flow again in the editor."),
                )
        yield from _stray(drawing)


def _missing_shapes(drawing: Drawing, hidden: set[str]) -> Iterator[Finding]:
    for element in drawing.elements:
        if element.id not in drawing.shape_by_id and element.parent not in hidden:
            yield error(
                drawing,
                element,
                "missing_shape",
                told(
                    "this %(kind)s is not drawn; draw it again in the editor.",
                    kind=kind_words(element.kind),
                ),
            )
    for process in drawing.processes:
        for lane in process.lanes:
            if lane.id not in drawing.shape_by_id and lane.within not in hidden:
                yield error(
                    drawing,
                    lane,
                    "missing_shape",
                    told(
                        "the lane %(name)s is not drawn; draw it again in the editor.",
                        name=lane.name or lane.id,
                    ),
                )


def _stray(drawing: Drawing) -> Iterator[Finding]:
    known = set(drawing.ids)
    drawn: list[Shape | Edge] = [*drawing.shapes, *drawing.edges]
    for part in drawn:
        if part.element not in known:
            yield warning(
                drawing,
                part.element,
                "stray_shape",
                told(
                    "the picture shows %(element)s, which is not in the file; remove it, or draw "
                    "it again.",
                    element=part.element or told("something"),
                ),
            )


def _inside_collapsed(drawing: Drawing) -> set[str]:
    """Return the sub-processes that are drawn closed, and those within them."""
    found: set[str] = set()
    for element in drawing.elements:
        shape = drawing.shape_by_id.get(element.id)
        if (shape is not None and not shape.expanded) or element.parent in found:
            found.add(element.id)
    return found


def check_containment(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Elements are drawn in their lane and sub-process, lanes in their pool."""
    for drawing in folder.drawings:
        if len(drawing.shapes) > MAX_SHAPES:
            continue
        shapes = drawing.shape_by_id
        for process in drawing.processes:
            for element in process.elements:
                yield from _element_outside(drawing, process, element, shapes)
        yield from _lanes_outside(drawing, shapes)


def _element_outside(
    drawing: Drawing, process: Process, element: Element, shapes: Mapping[str, Shape]
) -> Iterator[Finding]:
    shape = shapes.get(element.id)
    if shape is None or element.kind == "boundaryEvent":
        return
    lane = process.lane_by_id.get(element.lane or "")
    # An element in a sub-process is in the sub-process's lane, and inside the sub-process.
    if lane is not None and element.id in lane.members and _out_of(shape, shapes.get(lane.id)):
        yield warning(
            drawing,
            element,
            "outside_lane",
            told(
                "belongs to the lane %(name)s but is drawn outside it; move it into the lane.",
                name=lane.name or lane.id,
            ),
        )
    if element.parent and _out_of(shape, shapes.get(element.parent)):
        yield warning(
            drawing,
            element,
            "outside_sub_process",
            told(
                "belongs to the sub-process %(parent)s but is drawn outside it; move it inside.",
                parent=element.parent,
            ),
        )
    for pool in drawing.participants:
        if pool.process == process.id and _out_of(shape, shapes.get(pool.id)):
            yield warning(
                drawing,
                element,
                "outside_pool",
                told(
                    "belongs to the pool %(name)s but is drawn outside it; move it inside.",
                    name=pool.name or pool.id,
                ),
            )


def _lanes_outside(drawing: Drawing, shapes: Mapping[str, Shape]) -> Iterator[Finding]:
    for process in drawing.processes:
        pool = next((pool for pool in drawing.participants if pool.process == process.id), None)
        for lane in process.lanes:
            shape = shapes.get(lane.id)
            holder = lane.parent or (pool.id if pool is not None else "")
            if shape is not None and _out_of(shape, shapes.get(holder)):
                yield warning(
                    drawing,
                    lane,
                    "lane_outside",
                    told(
                        "the lane %(name)s is drawn outside %(holder)s; move it inside.",
                        name=lane.name or lane.id,
                        holder=holder,
                    ),
                )


def _out_of(shape: Shape, holder: Shape | None) -> bool:
    """Return whether a shape leaves its holder; a closed holder has its inside on another page."""
    if holder is None or holder.plane != shape.plane or not holder.expanded:
        return False
    return not contains(holder.box, shape.box, _SLACK)


def check_lanes_cover(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Where lanes are drawn, every step is in one, and in one only."""
    for drawing, process in folder.processes():
        if not process.lanes:
            continue
        for element in process.inside(None):
            if element.lane is None and element.kind != "boundaryEvent":
                yield error(
                    drawing,
                    element,
                    "not_in_lane",
                    told(
                        "is in no lane although the process has lanes; move it into the lane of "
                        "those who do it."
                    ),
                )
        yield from _in_two_lanes(drawing, process)


def _in_two_lanes(drawing: Drawing, process: Process) -> Iterator[Finding]:
    leaves = {lane.id for lane in process.lanes} - {lane.parent for lane in process.lanes}
    seen: dict[str, str] = {}
    for lane in process.lanes:
        if lane.id not in leaves:
            continue
        for member in lane.members:
            other = seen.setdefault(member, lane.id)
            if other != lane.id:
                yield error(
                    drawing,
                    member,
                    "in_two_lanes",
                    told(
                        "belongs to the lanes %(other)s and %(lane)s; move it into one of them.",
                        other=other,
                        lane=lane.id,
                    ),
                )
            elif member not in process.by_id:
                yield warning(
                    drawing,
                    lane,
                    "unknown_lane_member",
                    told(
                        "the lane %(name)s lists %(member)s, which is not in the process; save "
                        "the diagram again in the editor.",
                        name=lane.name or lane.id,
                        member=member,
                    ),
                )
