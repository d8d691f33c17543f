"""Compares how two versions of a diagram are drawn: places, sizes, colours. Nothing runs by it."""

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

from engine.comparison.canonical import canonical
from engine.comparison.change import Change, say
from engine.comparison.place import Pair
from engine.drawing import Drawing
from engine.drawing.vocabulary import DIAGRAM
from engine.language.telling import Part, told
from engine.xml import parse_xml

REMEMBERED = 32
"""Files whose parts are kept: one side is compared again and again while the other is edited."""
UNREAD = frozenset({"id"})
"""Ids of the drawing's own parts name nothing else."""
Drawn = dict[str, Counter[str]]


def compare_layout(pair: Pair) -> Iterator[Change]:
    """Yield each thing that is drawn at another place or in another way."""
    old, new = (
        _drawn(side.files[drawing.file], drawing.file)
        for side, drawing in ((pair.old, pair.before), (pair.new, pair.after))
    )
    names = _names(pair.before) | _names(pair.after)
    for identifier in [*old, *(one for one in new if one not in old)]:
        if old.get(identifier) != new.get(identifier):
            name = names.get(identifier) or identifier or told("the diagram itself")
            sentence = say(
                "%(name)s is drawn at another place or in another way.", name=Part(name, "name")
            )
            values = _listed(old.get(identifier)), _listed(new.get(identifier))
            yield pair.change(identifier, "layout", values, sentence, weight="layout")


def _listed(found: Counter[str] | None) -> list[str] | None:
    return None if found is None else sorted(found.elements())


def _names(drawing: Drawing) -> dict[str, str]:
    found = {flow.id: flow.name for flow in drawing.flows}
    found |= {lane.id: lane.name for process in drawing.processes for lane in process.lanes}
    return found | {element.id: element.label for element in drawing.elements}


@lru_cache(maxsize=REMEMBERED)
def _drawn(content: bytes, file: str) -> Drawn:
    """Return what is drawn for each id; ids of the drawing itself say nothing."""
    found: Drawn = {}
    root = parse_xml(content, file=file)
    for diagram in root.iterchildren(f"{{{DIAGRAM}}}BPMNDiagram"):
        rest = [canonical(diagram, without=UNREAD, deep=False)]
        for plane in diagram:
            rest.append(canonical(plane, without=UNREAD, deep=False))
            for node in plane:
                shown = _shown(node)
                found.setdefault(shown, Counter())[canonical(node, without=UNREAD)] += 1
        found.setdefault("", Counter()).update(rest)
    return found


def _shown(node: etree._Element) -> str:
    return node.get("bpmnElement", "").rpartition(":")[2]
