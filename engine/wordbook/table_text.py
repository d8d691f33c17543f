"""The texts of a decision table that people see: names, headings, why a row says what it says."""

from collections.abc import Iterator

from lxml import etree

from engine.xml import parse_xml

Found = tuple[str, str, str]
HEADINGS = {"input": "label", "output": "label", "annotation": "name"}


def texts_of_table(content: bytes, path: str) -> Iterator[Found]:
    """Yield text, id and kind; raise XmlError for what is no XML."""
    for node in parse_xml(content, file=path).iter("{*}*"):
        kind, place = etree.QName(node).localname, node.get("id", "")
        if kind == "decision":
            yield node.get("name", ""), place, "name of a table"
        elif kind in HEADINGS:
            yield node.get(HEADINGS[kind], ""), place, "heading of a table"
        elif kind == "rule":
            # Cells have a text too, which is an expression.
            for told in node.iterfind("{*}annotationEntry/{*}text"):
                yield told.text or "", place, "why a row of a table says so"
            for told in node.iterfind("{*}description"):
                yield told.text or "", place, "why a row of a table says so"
