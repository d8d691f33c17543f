"""Refuses by name what the execution does not support, and says what to draw instead."""

from collections.abc import Iterator

from engine.bpmn import subset
from engine.check.context import CheckContext
from engine.check.finding import Finding, error, warning
from engine.check.folder import Folder
from engine.drawing import Artifact, Drawing, Element, Event
from engine.drawing.vocabulary import words_for


def check_kinds(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Only elements of the supported subset (engine.md); some others misbehave without a word."""
    for drawing, process in folder.processes():
        for element in process.elements:
            yield from _kind(drawing, element)
            for event in element.events:
                yield from _event_kind(drawing, element, event)
        for artifact in process.artifacts:
            yield from _artifact(drawing, artifact)


def _kind(drawing: Drawing, element: Element) -> Iterator[Finding]:
    instead = subset.ELEMENTS.get(element.kind, "redraw it with tasks, events and gateways")
    if instead is not None:
        yield error(
            drawing,
            element,
            "unsupported_element",
            f"{_a(words_for(element.kind))} cannot be executed; {instead}.",
        )
    if element.event_sub_process:
        yield error(
            drawing,
            element,
            "event_sub_process",
            "an event sub-process cannot be executed; use a boundary event on the call activity "
            "or task that it should interrupt.",
        )
    if element.for_compensation:
        yield error(
            drawing,
            element,
            "compensation",
            "a compensation step cannot be executed; draw it as a normal step after a gateway.",
        )
    for name in sorted(element.extensions & subset.REFUSED_EXTENSIONS.keys()):
        yield error(
            drawing,
            element,
            "refused_extension",
            f"has the setting {name}, which is not executed; {subset.REFUSED_EXTENSIONS[name]}.",
        )


def _a(words: str) -> str:
    return f"an {words}" if words[0] in "aeiou" else f"a {words}"


def _event_kind(drawing: Drawing, element: Element, event: Event) -> Iterator[Finding]:
    if event.kind == "timer" and event.rule_kind == "timeCycle":
        yield error(
            drawing,
            element,
            "time_cycle",
            "a repeating timer cannot be executed; draw a loop with a timer event of one "
            "duration and an exclusive gateway.",
        )
    kind = "compensate" if event.kind == "compensation" else event.kind
    if kind not in subset.EVENTS.get(element.kind, frozenset()):
        mend = subset.EVENT_MENDS.get(kind, "define the event on the element itself")
        yield error(
            drawing,
            element,
            "unsupported_event",
            f"{_a(event.kind)} {words_for(element.kind)} cannot be executed; {mend}.",
        )


def _artifact(drawing: Drawing, artifact: Artifact) -> Iterator[Finding]:
    if artifact.kind in subset.DRAWN_ONLY:
        return
    known = artifact.kind in subset.ELEMENTS
    mend = subset.ELEMENTS.get(artifact.kind) or "redraw it with tasks, events and gateways"
    name = artifact.name or artifact.id
    yield error(
        drawing,
        artifact,
        "data_object" if known else "unknown_element",
        f"the {words_for(artifact.kind)} {name}".strip() + f" cannot be executed; {mend}.",
    )


def check_pools(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Message flows and empty pools are drawn only: nothing is sent by them."""
    for drawing in folder.drawings:
        for flow in drawing.message_flows:
            yield warning(
                drawing,
                flow.id,
                "message_flow",
                "a message flow is drawn only, nothing is sent; "
                "use message events where something is waited for.",
            )
        known = {process.id for process in drawing.processes}
        for pool in drawing.participants:
            if pool.process is not None and pool.process not in known:
                yield warning(
                    drawing,
                    pool.id,
                    "empty_pool",
                    f"the pool {pool.name or pool.id} shows a process that is not in this file; "
                    "remove the pool or add the process.",
                )
