"""Reads a diagram as scopes: processes and sub-processes with their steps and flows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from engine.bpmn import subset
from engine.errors import ExpressionError
from engine.expression import compile_expression
from engine.language.telling import Told, located, message_of

BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
SPIFF: Final = "http://spiffworkflow.org/bpmn/schema/1.0/core"


@dataclass(frozen=True)
class Refusal:
    """One reason why a diagram cannot be executed, with the mend."""

    file: str
    element_id: str
    message: str

    def __str__(self) -> str:
        return str(self.told())

    def told(self) -> Told:
        """Return the sentence with the place in front of it."""
        return located(f"{self.file}:{self.element_id}", self.message)


@dataclass(frozen=True)
class Scope:
    """A process or sub-process: its steps, and the flows between them."""

    file: str
    process_id: str
    node: Any
    nodes: Mapping[str, Any]
    flows: tuple[Any, ...]

    def into(self, id_: str) -> list[Any]:
        """Return the flows that lead to an element."""
        return [flow for flow in self.flows if flow.get("targetRef") == id_]

    def out(self, id_: str) -> list[Any]:
        """Return the flows that leave an element."""
        return [flow for flow in self.flows if flow.get("sourceRef") == id_]

    def attached(self, id_: str) -> list[Any]:
        """Return the boundary events of an activity."""
        return [node for node in self.nodes.values() if node.get("attachedToRef") == id_]

    def refuse(self, element: Any, message: str) -> Refusal:
        """Return the refusal of `element` (a node or an id)."""
        id_ = element if isinstance(element, str) else element.get("id", "?")
        return Refusal(self.file, id_, message)


def kind_of(node: Any) -> str:
    """Return the local name of a BPMN element, or an empty text for a foreign one."""
    name = etree.QName(node)
    return name.localname if name.namespace == BPMN else ""


def read_scopes(file: str, root: etree._Element) -> Iterator[Scope]:
    """Yield the processes of a diagram and the sub-processes in them."""
    for process in root.iter(f"{{{BPMN}}}process"):
        pending = [process]
        while pending:
            node = pending.pop()
            children = [child for child in node if kind_of(child)]
            flows = tuple(child for child in children if kind_of(child) == "sequenceFlow")
            nodes = {
                child.get("id", ""): child
                for child in children
                if kind_of(child) in subset.ELEMENTS and kind_of(child) != "sequenceFlow"
            }
            yield Scope(file, process.get("id", "?"), node, nodes, flows)
            pending.extend(child for child in children if kind_of(child) == "subProcess")


def text_of(node: Any, part: str) -> str | None:
    """Return the text of a BPMN child element without its margins, or None."""
    text = node.findtext(f"{{{BPMN}}}{part}")
    return None if text is None else text.strip()


def events_of(node: Any) -> list[str]:
    """Return the kinds of event that an event element defines, such as `timer`."""
    return [
        kind_of(part).removesuffix("EventDefinition")
        for part in node
        if kind_of(part).endswith("EventDefinition") or kind_of(part) == "eventDefinitionRef"
    ]


def refuse_expression(scope: Scope, node: Any, source: str) -> Iterator[Refusal]:
    """Refuse an expression outside the FEEL subset."""
    try:
        compile_expression(source)
    except ExpressionError as error:
        yield scope.refuse(node, message_of(error))
