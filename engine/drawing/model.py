"""The parts of a drawing as frozen data: processes, elements, flows and lanes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from engine.drawing.shape import Edge, Shape

T = TypeVar("T")


@dataclass(frozen=True)
class Message:
    """A message, signal, error or escalation defined beside the processes."""

    id: str
    name: str
    code: str = ""
    variable: str = ""
    payload: str = ""


@dataclass(frozen=True)
class Event:
    """What an event waits for or throws.

    `kind` is message, signal, timer, error, escalation, terminate, conditional, link, cancel or
    compensate. `reference` is the id as written, `name` the name it resolves to (empty when it does
    not). For a timer, `rule_kind` is timeDuration, timeDate or timeCycle and `rule` its text.
    """

    kind: str
    reference: str = ""
    name: str = ""
    rule_kind: str = ""
    rule: str = ""
    by_reference: bool = False


@dataclass(frozen=True)
class MultiInstance:
    """One activity for each item of a collection, at once or one after the other."""

    sequential: bool = False
    collection: str = ""
    item: str = ""
    output: str = ""
    output_item: str = ""
    cardinality: str = ""
    completion_condition: str = ""


@dataclass(frozen=True)
class Parameter:
    """One input of an operator: `value` is a FEEL expression over the process variables."""

    name: str
    type: str
    value: str


@dataclass(frozen=True)
class Element:
    """A step, event or gateway. `kind` is the BPMN local name, for example `userTask`."""

    id: str
    name: str
    kind: str
    process: str
    line: int = 0
    parent: str | None = None
    lane: str | None = None
    role: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    documentation: str = ""
    incoming: tuple[str, ...] = ()
    outgoing: tuple[str, ...] = ()
    default_flow: str | None = None
    operator: str | None = None
    parameters: tuple[Parameter, ...] = ()
    decision_ref: str | None = None
    called_element: str | None = None
    script: str | None = None
    extensions: frozenset[str] = frozenset()
    events: tuple[Event, ...] = ()
    message: str = ""
    attached_to: str | None = None
    interrupting: bool = True
    event_sub_process: bool = False
    for_compensation: bool = False
    multi_instance: MultiInstance | None = None
    standard_loop: bool = False
    foreign: Mapping[str, str] = field(default_factory=dict)

    @property
    def event(self) -> Event | None:
        """Return the only or first event definition, None for a plain start or end."""
        return self.events[0] if self.events else None

    @property
    def label(self) -> str:
        """Return what people call it: its name, else its id."""
        return self.name or self.id


@dataclass(frozen=True)
class Flow:
    """A sequence flow. `condition` is FEEL as written, None when there is none."""

    id: str
    name: str
    source: str
    target: str
    condition: str | None = None
    process: str = ""
    parent: str | None = None
    line: int = 0


@dataclass(frozen=True)
class Lane:
    """A band of the diagram; `role` is its own or inherited `candidateRole`."""

    id: str
    name: str
    role: str | None = None
    parent: str | None = None
    members: tuple[str, ...] = ()
    own_role: str | None = None
    within: str | None = None


@dataclass(frozen=True)
class Artifact:
    """Something drawn that is never executed: data, a store, an annotation, a group."""

    id: str
    kind: str
    name: str = ""
    parent: str | None = None


@dataclass(frozen=True)
class Process:
    """One process of a file with everything inside, sub-processes flattened (see `parent`)."""

    id: str
    name: str
    executable: bool
    elements: tuple[Element, ...] = ()
    flows: tuple[Flow, ...] = ()
    lanes: tuple[Lane, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    documentation: str = ""
    line: int = 0

    @cached_property
    def by_id(self) -> Mapping[str, Element]:
        """Return the elements by id; of two with one id, the first."""
        return _first(self.elements, "id")

    @cached_property
    def flow_by_id(self) -> Mapping[str, Flow]:
        """Return the flows by id; of two with one id, the first."""
        return _first(self.flows, "id")

    @cached_property
    def lane_by_id(self) -> Mapping[str, Lane]:
        """Return the lanes by id; of two with one id, the first."""
        return _first(self.lanes, "id")

    @cached_property
    def _flows_from(self) -> Mapping[str, tuple[Flow, ...]]:
        return _grouped(self.flows, "source")

    @cached_property
    def _flows_to(self) -> Mapping[str, tuple[Flow, ...]]:
        return _grouped(self.flows, "target")

    @cached_property
    def _boundaries(self) -> Mapping[str, tuple[Element, ...]]:
        found: dict[str, list[Element]] = {}
        for element in self.elements:
            if element.kind == "boundaryEvent" and element.attached_to:
                found.setdefault(element.attached_to, []).append(element)
        return {key: tuple(value) for key, value in found.items()}

    @cached_property
    def _inside(self) -> Mapping[str | None, tuple[Element, ...]]:
        found: dict[str | None, list[Element]] = {}
        for element in self.elements:
            found.setdefault(element.parent, []).append(element)
        return {key: tuple(value) for key, value in found.items()}

    def flows_from(self, element: str) -> tuple[Flow, ...]:
        """Return the flows that leave the element, in file order."""
        return self._flows_from.get(element, ())

    def flows_to(self, element: str) -> tuple[Flow, ...]:
        """Return the flows that enter the element, in file order."""
        return self._flows_to.get(element, ())

    def boundaries_of(self, element: str) -> tuple[Element, ...]:
        """Return the boundary events attached to the element."""
        return self._boundaries.get(element, ())

    def inside(self, parent: str | None) -> tuple[Element, ...]:
        """Return the elements directly in the sub-process `parent`, None for the process itself."""
        return self._inside.get(parent, ())


@dataclass(frozen=True)
class Participant:
    """A pool of a collaboration and the process in it, if any."""

    id: str
    name: str
    process: str | None = None


@dataclass(frozen=True)
class MessageFlow:
    """A flow between two pools: drawn only, never executed."""

    id: str
    name: str
    source: str
    target: str


@dataclass(frozen=True)
class Drawing:
    """One BPMN file. Signals, errors and escalations have the shape of messages."""

    file: str
    processes: tuple[Process, ...] = ()
    messages: tuple[Message, ...] = ()
    signals: tuple[Message, ...] = ()
    errors: tuple[Message, ...] = ()
    escalations: tuple[Message, ...] = ()
    participants: tuple[Participant, ...] = ()
    message_flows: tuple[MessageFlow, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    shapes: tuple[Shape, ...] = ()
    edges: tuple[Edge, ...] = ()
    exporter: str = ""
    ids: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def elements(self) -> tuple[Element, ...]:
        """Return the elements of all processes, in file order."""
        return tuple(element for process in self.processes for element in process.elements)

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """Return the sequence flows of all processes, in file order."""
        return tuple(flow for process in self.processes for flow in process.flows)

    @cached_property
    def by_id(self) -> Mapping[str, Element]:
        """Return the elements of all processes by id; of two with one id, the first."""
        return _first(self.elements, "id")

    @cached_property
    def shape_by_id(self) -> Mapping[str, Shape]:
        """Return the shapes by the id of what they show; of two, the first."""
        return _first(self.shapes, "element")

    @cached_property
    def edge_by_id(self) -> Mapping[str, Edge]:
        """Return the edges by the id of the flow they show; of two, the first."""
        return _first(self.edges, "element")


def _grouped(flows: tuple[Flow, ...], attribute: str) -> Mapping[str, tuple[Flow, ...]]:
    found: dict[str, list[Flow]] = {}
    for flow in flows:
        found.setdefault(getattr(flow, attribute), []).append(flow)
    return {key: tuple(value) for key, value in found.items()}


def _first(parts: tuple[T, ...], attribute: str) -> Mapping[str, T]:
    """Return the parts by id in file order; of two with one id, the first."""
    found: dict[str, T] = {}
    for part in parts:
        found.setdefault(getattr(part, attribute), part)
    return found
