"""Single edits of diagrams, as somebody could make them in an editor (V2).

Each edit changes one thing that means something and leaves a file that is drawn completely: what
belongs to a removed element goes with it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
SPIFF = "{http://spiffworkflow.org/bpmn/schema/1.0/core}"
TASKS = ("userTask", "manualTask", "serviceTask", "scriptTask", "businessRuleTask", "callActivity")
EVENTS = ("intermediateCatchEvent", "intermediateThrowEvent")
GATEWAYS = ("exclusiveGateway", "parallelGateway", "inclusiveGateway")
PROPERTIES = ("dueIn", "escalateTo", "notDoneBy", "recordWith", "milestone", "formRef")


@dataclass(frozen=True)
class Edit:
    """One edit: what was done to which element of a file, and the file after it."""

    file: str
    kind: str
    element: str
    detail: str
    content: bytes

    def __str__(self) -> str:
        return " ".join(filter(None, (self.file, self.kind, self.element, self.detail)))


class Sheet:
    """A diagram to be edited; every edit begins with a fresh copy."""

    def __init__(self, content: bytes) -> None:
        self.tree: Any = etree.fromstring(content)

    @property
    def content(self) -> bytes:
        """Return the file as it is now."""
        found: bytes = etree.tostring(self.tree, xml_declaration=True, encoding="UTF-8")
        return found

    def all(self, *kinds: str) -> list[Any]:
        """Return the elements of some kinds in the order of the file."""
        wanted = {BPMN + kind for kind in kinds}
        return [one for one in self.tree.iter() if one.tag in wanted]

    def named(self, name: str) -> Any:
        """Return the element of an id."""
        return self.tree.xpath("//*[@id=$name]", name=name)[0]

    def flows(self, end: str, element: str) -> list[Any]:
        """Return the flows whose `sourceRef` or `targetRef` is an element."""
        return [one for one in self.all("sequenceFlow") if one.get(end) == element]

    def remove(self, element: Any) -> None:
        """Take an element away, with its shape, its place in a lane and who refers to it."""
        name = element.get("id")
        for one in list(self.tree.iter()):
            refers = one.tag.startswith(DI) and one.get("bpmnElement") == name
            listed = one.tag in {BPMN + "flowNodeRef", BPMN + "incoming", BPMN + "outgoing"}
            if refers or (listed and one.text == name):
                one.getparent().remove(one)
        element.getparent().remove(element)

    def take_out(self, element: Any) -> None:
        """Take a step away and lead what came to it to what followed it."""
        name = element.get("id")
        for boundary in [b for b in self.all("boundaryEvent") if b.get("attachedToRef") == name]:
            self.cut_off(boundary)
        (onward,) = self.flows("sourceRef", name)
        target = self.named(onward.get("targetRef"))
        self.remove(onward)
        for flow in self.flows("targetRef", name):
            self.lead(flow, target)
        self.remove(element)

    def cut_off(self, event: Any) -> None:
        """Take an event away with the flows that leave it."""
        for flow in self.flows("sourceRef", event.get("id")):
            self.remove(flow)
        self.remove(event)

    def lead(self, flow: Any, target: Any) -> None:
        """Let a flow end elsewhere."""
        for one in list(self.tree.iter(BPMN + "incoming")):
            if one.text == flow.get("id"):
                one.getparent().remove(one)
        flow.set("targetRef", target.get("id"))
        incoming = etree.Element(BPMN + "incoming")
        incoming.text = flow.get("id")
        ahead = [one for one in target if one.tag in _BEFORE_FLOWS]
        target.insert(len(ahead), incoming)


_BEFORE_FLOWS = {BPMN + "documentation", BPMN + "extensionElements", BPMN + "incoming"}
Change = tuple[str, str, Callable[[Sheet], None]]
"""What kind of edit, some detail, and what it does."""


def edits_of(file: str, content: bytes) -> Iterator[Edit]:
    """Give every single edit of a diagram."""
    for kind, element, detail, change in _changes(Sheet(content)):
        sheet = Sheet(content)
        change(sheet)
        yield Edit(file, kind, element, detail, sheet.content)


def _changes(sheet: Sheet) -> Iterator[tuple[str, str, str, Callable[[Sheet], None]]]:
    for element in sheet.all(*TASKS, *EVENTS):
        name = element.get("id")
        if len(sheet.flows("sourceRef", name)) == 1 and sheet.flows("targetRef", name):
            yield "taken out", name, "", lambda s, n=name: s.take_out(s.named(n))  # type: ignore[misc]
    for maker in (_lanes, _flows, _gateways, _events, _extensions, _operators, _calls, _many):
        yield from maker(sheet)


Found = Iterator[tuple[str, str, str, Callable[[Sheet], None]]]


def _lanes(sheet: Sheet) -> Found:
    lanes = [one.get("id") for one in sheet.all("lane")]
    for at, lane in enumerate(lanes):
        other = lanes[(at + 1) % len(lanes)]
        if other == lane:
            continue
        for reference in sheet.named(lane).findall(BPMN + "flowNodeRef"):
            if sheet.named(reference.text).tag != BPMN + "userTask":
                continue

            def move(s: Sheet, name: str = reference.text, to: str = other) -> None:
                for one in s.all("flowNodeRef"):
                    if one.text == name:
                        s.named(to).append(one)

            yield "moved", reference.text, f"to {other}", move

        def change_role(s: Sheet, here: str = lane, there: str = other) -> None:
            ours, theirs = (property_of(s.named(one), "candidateRole") for one in (here, there))
            ours.set("value", theirs.get("value"))

        yield "role changed", lane, f"as of {other}", change_role


def property_of(element: Any, name: str) -> Any:
    """Return a property of an element, or None."""
    return element.find(f".//{SPIFF}property[@name='{name}']")


def _flows(sheet: Sheet) -> Found:
    for at, flow in enumerate(sheet.all("sequenceFlow")):
        name = flow.get("id")
        condition = flow.find(BPMN + "conditionExpression")
        if condition is not None:

            def drop(s: Sheet, n: str = name) -> None:
                s.named(n).remove(s.named(n).find(BPMN + "conditionExpression"))

            def negate(s: Sheet, n: str = name) -> None:
                found = s.named(n).find(BPMN + "conditionExpression")
                found.text = f"not({found.text})"

            yield "condition dropped", name, condition.text, drop
            yield "condition negated", name, condition.text, negate
        if at % 3 == 0:
            yield from _rewired(flow)


def _rewired(flow: Any) -> Found:
    """Lead every third flow to the element that is drawn after its own end."""
    inside = [
        one
        for one in flow.getparent()
        if one.tag in {BPMN + kind for kind in (*TASKS, *GATEWAYS, "endEvent")}
    ]
    names = [one.get("id") for one in inside]
    if flow.get("targetRef") not in names or len(names) < 3:
        return
    other = names[(names.index(flow.get("targetRef")) + 1) % len(names)]
    if other != flow.get("sourceRef"):

        def lead(s: Sheet, n: str = flow.get("id"), to: str = other) -> None:
            s.lead(s.named(n), s.named(to))

        yield "led elsewhere", flow.get("id"), f"to {other}", lead


def _gateways(sheet: Sheet) -> Found:
    for gateway in sheet.all(*GATEWAYS):
        name = gateway.get("id")
        kinds = [BPMN + kind for kind in GATEWAYS if BPMN + kind != gateway.tag]
        ways = sheet.flows("sourceRef", name)
        for kind in kinds if len(ways) > 1 else kinds[:1]:

            def swap(s: Sheet, n: str = name, tag: str = kind) -> None:
                s.named(n).tag = tag

            yield "gateway swapped", name, f"to {etree.QName(kind).localname}", swap
        if gateway.get("default") and len(ways) > 1:
            other = next(one.get("id") for one in ways if one.get("id") != gateway.get("default"))

            def default(s: Sheet, n: str = name, to: str = other) -> None:
                s.named(n).set("default", to)

            yield "default moved", name, f"to {other}", default


def _events(sheet: Sheet) -> Found:
    for event in sheet.all("boundaryEvent"):
        name = event.get("id")
        yield "taken out", name, "", lambda s, n=name: s.cut_off(s.named(n))  # type: ignore[misc]

        def toggle(s: Sheet, n: str = name) -> None:
            found = s.named(n)
            found.set("cancelActivity", str(found.get("cancelActivity") == "false").lower())

        yield "interrupting swapped", name, "", toggle
    for definition in sheet.all("timerEventDefinition"):
        name = definition.get("id")
        for duration in ("PT0S", "P700D"):

            def set_time(s: Sheet, n: str = name, value: str = duration) -> None:
                found = s.named(n)[0]
                found.tag, found.text = BPMN + "timeDuration", f'duration("{value}")'

            yield "timer changed", name, duration, set_time
    messages = [one.get("id") for one in sheet.all("message")]
    for definition in sheet.all("messageEventDefinition"):
        name, now = definition.get("id"), definition.get("messageRef")
        if len(messages) > 1 and now in messages:
            other = messages[(messages.index(now) + 1) % len(messages)]

            def listen(s: Sheet, n: str = name, to: str = other) -> None:
                s.named(n).set("messageRef", to)

            yield "message changed", name, f"to {other}", listen


def _extensions(sheet: Sheet) -> Found:
    for task in sheet.all("userTask"):
        for name in PROPERTIES:
            found = property_of(task, name)
            if found is not None:

                def drop(s: Sheet, n: str = task.get("id"), p: str = name) -> None:
                    gone = property_of(s.named(n), p)
                    gone.getparent().remove(gone)

                yield f"{name} dropped", task.get("id"), found.get("value"), drop


def _operators(sheet: Sheet) -> Found:
    names = sorted({one.get("id") for one in sheet.tree.iter(SPIFF + "serviceTaskOperator")})
    for task in sheet.all("serviceTask"):
        operator = task.find(f".//{SPIFF}serviceTaskOperator")
        other = names[(names.index(operator.get("id")) + 1) % len(names)]
        if other != operator.get("id"):

            def swap(s: Sheet, n: str = task.get("id"), to: str = other) -> None:
                s.named(n).find(f".//{SPIFF}serviceTaskOperator").set("id", to)

            yield "operator changed", task.get("id"), f"to {other}", swap
    for task in sheet.all("scriptTask"):

        def empty(s: Sheet, n: str = task.get("id")) -> None:
            found = s.named(n).find(BPMN + "script")
            found.text = "nothing_at_all = 1"

        yield "script emptied", task.get("id"), "", empty


def _calls(sheet: Sheet) -> Found:
    names = [one.get("calledElement") for one in sheet.all("callActivity")]
    for call in sheet.all("callActivity"):
        other = names[(names.index(call.get("calledElement")) + 1) % len(names)]
        if other != call.get("calledElement"):

            def swap(s: Sheet, n: str = call.get("id"), to: str = other) -> None:
                s.named(n).set("calledElement", to)

            yield "called changed", call.get("id"), f"to {other}", swap


def _many(sheet: Sheet) -> Found:
    for many in sheet.all("multiInstanceLoopCharacteristics"):
        task = many.getparent().get("id")

        def one_by_one(s: Sheet, n: str = task) -> None:
            s.named(n).find(BPMN + "multiInstanceLoopCharacteristics").set("isSequential", "true")

        def once(s: Sheet, n: str = task) -> None:
            s.named(n).remove(s.named(n).find(BPMN + "multiInstanceLoopCharacteristics"))

        yield "one after the other", task, "", one_by_one
        yield "asked once", task, "", once
