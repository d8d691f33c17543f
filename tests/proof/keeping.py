"""Single edits that keep every rule: what a process owner changes on an ordinary day (V2).

An answer other than *all holds* to one of these is a false alarm: owners who are refused for
nothing learn to look past what they are told.
"""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from lxml import etree

from tests.proof.content_edit import DMN, fields_of
from tests.proof.edit import BPMN, DI, SPIFF, Edit, Sheet, property_of

DC = "{http://www.omg.org/spec/DD/20100524/DC}"
WAY = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
Change = Callable[[Sheet], None]
RIGHTLY_ALARMED = frozenset(
    {
        # A note would wait there without hearing that the case runs again (L12).
        ("followed by a note", "look_after_hold"),
        ("followed by a note", "review_retention"),
        ("followed by a note", "agree_erasure"),
        # The table would go on until the note is done, although it was decided to go back (P75).
        ("followed by a note", "triage_new_information"),
        # Whoever left the table would keep access when the work is stopped before the note (P69).
        ("followed by a note", "adjust_partners"),
        # Another diagram names it in notDoneBy.
        ("given another id", "record_check_in"),
    }
)
"""Edits of these kinds that break a rule at these elements."""


def keeping_edits_of(file: str, content: bytes) -> Iterator[Edit]:
    """Give edits of a diagram that keep every rule."""
    for kind, element, change in _changes(Sheet(content)):
        sheet = Sheet(content)
        change(sheet)
        yield Edit(file, kind, element, "", sheet.content)


def _changes(sheet: Sheet) -> Iterator[tuple[str, str, Change]]:
    process = sheet.all("process")[0].get("id")
    yield "moved on the page", process, _shift
    yield "described", process, _describe
    yield "annotated", process, _annotate
    for task in sheet.all("userTask"):
        name = task.get("id")
        yield "renamed", name, lambda s, n=name: s.named(n).set("name", "Do this")  # type: ignore[misc]
        yield "given another id", name, lambda s, n=name: _rename(s, n, "do_this_now")  # type: ignore[misc]
        yield "due sooner", name, lambda s, n=name: _set(s, n, "dueIn", "P2D")  # type: ignore[misc]
        yield "other guidance", name, lambda s, n=name: _set(s, n, "guidance", "Take your time.")  # type: ignore[misc]
        flows = sheet.flows("sourceRef", name)
        if len(flows) == 1 and not flows[0].findall(BPMN + "conditionExpression"):
            yield "followed by a note", name, lambda s, n=name: _note_after(s, n)  # type: ignore[misc]
    for lane in sheet.all("lane"):
        name = lane.get("id")
        yield "renamed", name, lambda s, n=name: s.named(n).set("name", "Our own people")  # type: ignore[misc]
    for flow in sheet.all("sequenceFlow"):
        if flow.find(BPMN + "conditionExpression") is not None:
            name = flow.get("id")
            yield "said otherwise", name, lambda s, n=name: _negate_twice(s, n)  # type: ignore[misc]


def _shift(sheet: Sheet) -> None:
    for one in sheet.tree.iter(DC + "Bounds", WAY):
        one.set("x", str(float(one.get("x")) + 60))


def _describe(sheet: Sheet) -> None:
    process = sheet.all("process")[0]
    found = process.find(BPMN + "documentation")
    if found is None:
        found = etree.Element(BPMN + "documentation")
        process.insert(0, found)
    found.text = "What the town agreed on in spring."


def _annotate(sheet: Sheet) -> None:
    process = sheet.all("process")[0]
    note = etree.SubElement(process, BPMN + "textAnnotation", id="note_of_the_town")
    etree.SubElement(note, BPMN + "text").text = "Agreed in spring."
    plane = next(sheet.tree.iter(DI + "BPMNPlane"))
    bottom = max(
        float(one.get("y")) + float(one.get("height")) for one in sheet.tree.iter(DC + "Bounds")
    )
    shape = etree.SubElement(plane, DI + "BPMNShape", id="note_di", bpmnElement="note_of_the_town")
    etree.SubElement(shape, DC + "Bounds", x="200", y=str(bottom + 20), width="160", height="40")


def _rename(sheet: Sheet, old: str, new: str) -> None:
    """Give an element another id, as an editor does: everywhere."""
    for one in sheet.tree.iter():
        if not isinstance(one.tag, str):
            continue
        for key, value in one.attrib.items():
            if value == old and key not in {"name", "calledElement"} and not _names_a_form(one):
                one.set(key, new)
            elif one.get("name") == "notDoneBy" and key == "value":
                ids = [new if each.strip() == old else each.strip() for each in value.split(",")]
                one.set(key, ", ".join(ids))
        if one.text == old and one.tag == BPMN + "flowNodeRef":
            one.text = new


def _names_a_form(element: Any) -> bool:
    return element.tag == f"{SPIFF}property" and element.get("name") != "notDoneBy"


def _set(sheet: Sheet, name: str, key: str, value: str) -> None:
    found = property_of(sheet.named(name), key)
    if found is None:
        inside = sheet.named(name).find(f".//{SPIFF}properties")
        found = etree.SubElement(inside, f"{SPIFF}property", name=key)
    found.set("value", value)


def _negate_twice(sheet: Sheet, flow: str) -> None:
    found = sheet.named(flow).find(BPMN + "conditionExpression")
    found.text = f"not(not({found.text}))"


