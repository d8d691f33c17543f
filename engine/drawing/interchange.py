"""Reads the layout part of a BPMN file (BPMN DI): shapes, edges and label boxes."""

import math
from collections.abc import Iterator

from lxml import etree

from engine.drawing.shape import Box, Edge, Shape
from engine.drawing.vocabulary import BOUNDS, DIAGRAM, INTERCHANGE

# Threat: a coordinate such as 1e300 turns every later sum into infinity.
FAR = 1_000_000.0
MIN_POINTS = 2


def read_layout(root: etree._Element) -> tuple[tuple[Shape, ...], tuple[Edge, ...]]:
    """Return shapes and edges of all diagrams of the file; broken numbers count as not drawn."""
    shapes: list[Shape] = []
    edges: list[Edge] = []
    for diagram_number, plane in enumerate(root.iter(f"{{{DIAGRAM}}}BPMNPlane")):
        name = f"{reference(plane, 'bpmnElement')}#{diagram_number}"
        shapes.extend(_shapes(plane, name))
        edges.extend(_edges(plane, name))
    return tuple(shapes), tuple(edges)


def _shapes(plane: etree._Element, name: str) -> Iterator[Shape]:
    for node in plane.iter(f"{{{DIAGRAM}}}BPMNShape"):
        box = _box(node)
        if box is not None:
            yield Shape(
                element=reference(node, "bpmnElement"),
                box=box,
                label=_label(node),
                plane=name,
                expanded=node.get("isExpanded") != "false",
                horizontal=node.get("isHorizontal") != "false",
            )


def _edges(plane: etree._Element, name: str) -> Iterator[Edge]:
    for node in plane.iter(f"{{{DIAGRAM}}}BPMNEdge"):
        points = [
            (_number(point.get("x")), _number(point.get("y")))
            for point in node.iterchildren(f"{{{INTERCHANGE}}}waypoint")
        ]
        sound = tuple((x, y) for x, y in points if x is not None and y is not None)
        if len(sound) == len(points) and len(sound) >= MIN_POINTS:
            element = reference(node, "bpmnElement")
            yield Edge(element=element, points=sound, label=_label(node), plane=name)


def _label(node: etree._Element) -> Box | None:
    label = node.find(f"{{{DIAGRAM}}}BPMNLabel")
    return None if label is None else _box(label)


def _box(node: etree._Element) -> Box | None:
    bounds = node.find(f"{{{BOUNDS}}}Bounds")
    if bounds is None:
        return None
    x, y = _number(bounds.get("x")), _number(bounds.get("y"))
    width, height = _number(bounds.get("width")), _number(bounds.get("height"))
    if x is None or y is None or not width or not height or width < 0 or height < 0:
        return None
    return Box(x, y, width, height)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= FAR else None


def reference(node: etree._Element, attribute: str) -> str:
    """Return the id that an attribute points to, without the namespace prefix some tools write."""
    return unprefixed(node, node.get(attribute))


def unprefixed(node: etree._Element, text: str | None) -> str:
    """Return `text` without a leading namespace prefix that is declared at `node`."""
    stripped = (text or "").strip()
    prefix, colon, rest = stripped.partition(":")
    return rest if colon and prefix in node.nsmap else stripped
