"""Where things are drawn: boxes, shapes and lines, in diagram units."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Box:
    """A rectangle in diagram units; x grows to the right, y grows downwards."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Return the x of the right border."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Return the y of the lower border."""
        return self.y + self.height


@dataclass(frozen=True)
class Shape:
    """Where an element, lane, participant or artefact is drawn; `plane` tells diagrams apart."""

    element: str
    box: Box
    label: Box | None = None
    plane: str = ""
    expanded: bool = True
    horizontal: bool = True


@dataclass(frozen=True)
class Edge:
    """How a flow, message flow or association is drawn: its way points in order."""

    element: str
    points: tuple[tuple[float, float], ...]
    label: Box | None = None
    plane: str = ""
