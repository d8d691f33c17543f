"""What the parts of a drawing are called in a report for people who read no notation."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from engine.comparison.change import Change, Kind, Sentence, Weight, named, say
from engine.comparison.side import Side
from engine.drawing import Drawing, Element, Flow, Lane, Process
from engine.drawing.vocabulary import words_for
from engine.language import mark
from engine.language.telling import Part, Told, told

THINGS: Final = mark(
    {
        "userTask": "Step",
        "manualTask": "Step",
        "task": "Step",
        "serviceTask": "Step of the system",
        "scriptTask": "Calculation",
        "businessRuleTask": "Look-up",
        "callActivity": "Phase",
        "subProcess": "Phase",
        "exclusiveGateway": "Choice",
        "inclusiveGateway": "Choice of several ways",
        "parallelGateway": "Fork",
        "eventBasedGateway": "Wait for whatever comes first",
        "startEvent": "Beginning",
        "endEvent": "Ending",
        "intermediateCatchEvent": "Wait",
        "intermediateThrowEvent": "Event",
        "boundaryEvent": "Interruption",
        "sendTask": "Send task",
        "receiveTask": "Receive task",
        "transaction": "Transaction",
        "adHocSubProcess": "Ad-hoc sub-process",
        "complexGateway": "Complex gateway",
    }
)
"""How an element is introduced; other kinds by their name in the standard."""


@dataclass(frozen=True)
class Pair:
    """The two sides of a comparison and the two versions of the file that is looked at."""

    old: Side
    new: Side
    file: str
    before: Drawing
    after: Drawing

    def change(
        self,
        element: str,
        attribute: str,
        values: tuple[Any, Any],
        sentence: Sentence,
        *,
        weight: Weight = "meaning",
        kind: Kind = "changed",
        aspect: str = "",
    ) -> Change:
        """Return a difference of this file; `values` are before and after."""
        before, after = values
        return Change(
            kind, self.file, element, attribute, before, after, weight, aspect, sentence=sentence
        )


def thing(element: Element) -> str:
    """Return what an element is: `Step`, `Choice`, `Time limit`."""
    event = element.event
    if element.kind == "boundaryEvent" and event is not None and event.kind == "timer":
        return told("Time limit")
    words = words_for(element.kind)
    if element.kind in THINGS:
        return told(THINGS[element.kind])
    return f"{words[:1].upper()}{words[1:]}"


def called(element: Element, process: Process | None = None) -> Sentence:
    """Return `Step *Decide on closing*`; an element on a border also with where it sits."""
    found = Told(
        "%(thing)s %(name)s",
        {"thing": thing(element), "name": named(element.label)},
        is_subject=True,
    )
    host = process.by_id.get(element.attached_to or "") if process is not None else None
    if host is None:
        return found
    return say("%(step)s of %(host)s", step=found, host=named(host.label))


def label(process: Process, identifier: str) -> Part:
    """Return what an element is called, by its id; of a way that leads nowhere, its id."""
    element = process.by_id.get(identifier)
    return named(element.label if element is not None else identifier)


def way(process: Process, flow: Flow) -> Sentence:
    """Return `The way from *A* to *B*`, with the answer written on it."""
    found = say(
        "The way from %(source)s to %(target)s",
        source=label(process, flow.source),
        target=label(process, flow.target),
    )
    return (
        Told("%(way)s (%(name)s)", {"way": found, "name": named(flow.name)}, is_subject=True)
        if flow.name
        else found
    )


def lane_name(process: Process, lane: str | None) -> str:
    """Return the name of a lane by its id, nothing for none."""
    found: Lane | None = process.lane_by_id.get(lane or "")
    return "" if found is None else found.name or found.id


def numbered(identifiers: Iterator[str]) -> Iterator[tuple[str, int]]:
    """Yield each id with how often it came before, so that repeated ids are told apart."""
    seen: dict[str, int] = {}
    for identifier in identifiers:
        seen[identifier] = seen.get(identifier, -1) + 1
        yield identifier, seen[identifier]
