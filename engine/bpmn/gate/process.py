"""Refuses processes whose steps and flows do not hang together."""

from collections.abc import Iterator
from typing import Any, Final

from engine.bpmn import subset
from engine.bpmn.gate.activity import refuse_activity
from engine.bpmn.gate.event import refuse_event
from engine.bpmn.gate.gateway import refuse_gateway
from engine.bpmn.gate.scope import (
    BPMN,
    SPIFF,
    Refusal,
    Scope,
    events_of,
    kind_of,
    refuse_expression,
    text_of,
)
from engine.language.telling import told

_GATEWAYS: Final = frozenset(
    {"exclusiveGateway", "parallelGateway", "inclusiveGateway", "eventBasedGateway"}
)


def refuse_scope(scope: Scope) -> Iterator[Refusal]:
    """Refuse what a process or sub-process holds that would not run as drawn."""
    for child in scope.node:
        kind = kind_of(child)
        if kind and kind not in subset.DRAWN_ONLY and subset.ELEMENTS.get(kind, "") is not None:
            mend = subset.ELEMENTS.get(kind) or subset.REDRAW
            yield scope.refuse(
                child, told("%(kind)s cannot be executed; %(mend)s.", kind=kind, mend=told(mend))
            )
    if len(scope.nodes) > subset.MAX_NODES:
        yield scope.refuse(
            scope.node,
            told(
                "more than %(most)s elements; move a part into a call activity.",
                most=subset.MAX_NODES,
            ),
        )
    yield from _starts(scope)
    for flow in scope.flows:
        yield from _flow(scope, flow)
    for node in scope.nodes.values():
        kind = kind_of(node)
        if subset.ELEMENTS[kind] is None:
            yield from refuse_node(scope, node, kind)
    yield from refuse_handlers(scope)


def _starts(scope: Scope) -> Iterator[Refusal]:
    starts = [node for node in scope.nodes.values() if kind_of(node) == "startEvent"]
    inner = kind_of(scope.node) == "subProcess"
    if not starts:
        yield scope.refuse(scope.node, told("draw a start event."))
    if len(starts) > 1 and (inner or len({message_of(node) for node in starts}) < len(starts)):
        yield scope.refuse(scope.node, told("keep one start event, or one for each message."))
    if inner and any(events_of(node) for node in starts):
        yield scope.refuse(scope.node, told("a sub-process starts with a plain start event."))
    if not any(kind_of(node) == "endEvent" for node in scope.nodes.values()):
        yield scope.refuse(scope.node, told("draw an end event."))
    if scope.node.get("triggeredByEvent") == "true":
        yield scope.refuse(
            scope.node,
            told(
                "an event sub-process cannot be executed; use a boundary event on the activity "
                "that it should interrupt."
            ),
        )


def message_of(node: Any) -> str | None:
    """Return the message that a start event waits for."""
    part = node.find(f"{{{BPMN}}}messageEventDefinition")
    return None if part is None else part.get("messageRef")


def _flow(scope: Scope, flow: Any) -> Iterator[Refusal]:
    source, target = flow.get("sourceRef"), flow.get("targetRef")
    if source not in scope.nodes or target not in scope.nodes:
        yield scope.refuse(flow, told("the flow must join two elements of the same process."))
        return
    if kind_of(scope.nodes[target]) in {"startEvent", "boundaryEvent"}:
        yield scope.refuse(flow, told("nothing flows into a start or boundary event."))
    condition = text_of(flow, "conditionExpression")
    if condition is None:
        return
    if kind_of(scope.nodes[source]) not in {"exclusiveGateway", "inclusiveGateway"}:
        yield scope.refuse(
            flow, told("a condition here would be ignored; put an exclusive gateway before it.")
        )
    else:
        yield from refuse_expression(scope, flow, condition)


def refuse_node(scope: Scope, node: Any, kind: str) -> Iterator[Refusal]:
    """Refuse a step by its flows, its parts and its kind."""
    id_ = node.get("id", "")
    out = scope.out(id_)
    if kind not in {"startEvent", "boundaryEvent"} and not scope.into(id_):
        yield scope.refuse(node, told("no flow leads here; connect it or remove it."))
    if kind == "endEvent":
        if out:
            yield scope.refuse(node, told("nothing follows an end event; remove the flow."))
    elif not out:
        yield scope.refuse(node, told("the way ends here; lead it to an end event."))
    elif len(out) > 1 and kind not in _GATEWAYS:
        yield scope.refuse(node, told("several flows leave it; draw a gateway behind it."))
    if node.get("isForCompensation") == "true":
        yield scope.refuse(node, told("compensation cannot be executed; draw it as a normal step."))
    yield from _parts(scope, node)
    if kind in subset.EVENTS:
        yield from refuse_event(scope, node, kind)
    elif kind in _GATEWAYS:
        yield from refuse_gateway(scope, node, kind)
    else:
        yield from refuse_activity(scope, node, kind)


def _parts(scope: Scope, node: Any) -> Iterator[Refusal]:
    """Look at what hangs on an element: data associations, extensions of the library."""
    for part in node:
        kind = kind_of(part)
        if kind in {"ioSpecification", "dataInputAssociation", "dataOutputAssociation", "property"}:
            yield scope.refuse(
                node, told("%(kind)s cannot be executed; use process variables.", kind=kind)
            )
    for name, mend in subset.REFUSED_EXTENSIONS.items():
        if node.find(f"{{{BPMN}}}extensionElements/{{{SPIFF}}}{name}") is not None:
            yield scope.refuse(
                node, told("%(name)s cannot be executed; %(mend)s.", name=name, mend=told(mend))
            )


def refuse_handlers(scope: Scope) -> Iterator[Refusal]:
    """Refuse joins in a handler: open several times at once, its arrivals would be confused."""
    for node in scope.nodes.values():
        if kind_of(node) != "boundaryEvent" or node.get("cancelActivity") != "false":
            continue
        for id_ in _reachable(scope, node.get("id")):
            reached = scope.nodes[id_]
            if kind_of(reached) in {"parallelGateway", "inclusiveGateway"}:
                yield scope.refuse(
                    reached,
                    told(
                        "it can be reached from the non-interrupting event %(event)s, several "
                        "times at once; move the parallel part into a call activity.",
                        event=node.get("id"),
                    ),
                )


def _reachable(scope: Scope, id_: str) -> list[str]:
    seen, pending = {id_: None}, [id_]
    while pending:
        current = pending.pop()
        targets = [flow.get("targetRef") for flow in scope.out(current)]
        targets += [event.get("id") for event in scope.attached(current)]
        for target in targets:
            if target in scope.nodes and target not in seen:
                seen[target] = None
                pending.append(target)
    return list(seen)
