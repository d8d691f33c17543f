"""Says which role works on an element, from lanes and `candidateRole` settings."""

from collections.abc import Iterable, Mapping

from engine.drawing.model import Drawing, Element, Lane

ROLE_PROPERTY = "candidateRole"


def role_of(element: Element) -> str | None:
    """Return the role code that owns the element, None when nobody does (L9).

    The lane decides; a nested lane inherits its parent's role, an element in a sub-process inherits
    the sub-process's lane unless it names a role itself; outside lanes the element's own setting.
    """
    return element.role


def user_tasks(drawing: Drawing) -> tuple[Element, ...]:
    """Return the user tasks of all processes of the drawing, in file order."""
    return tuple(element for element in drawing.elements if element.kind == "userTask")


def lanes_with_roles(lanes: Iterable[Lane]) -> dict[str, str | None]:
    """Return the effective role of each lane by lane id; a lane without one asks its parent."""
    own = {lane.id: lane for lane in lanes}
    return {lane_id: _inherited(lane_id, own) for lane_id in own}


def _inherited(lane_id: str | None, lanes: Mapping[str, Lane]) -> str | None:
    seen: set[str] = set()
    while lane_id is not None and lane_id in lanes and lane_id not in seen:
        seen.add(lane_id)
        if lanes[lane_id].own_role:
            return lanes[lane_id].own_role
        lane_id = lanes[lane_id].parent
    return None


def lane_and_role(
    element: str,
    parents: Mapping[str, str | None],
    lane_of: Mapping[str, str],
    roles: Mapping[str, str | None],
    own: str | None,
) -> tuple[str | None, str | None]:
    """Return the lane of the element (its own or its sub-process's) and its effective role."""
    lane = lane_of.get(element)
    if lane is not None:
        return lane, roles.get(lane) or own
    seen: set[str] = set()
    above = parents.get(element)
    while above is not None and above not in seen:
        seen.add(above)
        if above in lane_of:
            return lane_of[above], own or roles.get(lane_of[above])
        above = parents.get(above)
    return None, own
