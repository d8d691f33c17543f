"""Reads one step, event or gateway of a BPMN file with its settings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lxml import etree

from engine.drawing.interchange import reference, unprefixed
from engine.drawing.model import Element, Event, MultiInstance, Parameter
from engine.drawing.vocabulary import BPMN, SPIFF
from engine.drawing.xmltext import id_of, line_of, local_name, text_of

_TIMER_RULES = ("timeDuration", "timeDate", "timeCycle")
_REFERENCES = ("messageRef", "signalRef", "errorRef", "escalationRef", "activityRef")


@dataclass(frozen=True)
class Beside:
    """What is defined beside the processes: names by kind and id, shared events by id."""

    names: Mapping[tuple[str, str], str]
    events: Mapping[str, etree._Element]

    @classmethod
    def of(cls, root: etree._Element) -> "Beside":
        """Read it once per file, so that many events over many messages stay linear."""
        names: dict[tuple[str, str], str] = {}
        events: dict[str, etree._Element] = {}
        for child in root:
            identifier, kind = child.get("id"), local_name(child)
            if identifier:
                names.setdefault((kind, identifier), child.get("name") or identifier)
                if kind.endswith("EventDefinition"):
                    events.setdefault(identifier, child)
        return cls(names, events)


def read_element(node: etree._Element, process: str, parent: str | None, beside: Beside) -> Element:
    """Return the element; flows, lane and role are filled in by the process that knows them."""
    operator, parameters = _operator(node)
    return Element(
        id=id_of(node),
        name=" ".join(node.get("name", "").split()),
        kind=local_name(node),
        process=process,
        line=line_of(node),
        parent=parent,
        properties=properties_of(node),
        documentation=documentation_of(node),
        default_flow=reference(node, "default") or None,
        operator=operator,
        parameters=parameters,
        decision_ref=_extension_text(node, "calledDecisionId") or None,
        called_element=reference(node, "calledElement") or None,
        script=_script(node),
        extensions=_extension_names(node),
        events=tuple(_events(node, beside)),
        message=beside.names.get(("message", reference(node, "messageRef")), ""),
        attached_to=reference(node, "attachedToRef") or None,
        interrupting=_interrupting(node),
        event_sub_process=_is_true(node.get("triggeredByEvent")),
        for_compensation=_is_true(node.get("isForCompensation")),
        multi_instance=_multi_instance(node),
        standard_loop=node.find(f"{{{BPMN}}}standardLoopCharacteristics") is not None,
        foreign=_foreign(node),
    )


def properties_of(node: etree._Element) -> Mapping[str, str]:
    """Return the `spiffworkflow:property` pairs of a node; of two with one name, the last."""
    extensions = node.find(f"{{{BPMN}}}extensionElements")
    if extensions is None:
        return {}
    return {
        pair.get("name", ""): pair.get("value", "").strip()
        for properties in extensions.iterchildren(f"{{{SPIFF}}}properties")
        for pair in properties.iterchildren(f"{{{SPIFF}}}property")
    }


def documentation_of(node: etree._Element) -> str:
    """Return the documentation of a node as plain text."""
    return text_of(node.find(f"{{{BPMN}}}documentation"))


def _extensions(node: etree._Element, name: str) -> Iterator[etree._Element]:
    extensions = node.find(f"{{{BPMN}}}extensionElements")
    if extensions is not None:
        yield from extensions.iterchildren(f"{{{SPIFF}}}{name}")


def _extension_names(node: etree._Element) -> frozenset[str]:
    """Return the names of our own namespace's extension elements, for what is refused."""
    extensions = node.find(f"{{{BPMN}}}extensionElements")
    found = () if extensions is None else extensions.iter(f"{{{SPIFF}}}*")
    return frozenset(local_name(child) for child in found)


def _extension_text(node: etree._Element, name: str) -> str:
    return text_of(next(_extensions(node, name), None))


def _operator(node: etree._Element) -> tuple[str | None, tuple[Parameter, ...]]:
    operator = next(_extensions(node, "serviceTaskOperator"), None)
    if operator is None:
        return None, ()
    parameters = tuple(
        Parameter(found.get("id", ""), found.get("type", ""), found.get("value", ""))
        for found in operator.iter(f"{{{SPIFF}}}parameter")
    )
    return operator.get("id") or None, parameters


def _script(node: etree._Element) -> str | None:
    script = node.find(f"{{{BPMN}}}script")
    return None if script is None else "".join(str(part) for part in script.itertext())


def _interrupting(node: etree._Element) -> bool:
    written = node.get("cancelActivity") or node.get("isInterrupting") or "true"
    return written.strip() not in {"false", "0"}


def _is_true(text: str | None) -> bool:
    return (text or "").strip() in {"true", "1"}


def _events(node: etree._Element, beside: Beside) -> Iterator[Event]:
    for child in node:
        name = local_name(child)
        if name == "eventDefinitionRef":
            wanted = unprefixed(child, text_of(child))
            shared = beside.events.get(wanted)
            found = Event("unknown", wanted) if shared is None else _event(shared, beside)
            yield replace(found, by_reference=True)
        elif name.endswith("EventDefinition"):
            yield _event(child, beside)


def _event(node: etree._Element, beside: Beside) -> Event:
    kind = local_name(node).removesuffix("EventDefinition")
    written = next((reference(node, name) for name in _REFERENCES if node.get(name)), "")
    rule_kind, rule = _rule(node)
    name = beside.names.get((kind, written), "") if written else node.get("name", "")
    return Event(
        kind={"compensate": "compensation"}.get(kind, kind),
        reference=written,
        name=name,
        rule_kind=rule_kind,
        rule=rule,
    )


def _rule(node: etree._Element) -> tuple[str, str]:
    for name in (*_TIMER_RULES, "condition"):
        found = node.find(f"{{{BPMN}}}{name}")
        if found is not None:
            return name, text_of(found)
    return "", ""


def _multi_instance(node: etree._Element) -> MultiInstance | None:
    found = node.find(f"{{{BPMN}}}multiInstanceLoopCharacteristics")
    if found is None:
        return None
    return MultiInstance(
        sequential=_is_true(found.get("isSequential")),
        collection=text_of(found.find(f"{{{BPMN}}}loopDataInputRef")),
        item=_item(found, "inputDataItem"),
        output=text_of(found.find(f"{{{BPMN}}}loopDataOutputRef")),
        output_item=_item(found, "outputDataItem"),
        cardinality=text_of(found.find(f"{{{BPMN}}}loopCardinality")),
        completion_condition=text_of(found.find(f"{{{BPMN}}}completionCondition")),
    )


def _item(node: etree._Element, name: str) -> str:
    found = node.find(f"{{{BPMN}}}{name}")
    return "" if found is None else found.get("id") or found.get("name") or ""


def _foreign(node: etree._Element) -> Mapping[str, str]:
    """Return attributes that other tools wrote, as `prefix:name`, for the to-do list."""
    prefixes = {uri: prefix or "" for prefix, uri in node.nsmap.items()}
    found = {}
    for key, value in node.attrib.items():
        name = etree.QName(str(key))
        if name.namespace and name.namespace not in {BPMN, SPIFF}:
            found[f"{prefixes.get(name.namespace, '')}:{name.localname}"] = str(value)
    return found