def _note_after(sheet: Sheet, name: str) -> None:
    """Put a step that only reminds its holder of something behind a step of the same lane."""
    task, (flow,) = sheet.named(name), sheet.flows("sourceRef", name)
    note = copy.deepcopy(task)
    note.tag = BPMN + "manualTask"
    note.attrib.clear()
    note.set("id", "note_to_self")
    note.set("name", "Tell the team")
    for one in list(note):
        if one.tag != BPMN + "extensionElements":
            note.remove(one)
    kept = {"dueIn", "escalateTo"}
    for one in list(note.iter(f"{SPIFF}property")):
        if one.get("name") not in kept:
            one.getparent().remove(one)
    etree.SubElement(note, BPMN + "incoming").text = flow.get("id")
    etree.SubElement(note, BPMN + "outgoing").text = "note_onward"
    task.addnext(note)
    onward = etree.Element(BPMN + "sequenceFlow", id="note_onward", sourceRef="note_to_self")
    onward.set("targetRef", flow.get("targetRef"))
    flow.addnext(onward)
    for one in sheet.named(flow.get("targetRef")).findall(BPMN + "incoming"):
        if one.text == flow.get("id"):
            one.text = "note_onward"
    flow.set("targetRef", "note_to_self")
    for one in sheet.all("flowNodeRef"):
        if one.text == name:
            beside = etree.Element(BPMN + "flowNodeRef")
            beside.text = "note_to_self"
            one.addnext(beside)
            break
    _draw_note(sheet, name, flow.get("id"))


def _draw_note(sheet: Sheet, name: str, flow: str) -> None:
    shape = sheet.tree.xpath("//*[@bpmnElement=$n]", n=name)[0]
    edge = sheet.tree.xpath("//*[@bpmnElement=$n]", n=flow)[0]
    ways = edge.findall(WAY)
    first, second = ways[:2]
    x, y = float(first.get("x")), float(first.get("y"))
    dx = (float(second.get("x")) > x) - (float(second.get("x")) < x)
    dy = (float(second.get("y")) > y) - (float(second.get("y")) < y)
    drawn = etree.Element(DI + "BPMNShape", id="note_to_self_di", bpmnElement="note_to_self")
    left, top = x + 10 * dx - (0 if dx > 0 else 20 if dx < 0 else 10), y + 10 * dy
    top += -20 if dy < 0 else 0 if dy > 0 else -10
    etree.SubElement(drawn, DC + "Bounds", x=str(left), y=str(top), width="20", height="20")
    shape.addnext(drawn)
    onward = copy.deepcopy(edge)
    onward.set("id", "note_onward_di")
    onward.set("bpmnElement", "note_onward")
    for label in onward.findall(DI + "BPMNLabel"):
        onward.remove(label)
    begin = onward.find(WAY)
    begin.set("x", str(x + 30 * dx))
    begin.set("y", str(y + 30 * dy))
    edge.addnext(onward)
    for one in ways[2:]:
        edge.remove(one)
    second.set("x", str(x + 10 * dx))
    second.set("y", str(y + 10 * dy))


def keeping_form_edits_of(file: str, content: bytes) -> Iterator[Edit]:
    """Give edits of a form that keep every rule."""
    fields = fields_of(json.loads(content))
    texts = [at for at, one in fields if one["type"] in {"textfield", "textarea"}]
    for kind, place in (
        ("other label", next((at for at, one in fields if one.get("label")), None)),
        ("other help", fields[0][0] if fields else None),
        ("made required", next((at for at in texts if not _required(dict(fields)[at])), None)),
        ("question added", ()),
        ("last question first", ()),
    ):
        if place is not None:
            form = json.loads(content)
            _edit_form(form, kind, place)
            if form != json.loads(content):
                yield Edit(file, kind, "", "", json.dumps(form).encode())


def _required(field: Any) -> bool:
    return bool(field.get("validate", {}).get("required") or field.get("conditional"))


def _edit_form(form: Any, kind: str, place: tuple[int, ...]) -> None:
    field = dict(fields_of(form)).get(place, {})
    parts = form["components"]
    match kind:
        case "other label":
            field["label"] = "In your own words"
        case "other help":
            field.setdefault("properties", {})["help"] = "Facts first."
        case "made required":
            field.setdefault("validate", {})["required"] = True
        case "question added":
            label, props = (
                "Anything else?",
                {"class": "sensitive", "help": "You may leave it empty."},
            )
            parts.append(
                {
                    "type": "textarea",
                    "id": "field_anything_else",
                    "key": "anything_else_at_all",
                    "label": label,
                    "properties": props,
                    "validate": {"maxLength": 2000},
                }
            )
        case _:
            parts.insert(0, parts.pop())


def keeping_table_edits_of(file: str, content: bytes) -> Iterator[Edit]:
    """Give edits of a decision table that keep every rule."""
    yield _table(file, content, "why said otherwise", _other_why)
    if etree.fromstring(content).find(f".//{DMN}decisionTable").get("hitPolicy") == "UNIQUE":
        yield _table(file, content, "rows in another order", _last_row_first)


def _table(file: str, content: bytes, kind: str, change: Callable[[Any], None]) -> Edit:
    tree = etree.fromstring(content)
    change(tree)
    return Edit(file, kind, "", "", etree.tostring(tree))


def _other_why(tree: Any) -> None:
    for one in tree.iter(DMN + "annotationEntry"):
        one.find(DMN + "text").text = "So the town agreed."


def _last_row_first(tree: Any) -> None:
    rows = list(tree.iter(DMN + "rule"))
    rows[0].addprevious(rows[-1])
