"""Tells what differs in a file of a decision table beside the table itself."""

from collections.abc import Iterator, Mapping
from typing import Final

from lxml import etree

from engine.comparison.canonical import canonical, short_name
from engine.comparison.change import Change, excerpts, named, say, valued
from engine.comparison.remainder import Reads, Schema, differing, facts_of, shown
from engine.comparison.table_row import Tables
from engine.decision.notation import NAMESPACES
from engine.xml import parse_xml


def _reads(own: str = "", children: str = "", once: str = "", *, text: bool = False) -> Reads:
    listed = frozenset(children.split()) | frozenset(once.split())
    return Reads(frozenset(own.split()), listed, frozenset(once.split()), text=text)


_TABLE: Final[Mapping[str, Reads]] = {
    "definitions": _reads("name namespace", "decision"),
    "decision": _reads("id name", once="decisionTable"),
    "decisionTable": _reads("hitPolicy aggregation", "input output rule annotation"),
    "input": _reads("label", once="inputExpression inputValues"),
    "inputExpression": _reads("typeRef expressionLanguage", once="text"),
    "inputValues": _reads(once="text"),
    "output": _reads("label name typeRef", once="outputValues defaultOutputEntry"),
    "outputValues": _reads(once="text"),
    "defaultOutputEntry": _reads(once="text"),
    "rule": _reads("id", "inputEntry outputEntry annotationEntry", "description"),
    "inputEntry": _reads("expressionLanguage", once="text"),
    "outputEntry": _reads("expressionLanguage", once="text"),
    "annotation": _reads("name"),
    "annotationEntry": _reads(once="text"),
    "description": _reads(text=True),
    "text": _reads(text=True),
}


def _short(node: etree._Element) -> str:
    """Return the name of a node; every version of the standard has a namespace of its own."""
    name = etree.QName(node)
    return name.localname if name.namespace in NAMESPACES else short_name(node)


SCHEMA: Final = Schema(
    reads=lambda node: _TABLE.get(_short(node)),
    idle_attributes=frozenset(
        ["id", "exporter", "exporterVersion", "xsi:schemaLocation", "xsi:type"]
    ),
    idle_nodes=frozenset(),
    layout=frozenset(),
    name=_short,
)


def compare_table_files(tables: Tables, old: bytes, new: bytes) -> Iterator[Change]:
    """Yield what differs in the files beside the table."""
    roots = [parse_xml(content, file=tables.after.file) for content in (old, new)]
    drawn = [_drawn(root) for root in roots]
    before, after = (facts_of(root, SCHEMA) for root in roots)
    for _, path, gone, come in differing(before, after):
        told = excerpts(", ".join(shown(gone)), ", ".join(shown(come)))
        sentence = say(
            "The file of %(here)s differs in %(path)s: %(after)s instead of %(before)s.",
            here=tables.here,
            path=valued(path),
            before=valued(told[0]),
            after=valued(told[1]),
        )
        values = shown(gone), shown(come)
        yield tables.change(tables.after.id, "other", values, sentence, aspect=path)
    if drawn[0] != drawn[1]:
        sentence = say("%(name)s is drawn in another way.", name=named(tables.after.name))
        values = drawn[0], drawn[1]
        yield tables.change(tables.after.id, "layout", values, sentence, weight="layout")


def _drawn(root: etree._Element) -> list[str]:
    """Take the drawing out of the tree and return it."""
    found = [node for node in root if "DMNDI" in str(node.tag)]
    for node in found:
        root.remove(node)
    return [canonical(node, without=frozenset({"id"})) for node in found]
