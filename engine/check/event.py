"""Checks events: what they wait for is defined, and gateways wait for what can come."""

from collections.abc import Iterator

from engine.check.context import CheckContext
from engine.check.finding import Finding, error, event_words
from engine.check.folder import Folder
from engine.drawing import Drawing, Element, Event, Message, Process
from engine.drawing.vocabulary import ACTIVITIES
from engine.language.telling import told

_NAMED = {
    "message": "messages",
    "signal": "signals",
    "error": "errors",
    "escalation": "escalations",
}
_CATCHES = frozenset({"intermediateCatchEvent", "receiveTask"})
_MIN_CHOICES = 2


def check_definitions(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Every event says what it waits for or throws, and that is defined in the file."""
    for drawing in folder.drawings:
        for element in drawing.elements:
            if element.kind in {"intermediateCatchEvent", "boundaryEvent"} and not element.events:
                yield error(
                    drawing,
                    element,
                    "no_event_definition",
                    told("waits for nothing; choose a message or a timer for it."),
                )
            if len(element.events) > 1:
                yield error(
                    drawing,
                    element,
                    "several_event_definitions",
                    told("has several event definitions; draw one event for each."),
                )
            for event in element.events:
                yield from _defined(drawing, element, event)


def _defined(drawing: Drawing, element: Element, event: Event) -> Iterator[Finding]:
    if event.kind not in _NAMED:
        return
    if event.reference and not event.name:
        yield error(
            drawing,
            element,
            f"unknown_{event.kind}",
            told(
                "names the %(kind)s %(reference)s, which this file does not define; choose one of "
                "the defined ones or add it.",
                kind=event_words(event.kind),
                reference=event.reference,
            ),
        )
    elif not event.reference and event.kind in {"message", "signal"}:
        yield error(
            drawing,
            element,
            f"no_{event.kind}",
            told(
                "does not say which %(kind)s; choose one or add it.", kind=event_words(event.kind)
            ),
        )


def check_names_apart(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Messages, signals, errors and escalations have different names: the library mixes them up."""
    seen: dict[str, tuple[str, str]] = {}
    for drawing in folder.drawings:
        for kind, attribute in _NAMED.items():
            defined: tuple[Message, ...] = getattr(drawing, attribute)
            for message in defined:
                other_kind, other_file = seen.setdefault(message.name, (kind, drawing.file))
                if message.name and other_kind != kind:
                    yield error(
                        drawing,
                        message.id,
                        "name_of_two_kinds",
                        told(
                            "the %(kind)s %(name)s has the name of the %(other_kind)s in "
                            "%(other_file)s; rename one of them.",
                            kind=event_words(kind),
                            name=message.name,
                            other_kind=event_words(other_kind),
                            other_file=other_file,
                        ),
                    )
                if not message.name:
                    yield error(
                        drawing,
                        message.id,
                        "no_event_name",
                        told(
                            "this %(kind)s has no name; name it, for example consent_withdrawn.",
                            kind=event_words(kind),
                        ),
                    )


def check_boundaries(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Require that a boundary event sits on an activity of its own level."""
    for drawing, process in folder.processes():
        for element in process.elements:
            if element.kind != "boundaryEvent":
                continue
            host = process.by_id.get(element.attached_to or "")
            if host is None or host.kind not in ACTIVITIES:
                yield error(
                    drawing,
                    element,
                    "loose_boundary",
                    told(
                        "is attached to nothing; drag it onto the border of the step it belongs to."
                    ),
                )
            elif host.parent != element.parent:
                yield error(
                    drawing,
                    element,
                    "boundary_elsewhere",
                    told(
                        "sits on %(host)s, which is in another sub-process; move it to that level.",
                        host=host.id,
                    ),
                )


def check_heard_once(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """One event on the border of a step hears a message: with two nobody knows which goes on."""
    for drawing, process in folder.processes():
        heard: dict[tuple[str | None, str, str], str] = {}
        for element in process.elements:
            if element.kind != "boundaryEvent":
                continue
            for event in element.events:
                key = (element.attached_to, event.kind, event.name)
                first = heard.setdefault(key, element.id)
                if event.kind in _NAMED and event.name and first != element.id:
                    yield error(
                        drawing,
                        element,
                        "heard_twice",
                        told(
                            "hears the %(kind)s %(name)s on the same border as %(first)s; let one "
                            "of them hear it.",
                            kind=event_words(event.kind),
                            name=event.name,
                            first=first,
                        ),
                    )


def check_event_gateways(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Require that an event gateway waits for two or more events, at most one of them a timer."""
    for drawing, process in folder.processes():
        for element in process.elements:
            if element.kind == "eventBasedGateway":
                yield from _event_gateway(drawing, process, element)


def _event_gateway(drawing: Drawing, process: Process, gateway: Element) -> Iterator[Finding]:
    targets = [process.by_id.get(flow.target) for flow in process.flows_from(gateway.id)]
    found = [target for target in targets if target is not None]
    if len(found) < _MIN_CHOICES:
        yield error(
            drawing,
            gateway,
            "lonely_event_gateway",
            told("waits for fewer than two events; add the other event, or remove the gateway."),
        )
    for target in found:
        if target.kind not in _CATCHES:
            yield error(
                drawing,
                gateway,
                "event_gateway_target",
                told(
                    "leads to %(label)s, which is not a waiting event; put a message or timer "
                    "event right after the gateway.",
                    label=target.label,
                ),
            )
        elif len(process.flows_to(target.id)) > 1:
            yield error(
                drawing,
                target,
                "shared_event",
                told(
                    "follows an event gateway and has another flow into it as well; give each its "
                    "own event."
                ),
            )
    timers = [target for target in found if any(event.kind == "timer" for event in target.events)]
    if len(timers) > 1:
        yield error(
            drawing,
            gateway,
            "two_timers",
            told(
                "waits for %(count)s timers, of which one would never fire; keep the one that is "
                "due first.",
                count=len(timers),
            ),
        )


def check_starts(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Require that a sub-process begins plainly."""
    for drawing in folder.drawings:
        for element in drawing.elements:
            if element.kind != "startEvent" or not element.events:
                continue
            if element.parent is not None and not _in_event_sub_process(drawing, element):
                yield error(
                    drawing,
                    element,
                    "start_in_sub_process",
                    told(
                        "waits for an event inside a sub-process; use a plain start event, and "
                        "wait for the event after it."
                    ),
                )


def _in_event_sub_process(drawing: Drawing, element: Element) -> bool:
    holder = drawing.by_id.get(element.parent or "")
    return holder is not None and holder.event_sub_process
