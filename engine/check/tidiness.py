"""Checks that the picture can be read: nothing on top of another, flows around steps."""

import math
from collections.abc import Iterator
from itertools import islice

from engine.check.context import CheckContext
from engine.check.finding import WHOLE_FILE, Finding, warning
from engine.check.folder import Folder
from engine.check.geometry import border_distance, crosses, overlap, segments, shrunk
from engine.check.layout import MAX_SHAPES
from engine.drawing import Drawing, Edge, Element, Flow, Shape
from engine.language import mark
from engine.language.telling import told

_SLACK = 1.0
_INSET = 3.0
_EVENT_RADIUS = 20.0
_ON_BORDER = 5.0
_STRAIGHT = 2.0
# Threat: every part of every line is compared with every shape; the largest of our own
# diagrams takes a tenth of this.
_MAX_COMPARISONS = 300_000
# Whoever has this many of one kind arranges the whole diagram anew.
MOST = 50


def small_enough(drawing: Drawing) -> bool:
    """Return whether the drawing can be compared pair by pair."""
    parts = sum(len(edge.points) for edge in drawing.edges) + len(drawing.shapes)
    return len(drawing.shapes) <= MAX_SHAPES and parts * len(drawing.shapes) <= _MAX_COMPARISONS


def check_comparable(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Say so when the layout of a drawing is too large to be checked."""
    for drawing in folder.drawings:
        if not small_enough(drawing):
            yield warning(
                drawing,
                WHOLE_FILE,
                "layout_not_checked",
                told(
                    "has too many shapes and corners for its layout to be checked; split the "
                    "diagram, or draw its flows with fewer corners."
                ),
            )


def nodes(drawing: Drawing) -> list[tuple[Element, Shape]]:
    """Return the elements that are drawn, with their shapes."""
    shapes = drawing.shape_by_id
    found = (element for element in drawing.by_id.values() if element.id in shapes)
    return [(element, shapes[element.id]) for element in found]


def check_overlaps(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """No two steps lie on each other."""
    for drawing in filter(small_enough, folder.drawings):
        yield from islice(_overlaps(drawing), MOST)
        yield from islice(_on_annotations(drawing), MOST)


def _overlaps(drawing: Drawing) -> Iterator[Finding]:
    drawn = nodes(drawing)
    for index, (element, shape) in enumerate(drawn):
        for other, other_shape in drawn[index + 1 :]:
            if shape.plane != other_shape.plane:
                continue
            if not overlap(shape.box, other_shape.box, _SLACK):
                continue
            if not _may_touch(drawing, element, other):
                yield warning(
                    drawing,
                    other,
                    "shapes_overlap",
                    told("lies on %(element)s; move one of them away.", element=element.id),
                )


def _may_touch(drawing: Drawing, one: Element, other: Element) -> bool:
    """Return whether one is attached to the other or inside it."""
    if other.id in {one.attached_to, one.id} or one.id == other.attached_to:
        return True
    return other.id in ancestors(drawing, one) or one.id in ancestors(drawing, other)


def ancestors(drawing: Drawing, element: Element) -> set[str]:
    """Return the sub-processes around an element; of a boundary event also around its host."""
    found: set[str] = set()
    above = element.parent
    while above is not None and above not in found:
        found.add(above)
        holder = drawing.by_id.get(above)
        above = holder.parent if holder is not None else None
    return found


def _on_annotations(drawing: Drawing) -> Iterator[Finding]:
    for artifact in _annotations(drawing):
        shape = drawing.shape_by_id[artifact]
        for element, other in nodes(drawing):
            if element.kind in {"subProcess", "transaction", "adHocSubProcess"}:
                continue
            if shape.plane == other.plane and overlap(shape.box, other.box, _SLACK):
                yield warning(
                    drawing,
                    artifact,
                    "shapes_overlap",
                    told("the annotation lies on %(element)s; move it away.", element=element.id),
                )


def _annotations(drawing: Drawing) -> list[str]:
    found = [*drawing.artifacts]
    for process in drawing.processes:
        found.extend(process.artifacts)
    return [
        artifact.id
        for artifact in found
        if artifact.kind == "textAnnotation" and artifact.id in drawing.shape_by_id
    ]


def check_flows_around(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """No flow runs through a step that it neither leaves nor enters."""
    for drawing in filter(small_enough, folder.drawings):
        yield from islice(_crossings(drawing), MOST)


def _crossings(drawing: Drawing) -> Iterator[Finding]:
    drawn = nodes(drawing)
    for flow in drawing.flows:
        edge = drawing.edge_by_id.get(flow.id)
        if edge is not None:
            yield from _through(drawing, flow, edge, drawn)


def _through(
    drawing: Drawing, flow: Flow, edge: Edge, drawn: list[tuple[Element, Shape]]
) -> Iterator[Finding]:
    ends = [drawing.by_id[end] for end in (flow.source, flow.target) if end in drawing.by_id]
    free = {end.id for end in ends}
    for end in ends:
        free |= ancestors(drawing, end)
    source = drawing.by_id.get(flow.source)
    host = source.attached_to if source is not None else None
    for element, shape in drawn:
        if element.id in free or shape.plane != edge.plane:
            continue
        # The line of a boundary event begins on its host, half an event deep.
        inner = shrunk(shape.box, _EVENT_RADIUS if element.id == host else _INSET)
        if inner is not None and any(
            crosses(start, end, inner) for start, end in segments(edge.points)
        ):
            yield warning(
                drawing,
                flow,
                "flow_through_shape",
                told("runs through %(element)s; lead it around.", element=element.id),
            )


def check_straight_flows(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Flows run level or upright and begin and end on the border of their steps."""
    for drawing in filter(small_enough, folder.drawings):
        for flow in drawing.flows:
            edge = drawing.edge_by_id.get(flow.id)
            if edge is None:
                continue
            if any(_slanting(start, end) for start, end in segments(edge.points)):
                yield warning(
                    drawing,
                    flow,
                    "diagonal_flow",
                    told("runs diagonally; lead it level and upright with right angles."),
                )
            yield from _loose_ends(drawing, flow, edge)


def _slanting(start: tuple[float, float], end: tuple[float, float]) -> bool:
    return abs(start[0] - end[0]) > _STRAIGHT and abs(start[1] - end[1]) > _STRAIGHT


def _loose_ends(drawing: Drawing, flow: Flow, edge: Edge) -> Iterator[Finding]:
    for identifier, point, text in (
        (
            flow.source,
            edge.points[0],
            mark("does not begin on the border of %(step)s; drag its end onto the border."),
        ),
        (
            flow.target,
            edge.points[-1],
            mark("does not end on the border of %(step)s; drag its end onto the border."),
        ),
    ):
        shape = drawing.shape_by_id.get(identifier)
        element = drawing.by_id.get(identifier)
        if shape is None or element is None or shape.plane != edge.plane:
            continue
        if _from_border(point, element, shape) > _ON_BORDER:
            yield warning(
                drawing,
                flow,
                "loose_flow_end",
                told(text, step=identifier),
            )


def _from_border(point: tuple[float, float], element: Element, shape: Shape) -> float:
    """Return how far a point is from the drawn outline: box, circle or diamond."""
    box = shape.box
    distance = border_distance(point, box)
    across, down = point[0] - box.x - box.width / 2, point[1] - box.y - box.height / 2
    if element.kind.endswith("Event"):
        return min(distance, abs(math.hypot(across, down) - box.width / 2))
    if element.kind.endswith("Gateway"):
        reach = abs(across) / box.width + abs(down) / box.height
        return min(distance, abs(reach - 0.5) * min(box.width, box.height))
    return distance
