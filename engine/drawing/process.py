"""Reads one process of a BPMN file: its elements, flows and lanes, sub-processes flattened."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from lxml import etree

from engine.drawing.element import Beside, documentation_of, properties_of, read_element
from engine.drawing.interchange import reference, unprefixed
from engine.drawing.model import Artifact, Element, Flow, Lane, Process
from engine.drawing.role import ROLE_PROPERTY, lane_and_role, lanes_with_roles
from engine.drawing.vocabulary import BPMN, NODES, SUB_PROCESSES
from engine.drawing.xmltext import id_of, line_of, local_name, text_of

# What stands in a process without being a step, a flow or an artefact.
_SILENT = frozenset(
    {
        "documentation",
        "extensionElements",
        "auditing",
        "monitoring",
        "property",
        "ioSpecification",
        "ioBinding",
        "resourceRole",
        "performer",
        "humanPerformer",
        "potentialOwner",
        "correlationSubscription",
        "supports",
        "incoming",
        "outgoing",
        "dataInputAssociation",
        "dataOutputAssociation",
        "multiInstanceLoopCharacteristics",
        "standardLoopCharacteristics",
        "completionCondition",
        "category",
    }
)


@dataclass
class _Collected:
    """What the walk through one process has found so far."""

    elements: list[Element] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    lanes: list[Lane] = field(default_factory=list)
    artifacts: list[Artifact] = field(default_factory=list)


def read_process(node: etree._Element, beside: Beside) -> Process:
    """Return the process with everything inside it; sub-processes point up with `parent`."""
    found = _Collected()
    process_id = id_of(node)
    pending: list[tuple[etree._Element, str | None]] = [(node, None)]
    while pending:
        container, parent = pending.pop()
        for child in container:
            if not _is_bpmn(child):
                continue
            if local_name(child) in NODES:
                found.elements.append(read_element(child, process_id, parent, beside))
            else:
                _collect(child, process_id, parent, found)
            if local_name(child) in SUB_PROCESSES:
                pending.append((child, id_of(child)))
    roles = lanes_with_roles(found.lanes)
    return Process(
        id=process_id,
        name=node.get("name", ""),
        # The standard says false when absent, and SpiffWorkflow and the editors write it out.
        executable=node.get("isExecutable", "").strip() in {"true", "1"},
        elements=_placed(found, roles),
        flows=tuple(found.flows),
        lanes=tuple(replace(lane, role=roles.get(lane.id)) for lane in found.lanes),
        artifacts=tuple(found.artifacts),
        properties=properties_of(node),
        documentation=documentation_of(node),
        line=line_of(node),
    )


def _is_bpmn(node: etree._Element) -> bool:
    return isinstance(node.tag, str) and etree.QName(node).namespace == BPMN


def _collect(node: etree._Element, process: str, parent: str | None, found: _Collected) -> None:
    kind = local_name(node)
    if kind == "sequenceFlow":
        found.flows.append(_flow(node, process, parent))
    elif kind == "laneSet":
        found.lanes.extend(_lanes(node, parent))
    elif kind not in _SILENT and not kind.endswith("EventDefinition"):
        name = node.get("name") or text_of(node.find(f"{{{BPMN}}}text"))
        found.artifacts.append(Artifact(id_of(node), kind, name, parent))


def _flow(node: etree._Element, process: str, parent: str | None) -> Flow:
    condition = node.find(f"{{{BPMN}}}conditionExpression")
    return Flow(
        id=id_of(node),
        name=node.get("name", ""),
        source=reference(node, "sourceRef"),
        target=reference(node, "targetRef"),
        condition=None if condition is None else text_of(condition),
        process=process,
        parent=parent,
        line=line_of(node),
    )


def _lanes(lane_set: etree._Element, within: str | None) -> Iterator[Lane]:
    pending: list[tuple[etree._Element, str | None]] = [(lane_set, None)]
    while pending:
        holder, parent = pending.pop()
        for node in holder.iterchildren(f"{{{BPMN}}}lane"):
            lane_id = id_of(node)
            members = (
                unprefixed(ref, ref.text) for ref in node.iterchildren(f"{{{BPMN}}}flowNodeRef")
            )
            yield Lane(
                id=lane_id,
                name=node.get("name", ""),
                parent=parent,
                members=tuple(member for member in members if member),
                own_role=properties_of(node).get(ROLE_PROPERTY) or None,
                within=within,
            )
            pending.extend(
                (child, lane_id) for child in node.iterchildren(f"{{{BPMN}}}childLaneSet")
            )


def _placed(found: _Collected, roles: Mapping[str, str | None]) -> tuple[Element, ...]:
    """Return the elements with their flows, lane and role filled in."""
    incoming: dict[str, list[str]] = {}
    outgoing: dict[str, list[str]] = {}
    for flow in found.flows:
        outgoing.setdefault(flow.source, []).append(flow.id)
        incoming.setdefault(flow.target, []).append(flow.id)
    parents = {element.id: element.parent for element in found.elements}
    lane_of = _innermost_lanes(found.lanes)
    return tuple(
        _at(
            element,
            incoming,
            outgoing,
            lane_and_role(
                element.id, parents, lane_of, roles, element.properties.get(ROLE_PROPERTY) or None
            ),
        )
        for element in found.elements
    )


def _at(
    element: Element,
    incoming: Mapping[str, list[str]],
    outgoing: Mapping[str, list[str]],
    place: tuple[str | None, str | None],
) -> Element:
    return replace(
        element,
        incoming=tuple(incoming.get(element.id, ())),
        outgoing=tuple(outgoing.get(element.id, ())),
        lane=place[0],
        role=place[1],
    )


def _innermost_lanes(lanes: list[Lane]) -> dict[str, str]:
    """Return the lane of each member; lanes come parents first, so that the innermost wins."""
    return {member: lane.id for lane in lanes for member in lane.members}
