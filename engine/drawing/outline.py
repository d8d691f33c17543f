"""Tells a diagram in words and reading order, for screen readers and the workshop (WCAG 1.1.1)."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.drawing.model import Element, Event, Flow, Process
from engine.drawing.vocabulary import GATEWAYS, SUB_PROCESSES, words_for
from engine.language import gettext, mark

TOLD_AS = {
    "startEvent": mark("begins"),
    "endEvent": mark("ends"),
    "serviceTask": mark("done by the system"),
    "scriptTask": mark("done by the system"),
    "businessRuleTask": mark("looked up in a table"),
    "callActivity": mark("phase"),
    "subProcess": mark("phase"),
    "intermediateCatchEvent": mark("waits for"),
    "intermediateThrowEvent": mark("goes on with"),
}
"""How an element is introduced to people who have never seen a diagram notation."""


@dataclass(frozen=True)
class OutlineStep:
    """One line of the outline; `children` are branches, waiting events and inner steps."""

    element: str
    text: str
    children: tuple["OutlineStep", ...] = ()


def outline(process: Process) -> list[OutlineStep]:
    """Return the steps in reading order: along the flows from the starts, then what is left."""
    return _level(process, None, frozenset())


def _level(process: Process, parent: str | None, above: frozenset[str]) -> list[OutlineStep]:
    level = reading_order(process, parent)
    return [_step(process, found, above) for found in level if not _is_merge(process, found)]


def _is_merge(process: Process, element: Element) -> bool:
    """Say whether an element only lets ways meet: a reader goes straight on to what follows."""
    return (
        element.kind == "exclusiveGateway"
        and not element.name
        and len(process.flows_from(element.id)) == 1
    )


def reading_order(process: Process, parent: str | None) -> list[Element]:
    """Return the elements of one level, each as soon as all that leads to it forwards is told.

    Boundary events are told with the step they sit on, so they are not in the list themselves.
    """
    level = [found for found in process.inside(parent) if found.kind != "boundaryEvent"]
    known = {element.id for element in level}
    starts = [element for element in level if not process.flows_to(element.id)]
    starts.sort(key=lambda element: element.kind != "startEvent")
    backwards = _finished_order(process, [*starts, *level], known)
    return [process.by_id[identifier] for identifier in reversed(backwards)]


def _finished_order(process: Process, starts: list[Element], known: set[str]) -> list[str]:
    """Return ids in the order a depth-first walk leaves them: reversed, the order to read."""
    seen: set[str] = set()
    order: list[str] = []
    # Later starts first, so that after reversing the first start is told first.
    for start in reversed(starts):
        if start.id in seen:
            continue
        seen.add(start.id)
        pending = [(start.id, _next_ids(process, start.id, known))]
        while pending:
            identifier, following = pending[-1]
            for target in following:
                if target not in seen:
                    seen.add(target)
                    pending.append((target, _next_ids(process, target, known)))
                    break
            else:
                order.append(identifier)
                pending.pop()
    return order


def _next_ids(process: Process, identifier: str, known: set[str]) -> Iterator[str]:
    """Yield where an element leads, boundary events first, so that the normal way is told first."""
    flows = list(process.flows_from(identifier))
    away = [
        flow
        for boundary in process.boundaries_of(identifier)
        for flow in process.flows_from(boundary.id)
    ]
    for flow in [*reversed(away), *reversed(flows)]:
        if flow.target in known:
            yield flow.target


def _step(process: Process, element: Element, above: frozenset[str]) -> OutlineStep:
    children: list[OutlineStep] = []
    # Threat: a sub-process inside one of the same id would be told inside itself for ever.
    if element.kind in SUB_PROCESSES and element.id not in above:
        children.extend(_level(process, element.id, above | {element.id}))
    children.extend(_boundary(process, event) for event in process.boundaries_of(element.id))
    flows = process.flows_from(element.id)
    if len(flows) > 1:
        children.extend(_branch(process, element, flow) for flow in flows)
    return OutlineStep(element.id, _sentence(process, element), tuple(children))


def _sentence(process: Process, element: Element) -> str:
    words = gettext(TOLD_AS.get(element.kind, words_for(element.kind)))
    name = f"{words[:1].upper()}{words[1:]}"
    if element.name:
        # A question says by itself that it is a gateway, a person's step by whom it is for.
        plain = element.kind in GATEWAYS or element.kind == "userTask"
        told = gettext("%(kind)s: %(name)s", kind=name, name=element.name)
        name = element.name if plain else told
    parts = [name]
    event = element.event
    if event is not None and not element.name:
        parts.append(_event_words(event))
    if element.role and element.kind == "userTask":
        parts.append(gettext("for %(role)s", role=_lane_name(process, element)))
    if element.multi_instance is not None:
        item = element.multi_instance.item
        parts.append(gettext("once for each %(item)s", item=item).strip())
    flows = process.flows_from(element.id)
    if len(flows) == 1 and element.kind not in GATEWAYS:
        parts.append(gettext("then %(step)s", step=_target(process, flows[0])))
    elif len(flows) == 1:
        parts.append(gettext("branches meet, then %(step)s", step=_target(process, flows[0])))
    return ", ".join(parts)


def _lane_name(process: Process, element: Element) -> str:
    lane = process.lane_by_id.get(element.lane or "")
    if lane is not None and lane.name and lane.role == element.role:
        return lane.name
    return element.role or ""


EVENTS = {
    "message": mark("message %(name)s"),
    "signal": mark("signal %(name)s"),
    "error": mark("error %(name)s"),
    "escalation": mark("escalation %(name)s"),
}


def _event_words(event: Event) -> str:
    if event.kind == "timer":
        return gettext("at the time %(time)s", time=event.rule).strip()
    name = event.name or event.reference
    if event.kind in EVENTS:
        return gettext(EVENTS[event.kind], name=name).strip()
    return f"{event.kind} {name}".strip()


def _boundary(process: Process, element: Element) -> OutlineStep:
    event = f" ({_event_words(element.event)})" if element.event and not element.name else ""
    label = f"{element.label}{event}"
    targets = [_target(process, flow) for flow in process.flows_from(element.id)]
    if not targets:
        told = (
            gettext("At any time: %(event)s, stops the step", event=label)
            if element.interrupting
            else gettext("At any time: %(event)s, the step goes on", event=label)
        )
        return OutlineStep(element.id, told)
    step = gettext(" and ").join(targets)
    told = (
        gettext("At any time: %(event)s, stops the step, then %(step)s", event=label, step=step)
        if element.interrupting
        else gettext(
            "At any time: %(event)s, the step goes on, then %(step)s", event=label, step=step
        )
    )
    return OutlineStep(element.id, told)


def _branch(process: Process, element: Element, flow: Flow) -> OutlineStep:
    target = _target(process, flow)
    if element.kind == "parallelGateway":
        return OutlineStep(flow.id, gettext("At the same time: %(step)s", step=target))
    if element.kind == "eventBasedGateway":
        return OutlineStep(flow.id, gettext("Whichever comes first: %(step)s", step=target))
    answer = flow.name or flow.condition or ""
    if flow.id != element.default_flow and flow.condition is not None:
        return OutlineStep(flow.id, gettext("If %(answer)s: %(step)s", answer=answer, step=target))
    if not flow.name:
        return OutlineStep(flow.id, gettext("Otherwise: %(step)s", step=target))
    told = gettext("%(answer)s (otherwise): %(step)s", answer=flow.name, step=target)
    return OutlineStep(flow.id, told)


def _target(process: Process, flow: Flow) -> str:
    element = process.by_id.get(flow.target)
    passed: set[str] = set()
    while element is not None and _is_merge(process, element) and element.id not in passed:
        passed.add(element.id)
        element = process.by_id.get(process.flows_from(element.id)[0].target)
    if element is None:
        return gettext("nowhere")
    return element.name or f"{gettext(words_for(element.kind))} {element.id}"
