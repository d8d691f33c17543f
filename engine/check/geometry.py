"""Plane geometry for layout: boxes, lines, and how much room a label takes."""

import math
from collections.abc import Iterator
from itertools import pairwise

from engine.drawing import Box

Point = tuple[float, float]

# The editor writes labels outside shapes in 11 px Arial, broken at 90 px.
_CHARACTER = 5.5
_LINE = 14.0
LABEL_WIDTH = 90.0


def overlap(one: Box, other: Box, slack: float = 0.0) -> bool:
    """Return whether two boxes share an area more than `slack` wide and high."""
    width = min(one.right, other.right) - max(one.x, other.x)
    height = min(one.bottom, other.bottom) - max(one.y, other.y)
    return width > slack and height > slack


def contains(outer: Box, inner: Box, slack: float = 0.0) -> bool:
    """Return whether `inner` lies in `outer`, give or take `slack`."""
    return (
        inner.x >= outer.x - slack
        and inner.y >= outer.y - slack
        and inner.right <= outer.right + slack
        and inner.bottom <= outer.bottom + slack
    )


def shrunk(box: Box, by: float) -> Box | None:
    """Return the box with `by` taken from each side, None when nothing is left."""
    if box.width <= 2 * by or box.height <= 2 * by:
        return None
    return Box(box.x + by, box.y + by, box.width - 2 * by, box.height - 2 * by)


def segments(points: tuple[Point, ...]) -> Iterator[tuple[Point, Point]]:
    """Yield the straight parts of a line."""
    yield from pairwise(points)


def crosses(start: Point, end: Point, box: Box) -> bool:
    """Return whether the straight line from start to end passes through the box (Liang-Barsky)."""
    enter, leave = 0.0, 1.0
    delta = (end[0] - start[0], end[1] - start[1])
    for axis, low, high in ((0, box.x, box.right), (1, box.y, box.bottom)):
        if delta[axis] == 0:
            if not low < start[axis] < high:
                return False
            continue
        near, far = (low - start[axis]) / delta[axis], (high - start[axis]) / delta[axis]
        enter, leave = max(enter, min(near, far)), min(leave, max(near, far))
        if enter >= leave:
            return False
    return True


def border_distance(point: Point, box: Box) -> float:
    """Return how far a point is from the border of a box, inside or outside."""
    x, y = point
    outside_x = max(box.x - x, x - box.right, 0.0)
    outside_y = max(box.y - y, y - box.bottom, 0.0)
    if outside_x or outside_y:
        return math.hypot(outside_x, outside_y)
    return min(x - box.x, box.right - x, y - box.y, box.bottom - y)


def text_size(text: str, width: float = LABEL_WIDTH) -> tuple[float, float]:
    """Return the width and height that a label takes when it is broken at `width`."""
    room = max(1, int(width / _CHARACTER))
    lines: list[int] = []
    for word in text.split():
        if lines and lines[-1] + 1 + len(word) <= room:
            lines[-1] += 1 + len(word)
        else:
            lines.append(len(word))
    return max(lines, default=0) * _CHARACTER, len(lines) * _LINE
