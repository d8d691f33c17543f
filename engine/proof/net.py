"""The drawings of a deployment as a net: every step with its ways on, compiled and numbered."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from engine.drawing import Element, Process
from engine.errors import DiagramError
from engine.expression import Assignments, Expression, compile_assignments, compile_expression
from engine.language.telling import told

PEOPLE: Final = frozenset({"userTask", "manualTask"})
CALLS: Final = frozenset({"callActivity", "subProcess"})


@dataclass(frozen=True)
class Way:
    """One sequence flow out of a step; `condition` is None where there is none."""

    flow: str
    target: int
    condition: Expression | None


@dataclass(frozen=True, eq=False)
class Node:
    """One drawn element, with numbers in place of ids."""

    key: int
    element: Element
    level: str
    """The process or sub-process that it stands in."""
    ways: tuple[Way, ...] = ()
    default: int | None = None
    incoming: tuple[str, ...] = ()
    boundaries: tuple[int, ...] = ()
    inner: str = ""
    """The process or sub-process that it runs."""
    script: Assignments | None = None

    @cached_property
    def kind(self) -> str:
        """Return the BPMN local name."""
        return self.element.kind

    @cached_property
    def event(self) -> str:
        """Return what an event waits for or throws: message, timer, signal, ..., or nothing."""
        return self.element.event.kind if self.element.event else ""

    @cached_property
    def event_name(self) -> str:
        """Return the name of the message or signal, or the code of an error or escalation."""
        return self.element.event.name if self.element.event else ""


@dataclass(frozen=True)
class Level:
    """One process or sub-process: where it begins, and what stands in it."""

    id: str
    process: str
    starts: tuple[int, ...]
    nodes: tuple[int, ...]


@dataclass(frozen=True)
class Net:
    """A process with all that it calls."""

    root: str
    nodes: tuple[Node, ...]
    levels: Mapping[str, Level]

    @cached_property
    def said(self) -> tuple[Mapping[str, str], ...]:
        """Return what the drawing says of each node, in the words of a rule's moment."""
        return tuple(_description(self, node) for node in self.nodes)

    @cached_property
    def saying(self) -> Mapping[tuple[str, str], frozenset[int]]:
        """Return which nodes say something: by the name of what is said, and what is said."""
        found: dict[tuple[str, str], set[int]] = {}
        for node, said in zip(self.nodes, self.said, strict=True):
            for pair in said.items():
                found.setdefault(pair, set()).add(node.key)
        return {pair: frozenset(keys) for pair, keys in found.items()}

    def node(self, process: str, element: str) -> Node:
        """Return the node of a drawn element; raise KeyError when the net does not reach it."""
        for found in self.nodes:
            if found.element.id == element and found.element.process == process:
                return found
        raise KeyError(element)


def _description(net: Net, node: Node) -> dict[str, str]:
    element = node.element
    many = element.multi_instance
    return {
        "milestone": element.properties.get("milestone", ""),
        "role": (element.role or "") if element.kind in {"userTask", "manualTask"} else "",
        "form": element.properties.get("formRef", ""),
        "operator": element.operator or element.properties.get("recordWith", ""),
        "decision": element.decision_ref or "",
        "message": node.event_name if node.event == "message" else "",
        "collection": many.collection if many else "",
        "deadline_of": _deadline_of(net, node),
        "ends": net.root if element.kind == "endEvent" and node.level == net.root else "",
    }


def _deadline_of(net: Net, node: Node) -> str:
    if node.kind != "boundaryEvent" or node.event != "timer":
        return ""
    host = next(one for one in net.nodes if node.key in one.boundaries)
    return host.element.properties.get("formRef", "")


def net_of(drawn: Mapping[str, Process], root: str, *, refuse: bool = True) -> Net:
    """Build the net of a process and all it calls; raise DiagramError naming what is missing.

    What is not followed here is refused, so that nothing is called proved that was not looked at;
    unless the net is only for naming steps.
    """
    processes = list(_called(drawn, root))
    if refuse:
        _refuse_what_is_not_followed(processes)
    places = [(process, element) for process in processes for element in process.elements]
    keys = {(process.id, element.id): number for number, (process, element) in enumerate(places)}
    nodes = tuple(_node(process, element, keys) for process, element in places)
    levels = {
        level: _level(process, level, inside, keys)
        for process in processes
        for level, inside in _levels(process)
    }
    return Net(root, nodes, levels)


def _refuse_what_is_not_followed(processes: list[Process]) -> None:
    for process in processes:
        for element in process.elements:
            many = element.multi_instance
            if element.standard_loop:
                mend = told("draw the loop with a gateway and a way back")
                raise DiagramError(
                    told(
                        "%(element)s: a loop marker is not proved; %(mend)s.",
                        element=element.id,
                        mend=mend,
                    )
                )
            if many is not None and not many.sequential and element.kind in CALLS:
                mend = told("repeat the user tasks inside it, or one after the other")
                raise DiagramError(
                    told(
                        "%(element)s: repeated calls are not proved; %(mend)s.",
                        element=element.id,
                        mend=mend,
                    )
                )


def _called(drawn: Mapping[str, Process], root: str) -> Iterator[Process]:
    """Yield the process and all it calls, each once."""
    pending, met = [root], set[str]()
    while pending:
        name = pending.pop(0)
        if name in met:
            continue
        met.add(name)
        process = drawn.get(name)
        if process is None:
            raise DiagramError(
                told(
                    "%(name)s: there is no process of this name; draw it or call another.",
                    name=name,
                )
            )
        yield process
        pending += [
            element.called_element for element in process.elements if element.called_element
        ]


def _levels(process: Process) -> Iterator[tuple[str, str | None]]:
    yield process.id, None
    for element in process.elements:
        if element.kind == "subProcess":
            yield element.id, element.id


def _level(
    process: Process, level: str, inside: str | None, keys: Mapping[tuple[str, str], int]
) -> Level:
    members = process.inside(inside)
    return Level(
        level,
        process.id,
        tuple(keys[process.id, one.id] for one in members if one.kind == "startEvent"),
        tuple(keys[process.id, one.id] for one in members),
    )


def _node(
    process: Process,
    element: Element,
    keys: Mapping[tuple[str, str], int],
) -> Node:
    flows = process.flows_from(element.id)
    choosing = element.kind in {"exclusiveGateway", "inclusiveGateway"}
    ways = tuple(
        Way(
            flow.id,
            keys[process.id, flow.target],
            compile_expression(flow.condition) if choosing and flow.condition else None,
        )
        for flow in flows
    )
    default = next((way.target for way in ways if way.flow == element.default_flow), None)
    inner = ""
    if element.kind == "subProcess":
        inner = element.id
    elif element.kind == "callActivity":
        inner = element.called_element or ""
    return Node(
        key=keys[process.id, element.id],
        element=element,
        level=element.parent or process.id,
        ways=ways,
        default=default,
        incoming=tuple(flow.id for flow in process.flows_to(element.id)),
        boundaries=tuple(keys[process.id, one.id] for one in process.boundaries_of(element.id)),
        inner=inner,
        script=compile_assignments(element.script) if element.script else None,
    )
