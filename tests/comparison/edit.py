"""Changes one thing of a process file at a time: every attribute, text, node, entry in turn."""

import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lxml import etree

LAYOUT = ("BPMNDiagram", "DMNDI")
ABOVE = 2


Choice = Callable[[str], bool]


def every(kind: str) -> bool:
    """Choose all kinds of places."""
    del kind
    return True


@dataclass(frozen=True)
class Edit:
    """One changed file; `kind` says which sort of place was changed, for choosing among many."""

    kind: str
    place: str
    content: bytes


def other(value: str) -> str:
    """Return another value of the same sort, as far as it can be told."""
    switched = {"true": "false", "false": "true"}
    return switched.get(value, f"{value}_other" if value else "other")


def xml_edits(content: bytes, chosen: Choice = every) -> Iterator[Edit]:
    """Yield the file with each attribute and text outside of the layout changed, each node gone."""
    root = etree.fromstring(content)
    tree = root.getroottree()
    nodes = [node for node in root.iter(etree.Element) if not _is_layout(node)]
    for node in nodes:
        kind, place = _kind(node), tree.getpath(node)
        for name, value in list(node.attrib.items()):
            where = f"{kind} @{_attribute(str(name))}"
            if chosen(where):
                node.set(name, other(str(value)))
                yield Edit(where, f"{place}@{name}", etree.tostring(root))
                node.set(name, value)
        text = node.text
        if text and text.strip() and chosen(f"{kind} text"):
            node.text = other(text.strip())
            yield Edit(f"{kind} text", place, etree.tostring(root))
            node.text = text
        parent = node.getparent()
        says = len(node) or node.attrib or (text and text.strip())
        if parent is not None and says and chosen(f"{kind} gone"):
            index = parent.index(node)
            parent.remove(node)
            yield Edit(f"{kind} gone", place, etree.tostring(root))
            parent.insert(index, node)


def _is_layout(node: etree._Element) -> bool:
    return any(_local(one) in LAYOUT for one in (node, *node.iterancestors()))


def _kind(node: etree._Element) -> str:
    """Return the kinds of a node and of what it stands in; settings also with their name."""
    above = [_local(one) for one in node.iterancestors() if _local(one) != "process"]
    own = f"{_local(node)}[{node.get('name')}]" if _local(node) == "property" else _local(node)
    return "/".join([*reversed(above[:ABOVE]), own])


def _local(node: etree._Element) -> str:
    return etree.QName(node).localname


def _attribute(name: str) -> str:
    return name.rpartition("}")[2]


def without_layout(content: bytes) -> bytes:
    """Return the file without its layout, which takes most of the time of reading it."""
    root = etree.fromstring(content)
    for node in [node for node in root if _local(node) in LAYOUT]:
        root.remove(node)
    return etree.tostring(root)


def json_edits(content: bytes, chosen: Choice = every) -> Iterator[Edit]:
    """Yield the form with each leaf changed and each entry gone."""
    data = json.loads(content)
    for path, value in list(_leaves(data, ())):
        kind = "/".join("#" if isinstance(step, int) else step for step in path)
        kind = kind.replace("components/#/", "")
        for how, changed in (("changed", _other(value)), ("gone", None)):
            if not chosen(f"{kind} {how}"):
                continue
            copy = deepcopy(data)
            inside = copy
            for step in path[:-1]:
                inside = inside[step]
            if how == "gone":
                del inside[path[-1]]
            else:
                inside[path[-1]] = changed
            yield Edit(f"{kind} {how}", f"{path}", json.dumps(copy).encode())


def _leaves(data: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    entries = data.items() if isinstance(data, dict) else enumerate(data)
    for key, value in entries:
        if isinstance(value, dict | list):
            yield from _leaves(value, (*path, key))
        else:
            yield (*path, key), value


def _other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value}_other"


_VALUE = re.compile(r'"""\n.|"(?:[^"\\\n]|\\.)+"|\b(?:true|false|\d+(?:\.\d+)?)\b')


def toml_edits(content: bytes, chosen: Choice = every) -> Iterator[Edit]:
    """Yield the file with each text, number and yes or no changed, one after the other."""
    lines = content.decode().splitlines(keepends=True)
    group = ""
    inside = False
    for number, line in enumerate(lines):
        if line.startswith("["):
            group = line.partition("]")[0].split(".")[0].strip("[")
        quotes = line.count('"""')
        if inside or line.lstrip().startswith(("#", "[")):
            inside = inside != (quotes % 2 == 1)
            continue
        inside = quotes % 2 == 1
        start = line.index("=") if "=" in line else 0
        key = line[:start].strip()
        for found in _VALUE.finditer(line.partition(" # ")[0], start):
            if not chosen(f"{group} {key}"):
                continue
            changed = line[: found.start()] + _toml(found[0]) + line[found.end() :]
            text = "".join([*lines[:number], changed, *lines[number + 1 :]])
            yield Edit(f"{group} {key}", f"line {number + 1}: {found[0]}", text.encode())


def _toml(value: str) -> str:
    if value in ("true", "false"):
        return other(value)
    return f'{value[:-1]}_other"' if value.startswith('"') else f"{value}1"
