"""What a profile has of its own, and the same set of files without it.

A story names what it shows as `step:decide_by_police`. Taken out means: what lies underneath is put
in its place and nothing else changes, so that a story that still goes shows something else.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Final

from lxml import etree

from engine.deployment import ResolvedDeployment
from engine.errors import InputError
from engine.profile_schema import nearest
from engine.xml import parse_xml

KINDS: Final = ("step", "flow", "drawing", "table", "form", "value")
"""What a story may show; `form` also as form.field, `drawing` by its file."""
STEPS: Final = (
    *("userTask", "serviceTask", "scriptTask", "businessRuleTask", "callActivity"),
    *("manualTask", "intermediateCatchEvent"),
)
"""What a step is here: elements with one way on."""
BPMN: Final = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


@dataclass(frozen=True)
class Peculiar:
    """The files of a profile beside those of what it inherits."""

    own: ResolvedDeployment
    under: ResolvedDeployment

    def without(self, name: str) -> ResolvedDeployment:
        """Return the set without one peculiarity; raise InputError where it is none.

        A drawing, a table, a form, a field or a value is as what lies underneath has it. A step
        that only this profile has is left out of its drawing: what came to it goes on to what
        followed it. Without a flow, all take the other ways that the gateway before it has.
        """
        kind, colon, rest = name.partition(":")
        if not colon or kind not in KINDS:
            raise InputError(
                f"{name} is no kind of thing that a story shows; write kind:name with "
                f"{', '.join(KINDS)}."
            )
        if kind == "value":
            return self._without_value(rest)
        if kind in ("step", "flow"):
            return self._without_element(kind, rest)
        if kind == "form" and "." in rest:
            return self._without_field(*rest.split(".", 1))
        places = {"drawing": "{}.bpmn", "table": "decisions/{}.dmn", "form": "forms/{}.form"}
        return self._without_file(kind, rest, places[kind].format(rest))

    def _without_value(self, name: str) -> ResolvedDeployment:
        ours, theirs = self.own.profile.values, self.under.profile.values
        if name not in ours:
            raise InputError(f"There is no value {name}; {nearest(name, ours)}")
        if name not in theirs:
            raise InputError(
                f"The value {name} has none underneath; name the step, form or table that reads it."
            )
        if ours[name] == theirs[name]:
            raise InputError(
                f"The value {name} is {ours[name]!r} underneath, too; name what is different."
            )
        return self.own.with_values({name: theirs[name]})

    def _without_file(self, kind: str, name: str, path: str) -> ResolvedDeployment:
        ours, theirs = self.own.files, self.under.files
        if path not in ours:
            like = {PurePosixPath(one).stem for one in ours if one.endswith(path[-4:])}
            raise InputError(f"There is no {kind} {name}; {nearest(name, like)}")
        if path not in theirs:
            raise InputError(
                f"Nothing lies under the {kind} {name}; name the step of this profile that uses it."
            )
        if ours[path] == theirs[path]:
            raise InputError(f"The {kind} {name} is as it is underneath; name what is different.")
        return replace(self.own, files={**ours, path: theirs[path]})

    def _without_element(self, kind: str, name: str) -> ResolvedDeployment:
        ours = _elements(self.own, kind)
        if name not in ours:
            raise InputError(f"There is no {kind} {name}; {nearest(name, ours)}")
        if name in _elements(self.under, kind):
            raise InputError(
                f"There is a {kind} {name} underneath, too; name the drawing or the form in which "
                "it is different."
            )
        path = ours[name]
        leave = _step_left_out if kind == "step" else _flow_left_out
        content = leave(self.own.files[path], name, path)
        return replace(self.own, files={**self.own.files, path: content})

    def _without_field(self, form: str, field: str) -> ResolvedDeployment:
        path = f"forms/{form}.form"
        if path not in self.own.files:
            raise InputError(f"There is no form {form}; {nearest(form, self.own.forms)}")
        read = json.loads(self.own.files[path])
        ours = dict(_fields(read))
        if field not in ours:
            raise InputError(f"There is no field {form}.{field}; {nearest(field, ours)}")
        theirs = dict(_fields(json.loads(self.under.files.get(path, b"{}"))))
        if ours[field] == theirs.get(field):
            raise InputError(
                f"The field {form}.{field} is as it is underneath; name what is different."
            )
        content = json.dumps(_with_field(read, field, theirs.get(field))).encode()
        return replace(self.own, files={**self.own.files, path: content})


def _elements(deployment: ResolvedDeployment, kind: str) -> dict[str, str]:
    """Return the file of each step or flow by its id."""
    found: dict[str, str] = {}
    for drawing in deployment.drawings.values():
        if kind == "step":
            found |= {one.id: drawing.file for one in drawing.elements if one.kind in STEPS}
        else:
            flows = (flow for process in drawing.processes for flow in process.flows)
            found |= {flow.id: drawing.file for flow in flows}
    return found


def _fields(component: Any) -> Iterator[tuple[str, Any]]:
    for one in component.get("components", ()):
        if "key" in one:
            yield one["key"], one
        yield from _fields(one)


def _with_field(component: Any, key: str, other: Any) -> Any:
    """Return a part of a form with another field of the same key, or without it."""
    if "components" not in component:
        return component
    kept = [one for one in component["components"] if other or one.get("key") != key]
    inside = [other if one.get("key") == key else _with_field(one, key, other) for one in kept]
    return {**component, "components": inside}


def _step_left_out(content: bytes, name: str, file: str) -> bytes:
    """Return a drawing without a step; what came to it goes on to what followed it."""
    tree: Any = parse_xml(content, file=file)
    flows = list(tree.iter(f"{BPMN}sequenceFlow"))
    onward = [flow for flow in flows if flow.get("sourceRef") == name]
    if len(onward) != 1:
        raise InputError(f"The step {name} has not one way on; name the drawing it is in.")
    target = onward[0].get("targetRef")
    for flow in flows:
        if flow.get("targetRef") == name:
            flow.set("targetRef", target)
            _refer(tree, target, flow.get("id"))
    # What is attached to the step goes with it, and all that only led on from there.
    gone = {name, onward[0].get("id")}
    gone |= {one.get("id") for one in tree.iter() if one.get("attachedToRef") == name}
    return _written_without(tree, flows, gone)


def _flow_left_out(content: bytes, name: str, file: str) -> bytes:
    """Return a drawing without a flow; where one way is left, all take it."""
    tree: Any = parse_xml(content, file=file)
    flows = list(tree.iter(f"{BPMN}sequenceFlow"))
    (flow,) = (one for one in flows if one.get("id") == name)
    source = flow.get("sourceRef")
    others = [one for one in flows if one.get("sourceRef") == source and one is not flow]
    if not others:
        raise InputError(f"The flow {name} is the only way on; name the step behind it.")
    (gateway,) = (one for one in tree.iter() if one.get("id") == source)
    if gateway.get("default") == name:
        del gateway.attrib["default"]
    for condition in others[0].findall(f"{BPMN}conditionExpression") if len(others) == 1 else ():
        others[0].remove(condition)
    return _written_without(tree, flows, {name})


def _written_without(tree: Any, flows: list[Any], gone: set[str | None]) -> bytes:
    gone |= _cut_off(flows, gone)
    for one in list(tree.iter()):
        refers = one.get("bpmnElement") in gone or (one.text or "").strip() in gone
        if one.get("id") in gone or refers:
            one.getparent().remove(one)
    written: bytes = etree.tostring(tree, xml_declaration=True, encoding="UTF-8")
    return written


def _cut_off(flows: list[Any], gone: set[str | None]) -> set[str | None]:
    """Return the flows and elements to which no way leads once some elements are gone."""
    left = {one.get("id") for one in flows if {one.get("sourceRef"), one.get("id")} & gone}
    lost = {one.get("targetRef") for one in flows if one.get("id") in left}
    kept = {one.get("targetRef") for one in flows if one.get("id") not in left}
    more = lost - kept - gone
    return left | more | (_cut_off(flows, gone | more) if more else set())


def _refer(tree: Any, element: str | None, flow: str | None) -> None:
    """Say at an element which flow comes to it, where the schema wants that."""
    (found,) = (one for one in tree.iter() if one.get("id") == element)
    reference = etree.Element(f"{BPMN}incoming")
    reference.text = flow
    ahead = {BPMN + tag for tag in ("documentation", "extensionElements", "incoming")}
    found.insert(sum(one.tag in ahead for one in found), reference)
