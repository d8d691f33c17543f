"""Reads a BPMN file of any tool into a Drawing: tolerant of dialects, strict only about XML."""

from collections.abc import Iterator

from lxml import etree

from engine.drawing.element import Beside
from engine.drawing.interchange import read_layout, reference
from engine.drawing.model import Artifact, Drawing, Message, MessageFlow, Participant
from engine.drawing.process import read_process
from engine.drawing.vocabulary import ARTIFACTS, BPMN, SPIFF
from engine.drawing.xmltext import local_name, text_of
from engine.errors import InputError
from engine.language.telling import located, told
from engine.xml import parse_xml


def parse_drawing(content: bytes, *, file: str) -> Drawing:
    """Return the drawing in a BPMN 2.0 file.

    Raise XmlError when the XML is not safe or not well formed, InputError when it is not BPMN 2.0.
    Everything else, however wrong, is a drawing; `engine.check` says what is missing to run it.
    """
    root = parse_xml(content, file=file)
    if root.tag != f"{{{BPMN}}}definitions":
        raise InputError(
            located(
                file,
                told(
                    "begins with <%(name)s>, not with BPMN 2.0 "
                    "<definitions>; export the diagram as BPMN 2.0.",
                    name=local_name(root),
                ),
            )
        )
    beside = Beside.of(root)
    shapes, edges = read_layout(root)
    collaborations = [node for node in root if local_name(node) in _COLLABORATIONS]
    return Drawing(
        file=file,
        processes=tuple(
            read_process(node, beside) for node in root.iterchildren(f"{{{BPMN}}}process")
        ),
        messages=_definitions(root, "message"),
        signals=_definitions(root, "signal"),
        errors=_definitions(root, "error"),
        escalations=_definitions(root, "escalation"),
        participants=tuple(_participants(collaborations)),
        message_flows=tuple(_message_flows(collaborations)),
        artifacts=tuple(_artifacts(collaborations)),
        shapes=shapes,
        edges=edges,
        exporter=" ".join(
            part for part in (root.get("exporter"), root.get("exporterVersion")) if part
        ),
        ids=tuple(_ids(root)),
    )


_COLLABORATIONS = frozenset({"collaboration", "choreography", "globalConversation"})


def _definitions(root: etree._Element, kind: str) -> tuple[Message, ...]:
    return tuple(_definition(node) for node in root.iterchildren(f"{{{BPMN}}}{kind}"))


def _definition(node: etree._Element) -> Message:
    code = node.get("errorCode") or node.get("escalationCode") or ""
    return Message(
        id=node.get("id", ""),
        name=node.get("name", ""),
        code=code,
        variable=text_of(next(node.iter(f"{{{SPIFF}}}messageVariable"), None)),
        payload=text_of(next(node.iter(f"{{{SPIFF}}}messagePayload"), None)),
    )


def _participants(collaborations: list[etree._Element]) -> Iterator[Participant]:
    for collaboration in collaborations:
        for node in collaboration.iterchildren(f"{{{BPMN}}}participant"):
            process = reference(node, "processRef") or None
            yield Participant(node.get("id", ""), node.get("name", ""), process)


def _message_flows(collaborations: list[etree._Element]) -> Iterator[MessageFlow]:
    for collaboration in collaborations:
        for node in collaboration.iterchildren(f"{{{BPMN}}}messageFlow"):
            yield MessageFlow(
                id=node.get("id", ""),
                name=node.get("name", ""),
                source=reference(node, "sourceRef"),
                target=reference(node, "targetRef"),
            )


def _artifacts(collaborations: list[etree._Element]) -> Iterator[Artifact]:
    for collaboration in collaborations:
        for node in collaboration:
            if local_name(node) in ARTIFACTS:
                name = node.get("name") or text_of(node.find(f"{{{BPMN}}}text"))
                yield Artifact(node.get("id", ""), local_name(node), name)


def _ids(root: etree._Element) -> Iterator[str]:
    """Yield every id of the semantic part, in file order, for the search for duplicates."""
    pending = [root]
    while pending:
        node = pending.pop()
        if etree.QName(node).namespace == BPMN:
            if node.get("id"):
                yield node.get("id", "")
            pending.extend(reversed(node))
