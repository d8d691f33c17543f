"""Refuses gateways that would take another way than drawn."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from engine.bpmn.gate.scope import Refusal, Scope, events_of, kind_of, text_of
from engine.language.telling import told


def refuse_gateway(scope: Scope, node: Any, kind: str) -> Iterator[Refusal]:
    """Refuse a gateway without a default, with missing conditions, or of two minds."""
    id_ = node.get("id")
    out, into = scope.out(id_), scope.into(id_)
    pairs = Counter((flow.get("sourceRef"), flow.get("targetRef")) for flow in (*out, *into))
    if kind != "exclusiveGateway" and pairs and max(pairs.values()) > 1:
        yield scope.refuse(
            node, told("two flows join the same elements; draw a step on one of them.")
        )
    if kind in {"exclusiveGateway", "inclusiveGateway"}:
        yield from _conditions(scope, node, out)
    elif kind == "parallelGateway":
        if len(out) > 1 and len(into) > 1:
            yield scope.refuse(
                node,
                told(
                    "it joins and splits at once; draw two gateways, or an exclusive merge before."
                ),
            )
    else:
        yield from _event_gateway(scope, node, out)


def _conditions(scope: Scope, node: Any, out: list[Any]) -> Iterator[Refusal]:
    default = node.get("default")
    if len(out) < 2:  # noqa: PLR2004 - a merge has one way out
        return
    if default not in {flow.get("id") for flow in out}:
        yield scope.refuse(node, told("choose the default flow, taken when no condition is true."))
    for flow in out:
        conditioned = text_of(flow, "conditionExpression") is not None
        if flow.get("id") != default and not conditioned:
            yield scope.refuse(flow, told("write the condition of this flow."))
        elif flow.get("id") == default and conditioned:
            yield scope.refuse(flow, told("the default flow has no condition; remove it."))


def _event_gateway(scope: Scope, node: Any, out: list[Any]) -> Iterator[Refusal]:
    timers = 0
    for flow in out:
        target = scope.nodes.get(flow.get("targetRef"))
        if target is None:
            continue
        if kind_of(target) != "intermediateCatchEvent":
            yield scope.refuse(node, told("only waiting events follow an event gateway."))
        if len(scope.into(target.get("id"))) > 1:
            yield scope.refuse(target, told("only the event gateway may lead to this event."))
        timers += "timer" in events_of(target)
    if timers > 1:
        yield scope.refuse(
            node, told("keep one timer behind an event gateway; the later one never fires.")
        )
    if len(out) < 2:  # noqa: PLR2004 - otherwise there is nothing to choose
        yield scope.refuse(
            node, told("an event gateway has two ways at least; use a waiting event.")
        )
