"""Refuses events that would not wait, throw or fire as drawn."""

import re
from collections.abc import Iterator
from typing import Any, Final

from engine.bpmn import subset
from engine.bpmn.gate.scope import (
    BPMN,
    Refusal,
    Scope,
    events_of,
    kind_of,
    refuse_expression,
    text_of,
)
from engine.calendar import is_duration, parse_instant
from engine.errors import InputError
from engine.expression.program import UTC_ZONE
from engine.language.telling import message_of, told

ID: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9.-]*", re.ASCII)
DECLARED: Final = ("message", "signal", "error", "escalation")


def refuse_event(scope: Scope, node: Any, kind: str) -> Iterator[Refusal]:
    """Refuse an event whose definition would be ignored, misread or never fire."""
    found = events_of(node) or ["none"]
    if len(found) > 1:
        yield scope.refuse(
            node, told("an event with several definitions cannot be executed; draw two.")
        )
    name = found[0]
    if name not in subset.EVENTS[kind]:
        mend = subset.EVENT_MENDS.get(name, subset.WAIT)
        yield scope.refuse(
            node,
            told(
                "%(kind)s with %(name)s cannot be executed; %(mend)s.",
                kind=kind,
                name=name,
                mend=told(mend),
            ),
        )
        return
    if kind == "boundaryEvent":
        host = scope.nodes.get(node.get("attachedToRef", ""))
        if host is None or kind_of(host) not in subset.ACTIVITIES:
            yield scope.refuse(node, told("attach it to a task, sub-process or call activity."))
        if name == "error" and node.get("cancelActivity") == "false":
            yield scope.refuse(
                node, told("an error always interrupts; draw it with a full border.")
            )
    if name == "timer":
        yield from _timer(scope, node)
    elif name in DECLARED:
        yield from _declared(scope, node, kind, name)


def _declared(scope: Scope, node: Any, kind: str, name: str) -> Iterator[Refusal]:
    part = node.find(f"{{{BPMN}}}{name}EventDefinition")
    reference = part.get(f"{name}Ref")
    catches_all = kind == "boundaryEvent" and name in {"error", "escalation"}
    if not reference:
        if not catches_all:
            yield scope.refuse(node, told("choose the %(kind)s.", kind=told(name)))
        return
    # The library puts the reference into an XPath: a quote in it would choose another message.
    if not ID.fullmatch(reference) or not any(
        declared.get("id") == reference
        for declared in node.getroottree().getroot().iterchildren(f"{{{BPMN}}}{name}")
    ):
        yield scope.refuse(
            node,
            told(
                "the %(kind)s %(reference)s is not declared in this file.",
                kind=told(name),
                reference=repr(reference),
            ),
        )


def _timer(scope: Scope, node: Any) -> Iterator[Refusal]:
    part = node.find(f"{{{BPMN}}}timerEventDefinition")
    if part.find(f"{{{BPMN}}}timeCycle") is not None:
        yield scope.refuse(
            node,
            told("a repeating timer cannot be executed; draw a loop with a timer of one duration."),
        )
        return
    rules = [text_of(part, name) for name in ("timeDuration", "timeDate")]
    written = [rule for rule in rules if rule]
    if len(written) != 1:
        yield scope.refuse(node, told("give the timer one duration or one date."))
        return
    rule = written[0]
    if is_duration(rule):
        return
    if rule[:4].isdigit():
        try:
            parse_instant(rule, UTC_ZONE)
        except InputError as error:
            yield scope.refuse(node, message_of(error))
        return
    yield from refuse_expression(scope, node, rule)
