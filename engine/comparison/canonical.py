"""Writes XML in one way only, so that what two tools wrote differently can be compared."""

from functools import cache

from lxml import etree

from engine.drawing.vocabulary import BPMN, SPIFF
from engine.drawing.xmltext import local_name

XSI = "http://www.w3.org/2001/XMLSchema-instance"
_PREFIXES = {BPMN: "", SPIFF: "spiffworkflow:", XSI: "xsi:"}


def short_name(node: etree._Element) -> str:
    """Return the name of a node with the usual prefix of its namespace, whatever the file has."""
    return _short(str(node.tag))


def attributes(node: etree._Element) -> dict[str, str]:
    """Return the attributes of a node by their short names, spaces around values left out."""
    return {_short(str(key)): str(value).strip() for key, value in node.attrib.items()}


@cache
def _short(tag: str) -> str:
    name = etree.QName(tag)
    namespace = str(name.namespace or "")
    prefix = _PREFIXES.get(namespace, f"{{{namespace}}}" if namespace else "")
    return f"{prefix}{name.localname}"


def canonical(
    node: etree._Element, *, without: frozenset[str] = frozenset(), deep: bool = True
) -> str:
    """Return a node and what is below it as one text, whatever the prefixes, order and breaks.

    `without` are attributes to leave out at every depth; `deep=False` leaves out what is below.
    """
    own = sorted((key, value) for key, value in attributes(node).items() if key not in without)
    text = " ".join((node.text or "").split())
    told = f"{short_name(node)}{own}{text!r}"
    if not deep:
        return told
    inside = [canonical(child, without=without) + (child.tail or "").strip() for child in node]
    return f"{told}({''.join(inside)})"


def readable(node: etree._Element) -> str:
    """Return a node for people: its name, attributes and text."""
    own = " ".join(f"{key}={value}" for key, value in sorted(attributes(node).items()))
    text = " ".join("".join(str(part) for part in node.itertext()).split())
    return " ".join(part for part in (local_name(node), own, text) if part)
