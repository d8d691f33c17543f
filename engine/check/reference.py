"""Checks call activities: the called process exists, has one start, and does not call itself."""

from collections.abc import Iterator

from engine.check.context import CheckContext
from engine.check.finding import Finding, error, event_words
from engine.check.folder import Folder
from engine.check.graph import starts_of
from engine.drawing import Drawing, Element, Process
from engine.language.telling import told


def check_calls(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """Every call activity calls a process of this deployment that begins in one place."""
    known = {process.id: (drawing, process) for drawing, process in folder.processes()}
    for drawing in folder.drawings:
        for element in drawing.elements:
            if element.kind == "callActivity":
                yield from _call(drawing, element, known)


def _call(
    drawing: Drawing, element: Element, known: dict[str, tuple[Drawing, Process]]
) -> Iterator[Finding]:
    if not element.called_element:
        yield error(
            drawing,
            element,
            "no_called_process",
            told("does not say which process it calls; choose one."),
        )
        return
    if element.called_element not in known:
        yield error(
            drawing,
            element,
            "unknown_process",
            told(
                "calls %(called_element)s, which is in no file; draw it in "
                "%(called_element)s.bpmn or choose another process.",
                called_element=element.called_element,
            ),
        )
        return
    called_drawing, called = known[element.called_element]
    starts = starts_of(called, None)
    if len(starts) > 1:
        yield error(
            drawing,
            element,
            "called_with_several_starts",
            told(
                "calls %(called)s (%(file)s), which has %(count)s start events; a called process "
                "has one, so keep one there.",
                called=called.id,
                file=called_drawing.file,
                count=len(starts),
            ),
        )
    elif starts and starts[0].events:
        yield error(
            drawing,
            element,
            "called_with_event_start",
            told(
                "calls %(called)s (%(file)s), which waits for a %(kind)s to start; make its start "
                "event a plain one.",
                called=called.id,
                file=called_drawing.file,
                kind=event_words(starts[0].events[0].kind),
            ),
        )


def check_recursion(folder: Folder, _context: CheckContext) -> Iterator[Finding]:
    """No process calls itself, neither directly nor through others: it would never end."""
    calls: dict[str, set[str]] = {}
    for _drawing, process in folder.processes():
        calls.setdefault(process.id, set()).update(
            element.called_element
            for element in process.elements
            if element.kind == "callActivity" and element.called_element
        )
    for drawing, process in folder.processes():
        for element in process.elements:
            if element.kind != "callActivity" or not element.called_element:
                continue
            if process.id in _called_from(element.called_element, calls):
                yield error(
                    drawing,
                    element,
                    "recursion",
                    told(
                        "calls %(called_element)s, which leads back to %(process)s; draw the "
                        "repetition as a loop with an exclusive gateway.",
                        called_element=element.called_element,
                        process=process.id,
                    ),
                )


def _called_from(start: str, calls: dict[str, set[str]]) -> set[str]:
    seen = {start}
    pending = [start]
    while pending:
        for name in calls.get(pending.pop(), ()):
            if name not in seen:
                seen.add(name)
                pending.append(name)
    return seen
