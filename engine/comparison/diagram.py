"""Compares two versions of one diagram: what is in it, and each thing with what it was."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, TypeVar

from engine.comparison import lane
from engine.comparison.beside import compare_beside
from engine.comparison.change import Change, Sentence, excerpts, named, say, valued
from engine.comparison.element import Both, compare_element
from engine.comparison.event import event_words
from engine.comparison.flow import added_way, compare_flow, compare_order, removed_way
from engine.comparison.layout import compare_layout
from engine.comparison.leftover import compare_leftovers
from engine.comparison.place import Pair, called, lane_name, numbered
from engine.comparison.setting import compare_properties
from engine.comparison.side import Side
from engine.drawing import Drawing, Element, Flow, Process
from engine.language import mark

Part = TypeVar("Part", Element, Flow)
Key = tuple[str, int]
Placed = Mapping[Key, tuple[Process, Part]]


def compare_drawings(old: Side, new: Side, before: Drawing, after: Drawing) -> Iterator[Change]:
    """Yield every difference of a diagram that is on both sides."""
    pair = Pair(old, new, after.file, before, after)
    yield from _processes(pair)
    yield from _elements(pair)
    yield from _flows(pair)
    yield from lane.compare_lanes(pair)
    yield from compare_beside(pair)
    yield from compare_leftovers(pair)
    yield from compare_layout(pair)


def _processes(pair: Pair) -> Iterator[Change]:
    old = {process.id: process for process in pair.before.processes}
    new = {process.id: process for process in pair.after.processes}
    for identifier in [*old, *(one for one in new if one not in old)]:
        before, after = old.get(identifier), new.get(identifier)
        if before is None or after is None:
            yield _alone(pair, before, after)
        else:
            yield from _process(pair, before, after)


def _alone(pair: Pair, before: Process | None, after: Process | None) -> Change:
    found = before or after
    told = named(found.name or found.id) if found else named("")
    identifier = found.id if found else ""
    if before is None:
        sentence = say("The process %(name)s is new.", name=told)
        return pair.change(identifier, "", (None, identifier), sentence, kind="added")
    sentence = say("The process %(name)s is gone.", name=told)
    return pair.change(identifier, "", (identifier, None), sentence, kind="removed")


def _process(pair: Pair, before: Process, after: Process) -> Iterator[Change]:
    here = say("The process %(name)s", name=named(after.name or after.id))
    if before.name != after.name:
        sentence = say(
            "The process %(before)s is now called %(after)s.",
            before=named(before.name or before.id),
            after=named(after.name or after.id),
        )
        values = before.name, after.name
        yield pair.change(after.id, "name", values, sentence, weight="wording")
    if before.executable != after.executable:
        template = mark("%(here)s can no longer be executed.")
        if after.executable:
            template = mark("%(here)s can now be executed.")
        sentence = say(template, here=here)
        yield pair.change(after.id, "executable", (before.executable, after.executable), sentence)
    if before.documentation != after.documentation:
        shown = excerpts(before.documentation, after.documentation)
        sentence = say(
            "The explanation of the process %(name)s is now %(after)s; it was %(before)s.",
            name=named(after.name or after.id),
            before=valued(shown[0]),
            after=valued(shown[1]),
        )
        values = before.documentation, after.documentation
        yield pair.change(after.id, "documentation", values, sentence, weight="wording")
    yield from compare_properties(pair, after.id, here, before.properties, after.properties)


def _placed(processes: Iterable[Process], attribute: str) -> dict[Key, tuple[Process, Any]]:
    """Return elements or flows by id; of several with one id, each by its number."""
    parts = [(process, part) for process in processes for part in getattr(process, attribute)]
    keys = numbered(part.id for _, part in parts)
    return dict(zip(keys, parts, strict=True))


def _elements(pair: Pair) -> Iterator[Change]:
    old: Placed[Element] = _placed(pair.before.processes, "elements")
    new: Placed[Element] = _placed(pair.after.processes, "elements")
    for key in (key for key in old if key not in new):
        process, element = old[key]
        gone = _summary(process, element), None
        sentence = _told(GONE, pair.old, process, element)
        yield pair.change(element.id, "", gone, sentence, kind="removed")
    for key, (process, element) in new.items():
        if key not in old:
            values = None, _summary(process, element)
            sentence = _told(NEW, pair.new, process, element)
            yield pair.change(element.id, "", values, sentence, kind="added")
            continue
        yield from compare_element(Both(pair, old[key][0], process, old[key][1], element))
        yield from compare_order(pair, old[key][0], process, old[key][1], element)


def _summary(process: Process, element: Element) -> list[str]:
    return [element.kind, element.name, lane_name(process, element.lane), element.parent or ""]


NEW: Final = mark(
    {
        "": "%(here)s is new.",
        "role": "%(here)s is new, for %(detail)s.",
        "event": "%(here)s is new, about %(detail)s.",
        "operator": "%(here)s is new, done by %(detail)s.",
    }
)
GONE: Final = mark(
    {
        "": "%(here)s is gone.",
        "role": "%(here)s is gone, for %(detail)s.",
        "event": "%(here)s is gone, about %(detail)s.",
        "operator": "%(here)s is gone, done by %(detail)s.",
    }
)


def _told(texts: Mapping[str, str], side: Side, process: Process, element: Element) -> Sentence:
    """Return a sentence about a whole element: who does it, what it waits for."""
    what, detail = "", ""
    if element.kind == "userTask" and element.role:
        what, detail = "role", side.role(element.role)
    elif element.event is not None:
        what, detail = "event", event_words(element.event, side)
    elif element.operator:
        what, detail = "operator", element.operator
    return say(texts[what], here=called(element, process), detail=valued(detail))


def _flows(pair: Pair) -> Iterator[Change]:
    old: Placed[Flow] = _placed(pair.before.processes, "flows")
    new: Placed[Flow] = _placed(pair.after.processes, "flows")
    for key, (process, flow) in old.items():
        if key not in new:
            yield removed_way(pair, process, flow)
    for key, (process, flow) in new.items():
        if key in old:
            yield from compare_flow(pair, old[key], (process, flow))
        else:
            yield added_way(pair, process, flow)
