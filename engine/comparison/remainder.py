"""Finds what a file holds besides what its model reads, so that no difference stays untold.

A table says for each kind of XML node which attributes, children and text the model reads. What is
beside that is a fact: a text under the id of the thing that it belongs to, and a path.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lxml import etree

from engine.comparison.canonical import attributes, canonical, readable, short_name
from engine.drawing.xmltext import id_of

Facts = dict[tuple[str, str], Counter[str]]
"""`{(owner, path): texts}`."""


@dataclass(frozen=True)
class Reads:
    """What a model reads of a node; `once` are children of which it reads only the first."""

    attributes: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()
    once: frozenset[str] = frozenset()
    text: bool = False
    owner: bool = False
    """Whether what is inside belongs to this node, by its id."""
    foreign: bool = False
    """Whether it reads the attributes of other namespaces."""


@dataclass(frozen=True)
class Schema:
    """What is read of which node, and what says nothing wherever it stands."""

    reads: Callable[[etree._Element], Reads | None]
    idle_attributes: frozenset[str]
    idle_nodes: frozenset[str]
    layout: frozenset[str]
    name: Callable[[etree._Element], str] = short_name


def facts_of(root: etree._Element, schema: Schema) -> Facts:
    """Return everything in a file that its model does not read."""
    found: Facts = {}
    for owner, path, text in _Walk(schema).node(root, "", ""):
        found.setdefault((owner, path), Counter())[text] += 1
    return found


def differing(old: Facts, new: Facts) -> Iterator[tuple[str, str, list[str], list[str]]]:
    """Yield owner, path, and the texts that are only on one side."""
    empty: Counter[str] = Counter()
    for owner, path in sorted({*old, *new}):
        before, after = old.get((owner, path), empty), new.get((owner, path), empty)
        if before != after:
            gone, come = before - after, after - before
            yield owner, path, sorted(gone.elements()), sorted(come.elements())


@dataclass(frozen=True)
class _Walk:
    schema: Schema

    def node(self, node: etree._Element, owner: str, path: str) -> Iterator[tuple[str, str, str]]:
        reads = self.schema.reads(node)
        if reads is None:
            yield owner, path, f"{readable(node)}\0{canonical(node)}"
            return
        if reads.owner:
            owner, path = id_of(node), ""
        yield from self._attributes(node, reads, owner, path)
        if not reads.text and (node.text or "").strip():
            yield owner, f"{path} text".strip(), " ".join((node.text or "").split())
        yield from self._children(node, reads, owner, path)

    def _attributes(
        self, node: etree._Element, reads: Reads, owner: str, path: str
    ) -> Iterator[tuple[str, str, str]]:
        for name, value in attributes(node).items():
            idle = name in self.schema.idle_attributes or (reads.foreign and name[0] == "{")
            if name not in reads.attributes and not idle:
                yield owner, f"{path} {name}".strip(), value

    def _children(
        self, node: etree._Element, reads: Reads, owner: str, path: str
    ) -> Iterator[tuple[str, str, str]]:
        seen: set[str] = set()
        for child in node:
            name = self.schema.name(child)
            if name in self.schema.idle_nodes or name in self.schema.layout:
                continue
            below = f"{path} {name}".strip()
            if name in reads.children and not (name in reads.once and name in seen):
                seen.add(name)
                yield from self.node(child, owner, below)
            else:
                yield owner, below, f"{readable(child)}\0{canonical(child)}"


def shown(texts: list[str]) -> list[str]:
    """Return facts for people: of whole nodes their name, attributes and text."""
    return [text.partition("\0")[0] for text in texts]
