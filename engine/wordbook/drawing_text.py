"""The texts of a drawing that people see, to collect them and to show them in another language."""

from collections.abc import Callable, Iterator

from lxml import etree

from engine.drawing.vocabulary import BPMN, SPIFF
from engine.errors import CasetableError
from engine.xml import parse_xml

CODED = frozenset(
    {
        "definitions",
        "message",
        "signal",
        "error",
        "escalation",
        "collaboration",
        "import",
        "interface",
        "operation",
        "resource",
        "property",
        "dataInput",
        "dataOutput",
    }
)
"""Elements whose name is a code that engine and operators know them by."""
SETTINGS = {"guidance": "what to think of at a step", "consequence": "words on the button"}
"""The settings of a step that its page shows."""
KINDS = {
    "participant": "name of a process",
    "process": "name of a process",
    "lane": "name of a lane",
    "userTask": "name of a step",
    "exclusiveGateway": "question in the diagram",
    "eventBasedGateway": "question in the diagram",
    "sequenceFlow": "answer in the diagram",
    "callActivity": "name of a phase",
    "textAnnotation": "note in the diagram",
}

Found = tuple[str, str, str]


def texts_of_drawing(content: bytes, path: str) -> Iterator[Found]:
    """Yield text, id and kind of every name and shown setting; raise XmlError for what is no XML.

    What a case works with comes before the pool and the lanes that are drawn around it.
    """
    for node in parse_xml(content, file=path).iter(f"{{{BPMN}}}*"):
        kind = etree.QName(node).localname
        place = node.get("id", "")
        if kind not in CODED and node.get("name"):
            yield one_line(node.get("name", "")), place, KINDS.get(kind, "name in the diagram")
        if kind == "textAnnotation":
            for written in node.iterfind(f"{{{BPMN}}}text"):
                yield written.text or "", place, KINDS[kind]
        for setting in _settings(node):
            yield setting.get("value", ""), place, SETTINGS[setting.get("name", "")]


def _settings(node: etree._Element) -> Iterator[etree._Element]:
    places = f"{{{BPMN}}}extensionElements/{{{SPIFF}}}properties/{{{SPIFF}}}property"
    for setting in node.iterfind(places):
        if setting.get("name") in SETTINGS:
            yield setting


def one_line(text: str) -> str:
    """Return a name as the engine keeps it: editors break the lines of a drawn name."""
    return " ".join(text.split())


def spoken_drawing(content: bytes, path: str, say: Callable[[str], str]) -> bytes:
    """Return the drawing with every name said by `say`, for the viewer only: ids stay."""
    root = parse_xml(content, file=path)
    for node in root.iter(f"{{{BPMN}}}*"):
        kind = etree.QName(node).localname
        if kind not in CODED and node.get("name"):
            node.set("name", say(one_line(node.get("name", ""))))
        if kind == "textAnnotation":
            for written in node.iterfind(f"{{{BPMN}}}text"):
                written.text = say(written.text or "")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def called_by(content: bytes, path: str) -> tuple[list[str], list[str]]:
    """Return the processes that a drawing holds and those that it calls, in its order."""
    root = _root(content, path)
    if root is None:
        return [], []
    own = [node.get("id", "") for node in root.iter(f"{{{BPMN}}}process")]
    calls = [node.get("calledElement", "") for node in root.iter(f"{{{BPMN}}}callActivity")]
    return own, [called.rpartition(":")[2] for called in calls]


def forms_of(content: bytes, path: str) -> list[str]:
    """Return the forms of the steps of a drawing, in its order."""
    root = _root(content, path)
    if root is None:
        return []
    settings = root.iter(f"{{{SPIFF}}}property")
    return [one.get("value", "") for one in settings if one.get("name") == "formRef"]


def _root(content: bytes, path: str) -> etree._Element | None:
    try:
        return parse_xml(content, file=path)
    except CasetableError:
        return None
