"""Small reading helpers for XML nodes."""

from lxml import etree


def local_name(node: etree._Element) -> str:
    """Return the name of a node without its namespace."""
    return etree.QName(node).localname


def text_of(node: etree._Element | None) -> str:
    """Return the whole text below a node, stripped; nothing for None."""
    if node is None:
        return ""
    return "".join(str(part) for part in node.itertext()).strip()


def id_of(node: etree._Element) -> str:
    """Return the id of a node; where a tool wrote none, a stand-in such as `line 128`.

    Without the stand-in a flow that leads nowhere would seem to lead to a step without an id.
    """
    return node.get("id") or f"line {line_of(node)}"


def line_of(node: etree._Element) -> int:
    """Return the line of the file on which the node begins, 0 when unknown."""
    # The stubs promise less than libxml2 does: without a line number it is None.
    return int(str(node.sourceline)) if str(node.sourceline).isdigit() else 0
