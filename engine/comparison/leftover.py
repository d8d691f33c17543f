"""Tells differences in a BPMN file of which the model of drawings knows nothing.

Whatever another tool or a later version of the library may read counts as a change of meaning,
unless it stands in a part that is only drawn.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from lxml import etree

from engine.comparison.canonical import short_name
from engine.comparison.change import Change, Sentence, Weight, excerpts, named, say, valued
from engine.comparison.layout import REMEMBERED
from engine.comparison.place import Pair, called
from engine.comparison.remainder import Facts, Reads, Schema, differing, facts_of, shown
from engine.drawing import Drawing
from engine.drawing.role import ROLE_PROPERTY
from engine.drawing.vocabulary import ARTIFACTS, BPMN, DIAGRAM, NODES
from engine.xml import parse_xml

_S = "spiffworkflow:"
_LOOP = (
    "loopDataInputRef loopDataOutputRef inputDataItem outputDataItem loopCardinality "
    "completionCondition"
)
_EVENTS = [
    "message",
    "signal",
    "timer",
    "error",
    "escalation",
    "terminate",
    "conditional",
    "link",
    "cancel",
    "compensate",
]
_DEFINITIONS = frozenset(f"{kind}EventDefinition" for kind in _EVENTS)
_TIMED = "timeDuration timeDate timeCycle condition"


def _reads(own: str = "", children: str = "", once: str = "", **flags: bool) -> Reads:
    listed = frozenset(children.split()) | frozenset(once.split())
    return Reads(frozenset(own.split()), listed, frozenset(once.split()), **flags)


_INSIDE = NODES | ARTIFACTS | {"sequenceFlow", "laneSet"}
_NODE = _reads(
    "id name default calledElement messageRef attachedToRef cancelActivity isInterrupting "
    "triggeredByEvent isForCompensation",
    " ".join((*_INSIDE, *_DEFINITIONS, "eventDefinitionRef")),
    "documentation extensionElements script multiInstanceLoopCharacteristics "
    "standardLoopCharacteristics",
    owner=True,
    foreign=True,
)
_REFERENCES = ["messageRef", "signalRef", "errorRef", "escalationRef", "activityRef"]
_TEXT = _reads(text=True)
_DEFINED = _reads("id name errorCode escalationCode", once="extensionElements", owner=True)
_TABLE: Final[dict[str, Reads]] = {
    "definitions": _reads(
        "name", f"process collaboration message signal error escalation {' '.join(_DEFINITIONS)}"
    ),
    "process": _reads(
        "id name isExecutable", " ".join(_INSIDE), "documentation extensionElements", owner=True
    ),
    "collaboration": _reads(children=f"participant messageFlow {' '.join(ARTIFACTS)}"),
    "participant": _reads("id name processRef", owner=True),
    "messageFlow": _reads("id name sourceRef targetRef", owner=True),
    "sequenceFlow": _reads("id name sourceRef targetRef", once="conditionExpression", owner=True),
    "laneSet": _reads(children="lane"),
    "childLaneSet": _reads(children="lane"),
    "lane": _reads("id name", "flowNodeRef childLaneSet", "extensionElements", owner=True),
    "extensionElements": _reads(
        children=f"{_S}properties", once=f"{_S}serviceTaskOperator {_S}calledDecisionId"
    ),
    f"{_S}properties": _reads(children=f"{_S}property"),
    f"{_S}property": _reads("name value"),
    f"{_S}serviceTaskOperator": _reads("id", once=f"{_S}parameters"),
    f"{_S}parameters": _reads(children=f"{_S}parameter"),
    f"{_S}parameter": _reads("id type value"),
    f"{_S}calledDecisionId": _TEXT,
    "multiInstanceLoopCharacteristics": _reads("isSequential", once=_LOOP),
    "inputDataItem": _reads("id"),
    "outputDataItem": _reads("id"),
    "standardLoopCharacteristics": _reads(),
    **dict.fromkeys(("message", "signal", "error", "escalation"), _DEFINED),
    **dict.fromkeys(ARTIFACTS, _reads("id name", owner=True)),
    **dict.fromkeys(
        (
            *[
                "documentation",
                "script",
                "conditionExpression",
                "eventDefinitionRef",
                "flowNodeRef",
            ],
            *["loopDataInputRef", "loopDataOutputRef", "loopCardinality", "completionCondition"],
            *_TIMED.split(),
            "text",
        ),
        _TEXT,
    ),
}


def _of(node: etree._Element) -> Reads | None:  # noqa: PLR0911 - one line per kind of node
    name = short_name(node)
    if name in NODES:
        return _NODE
    if name in _DEFINITIONS:
        return _event(node)
    if name == f"{_S}property" and _is_unread(node):
        return None
    if name in _OF_STEPS and _holder(node, 2) not in NODES:
        return None
    if name == "textAnnotation" and not node.get("name"):
        return _reads("id name", once="text", owner=True)
    if name in ("inputDataItem", "outputDataItem") and not node.get("id"):
        return _reads("name")
    return _TABLE.get(name)


_OF_STEPS: Final = (f"{_S}serviceTaskOperator", f"{_S}calledDecisionId")


def _event(node: etree._Element) -> Reads:
    """Of several references or times the model reads the first in its own order."""
    reference = next((one for one in _REFERENCES if node.get(one)), "name")
    rule = next((one for one in _TIMED.split() if node.find(f"{{{BPMN}}}{one}") is not None), "")
    return _reads(reference, once=rule)


def _is_unread(node: etree._Element) -> bool:
    """Say whether a property stands where only the role counts, or is written again below."""
    name = node.get("name")
    if _holder(node, 3) == "lane" and name != ROLE_PROPERTY:
        return True
    return any(one.get("name") == name for one in node.itersiblings())


def _holder(node: etree._Element, levels: int) -> str:
    """Return the kind of the node that stands so many levels above."""
    above = next(islice(node.iterancestors(), levels - 1, None), None)
    return "" if above is None else short_name(above)


SCHEMA: Final = Schema(
    reads=_of,
    # What a tool writes of itself, and ids to which nothing refers.
    idle_attributes=frozenset(
        ["id", "targetNamespace", "exporter", "exporterVersion", "xsi:schemaLocation", "xsi:type"]
    ),
    # The flows say the same, and nothing that is executed reads it twice.
    idle_nodes=frozenset({"incoming", "outgoing"}),
    layout=frozenset({f"{{{DIAGRAM}}}BPMNDiagram"}),
)


def compare_leftovers(pair: Pair) -> Iterator[Change]:
    """Yield what differs beside the model, of things that are on both sides."""
    sides = ((pair.old, pair.before), (pair.new, pair.after))
    old, new = (_facts(side.files[one.file], one.file) for side, one in sides)
    known = _owners(pair.before) & _owners(pair.after)
    for owner, path, before, after in differing(old, new):
        if owner in known:
            told = excerpts(", ".join(shown(before)), ", ".join(shown(after)))
            sentence = say(
                "%(here)s differs in %(path)s: %(after)s instead of %(before)s.",
                here=_here(pair.after, owner),
                path=valued(path),
                before=valued(told[0]),
                after=valued(told[1]),
            )
            values = shown(before), shown(after)
            weight = _weight(pair.after, owner, path)
            yield pair.change(owner, "other", values, sentence, weight=weight, aspect=path)


@lru_cache(maxsize=REMEMBERED)
def _facts(content: bytes, file: str) -> Facts:
    return facts_of(parse_xml(content, file=file), SCHEMA)


def _owners(drawing: Drawing) -> frozenset[str]:
    groups: list[Iterable[Any]] = [drawing.elements, drawing.flows, drawing.processes]
    groups += [drawing.messages, drawing.signals, drawing.errors, drawing.escalations]
    groups += [drawing.participants, drawing.message_flows, drawing.artifacts]
    groups += [one.lanes for one in drawing.processes]
    groups += [one.artifacts for one in drawing.processes]
    return frozenset({"", *(one.id for group in groups for one in group)})


def _here(drawing: Drawing, owner: str) -> Sentence:
    element = drawing.by_id.get(owner)
    if element is not None:
        process = next(one for one in drawing.processes if one.id == element.process)
        return called(element, process)
    names = {flow.id: flow.name for flow in drawing.flows}
    return say("The part %(name)s", name=named(names.get(owner) or owner)) if owner else _FILE


_FILE: Final = say("The file")


def _weight(drawing: Drawing, owner: str, path: str) -> Weight:
    """Return wording for what is only drawn, and for attributes in a namespace of other tools."""
    artifacts = (*drawing.artifacts, *(one for p in drawing.processes for one in p.artifacts))
    beside = {one.id for one in artifacts} | {one.id for one in drawing.participants}
    beside |= {one.id for one in drawing.message_flows}
    last = path.rsplit(" ", maxsplit=1)[-1] if path else ""
    return "wording" if owner in beside or last.startswith("{") else "meaning"
