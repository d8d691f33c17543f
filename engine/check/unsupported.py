"""Refuses by name what the execution does not support, and says what to draw instead."""

from collections.abc import Iterator

from engine.bpmn import subset
from engine.check.context import CheckContext
from engine.check.finding import Finding, error, event_words, kind_words, warning, with_article
from engine.check.folder import Folder
from engine.drawing import Artifact, Drawing, Element, Event
from engine.drawing.vocabulary import words_for
from engine.language import mark
from engine.language.telling import Told, told


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
    instead = subset.ELEMENTS.get(element.kind, subset.REDRAW)
    if instead is not None:
        yield error(
            drawing,
            element,
            "unsupported_element",
            _cannot(words_for(element.kind), told(instead)),
        )
    if element.event_sub_process:
        yield error(
            drawing,
            element,
            "event_sub_process",
            told(
                "an event sub-process cannot be executed; use a boundary event on the call "
                "activity or task that it should interrupt."
            ),
        )
    if element.for_compensation:
        yield error(
            drawing,
            element,
            "compensation",
            told(
                "a compensation step cannot be executed; draw it as a normal step after a gateway."
            ),
        )
    for name in sorted(element.extensions & subset.REFUSED_EXTENSIONS.keys()):
        yield error(
            drawing,
            element,
            "refused_extension",
            told(
                "has the setting %(name)s, which is not executed; %(mend)s.",
                name=name,
                mend=told(subset.REFUSED_EXTENSIONS[name]),
            ),
        )


def _cannot(words: str, mend: Told) -> Told:
    text = with_article(
        words,
        mark("a %(kind)s cannot be executed; %(mend)s."),
        mark("an %(kind)s cannot be executed; %(mend)s."),
    )
    return told(text, kind=told(words), mend=mend)


def _event_cannot(event: str, kind: str, mend: Told) -> Told:
    text = with_article(
        event,
        mark("a %(event)s %(kind)s cannot be executed; %(mend)s."),
        mark("an %(event)s %(kind)s cannot be executed; %(mend)s."),
    )
    return told(text, event=event_words(event), kind=kind_words(kind), mend=mend)


def _event_kind(drawing: Drawing, element: Element, event: Event) -> Iterator[Finding]:
    if event.kind == "timer" and event.rule_kind == "timeCycle":
        yield error(
            drawing,
            element,
            "time_cycle",
            told(
                "a repeating timer cannot be executed; draw a loop with a timer event of one "
                "duration and an exclusive gateway."
            ),
        )
    kind = "compensate" if event.kind == "compensation" else event.kind
    if kind not in subset.EVENTS.get(element.kind, frozenset()):
        mend = subset.EVENT_MENDS.get(kind, subset.DEFINE)
        yield error(
            drawing,
            element,
            "unsupported_event",
            _event_cannot(event.kind, element.kind, told(mend)),
        )


def _artifact(drawing: Drawing, artifact: Artifact) -> Iterator[Finding]:
    if artifact.kind in subset.DRAWN_ONLY:
        return
    known = artifact.kind in subset.ELEMENTS
    mend = subset.ELEMENTS.get(artifact.kind) or subset.REDRAW
    name, kind = artifact.name or artifact.id, kind_words(artifact.kind)
    message = told(
        "the %(kind)s %(name)s cannot be executed; %(mend)s.", kind=kind, name=name, mend=told(mend)
    )
    if not name:
        message = told("the %(kind)s cannot be executed; %(mend)s.", kind=kind, mend=told(mend))
    yield error(drawing, artifact, "data_object" if known else "unknown_element", message)


def check_pools(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Message flows and empty pools are drawn only: nothing is sent by them."""
    for drawing in folder.drawings:
        for flow in drawing.message_flows:
            yield warning(
                drawing,
                flow.id,
                "message_flow",
                told(
                    "a message flow is drawn only, nothing is sent; use message events where "
                    "something is waited for."
                ),
            )
        known = {process.id for process in drawing.processes}
        for pool in drawing.participants:
            if pool.process is not None and pool.process not in known:
                yield warning(
                    drawing,
                    pool.id,
                    "empty_pool",
                    told(
                        "the pool %(name)s shows a process that is not in this file; remove the "
                        "pool or add the process.",
                        name=pool.name or pool.id,
                    ),
                )
