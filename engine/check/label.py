"""Checks that labels can be read: not on a step, not on a line, not on another label."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from engine.check.context import CheckContext
from engine.check.finding import Finding, warning
from engine.check.folder import Folder
from engine.check.geometry import LABEL_WIDTH, crosses, overlap, segments, shrunk, text_size
from engine.check.tidiness import MOST, nodes, small_enough
from engine.drawing import Box, Drawing, Edge, Shape
from engine.drawing.vocabulary import SUB_PROCESSES
from engine.language.telling import told

# Only clear overlaps count: fonts differ, so the estimate of a label's size does too.
_CLEAR = 3.0
# How far from a line the editor puts a label that has no place of its own.
_INDENT = 15.0


@dataclass(frozen=True)
class _Label:
    """The room that a label takes; `placed` tells whether the file says where it is."""

    owner: str
    box: Box
    plane: str
    placed: bool


def check_labels(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """No label lies on a step, a line or another label."""
    for drawing in filter(small_enough, folder.drawings):
        labels = [*_element_labels(drawing), *_flow_labels(drawing)]
        yield from islice(_covered(drawing, labels), MOST)


def _covered(drawing: Drawing, labels: list[_Label]) -> Iterator[Finding]:
    for index, label in enumerate(labels):
        yield from _on_shapes(drawing, label)
        yield from _on_lines(drawing, label)
        yield from _on_labels(drawing, label, labels[index + 1 :])


def _element_labels(drawing: Drawing) -> Iterator[_Label]:
    for element, shape in nodes(drawing):
        if element.name and element.kind.endswith(("Event", "Gateway")):
            box = _fitted(element.name, shape.label) if shape.label else _below(element.name, shape)
            yield _Label(element.id, box, shape.plane, shape.label is not None)


def _flow_labels(drawing: Drawing) -> Iterator[_Label]:
    for flow in drawing.flows:
        edge = drawing.edge_by_id.get(flow.id)
        if flow.name and edge is not None:
            box = _fitted(flow.name, edge.label) if edge.label else _beside(flow.name, edge)
            yield _Label(flow.id, box, edge.plane, edge.label is not None)


def _fitted(text: str, bounds: Box) -> Box:
    """Return where the text is within its bounds: centred at the top, never larger than them."""
    width, height = text_size(text, max(bounds.width, LABEL_WIDTH))
    width, height = min(width, bounds.width), min(height, bounds.height)
    return Box(bounds.x + (bounds.width - width) / 2, bounds.y, width, height)


def _below(text: str, shape: Shape) -> Box:
    width, height = text_size(text)
    middle = shape.box.x + shape.box.width / 2
    return Box(middle - width / 2, shape.box.bottom, width, height)


def _beside(text: str, edge: Edge) -> Box:
    """Return where the editor puts the label: above a level part, right of an upright one."""
    width, height = text_size(text)
    middle = (len(edge.points) - 1) // 2
    start, end = edge.points[middle], edge.points[middle + 1]
    x, y = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
    if abs(start[0] - end[0]) > _CLEAR:
        y -= _INDENT
    else:
        x += _INDENT + width / 2
    return Box(x - width / 2, y - height / 2, width, height)


def _on_shapes(drawing: Drawing, label: _Label) -> Iterator[Finding]:
    for element, shape in nodes(drawing):
        if element.id == label.owner or shape.plane != label.plane:
            continue
        if element.kind in SUB_PROCESSES and shape.expanded:
            continue
        if overlap(label.box, shape.box, _CLEAR):
            yield warning(
                drawing,
                label.owner,
                "label_on_shape",
                told(
                    "its label lies on %(element)s; move the label to a free place.",
                    element=element.id,
                ),
            )


def _on_lines(drawing: Drawing, label: _Label) -> Iterator[Finding]:
    inner = shrunk(label.box, _CLEAR)
    if inner is None:
        return
    for flow in drawing.flows:
        edge = drawing.edge_by_id.get(flow.id)
        if edge is None or edge.plane != label.plane:
            continue
        # Without a place of its own the label is where the editor puts it beside its line.
        if flow.id == label.owner and not label.placed:
            continue
        if any(crosses(start, end, inner) for start, end in segments(edge.points)):
            yield warning(
                drawing,
                label.owner,
                "label_on_line",
                told(
                    "its label lies on the line of %(flow)s; move the label to a free place.",
                    flow=flow.id,
                ),
            )


def _on_labels(drawing: Drawing, label: _Label, others: list[_Label]) -> Iterator[Finding]:
    for other in others:
        if label.plane == other.plane and overlap(label.box, other.box, _CLEAR):
            yield warning(
                drawing,
                other.owner,
                "label_on_label",
                told(
                    "its label lies on the label of %(owner)s; move one of them away.",
                    owner=label.owner,
                ),
            )
