"""No difference is silent: each attribute, text, node and entry of the files is changed once."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.comparison import Change, compare, marked
from engine.errors import CasetableError
from tests.comparison.conftest import FILES, alone
from tests.comparison.edit import Choice, Edit, json_edits, toml_edits, without_layout, xml_edits
from tests.foreign.test_foreign import FILES as FOREIGN
from tests.foreign.test_foreign import REFUSED

TORTURE = os.environ.get("CASETABLE_TORTURE") == "yes"
EACH = 7
"""Of the edits of foreign files, how many are left out but one."""
DIALECTS = [path for path in FOREIGN if path.name not in REFUSED]
HARMLESS = {
    r"(incoming|outgoing) (text|gone)": "the flows say it, and nothing that runs reads it again",
    r"(EventDefinition|(l|childL)aneSet|collaboration|definitions) @id": "nothing refers to it",
    r"definitions @exporter(Version)?$": "what the editor says of itself",
    r"definitions @(name|targetNamespace|namespace)": "the editor's name for the file",
    r"(ondition(Expression)?|time(Date|Duration|Cycle)) @type": "every expression here is FEEL",
    r"(Entry|input|output|rule|Values|Expression|decisionTable) @id": "rows and columns are found "
    "by content too, so that an id alone says nothing",
    r"^id (changed|gone)": "of a question with a key; the key is what counts",
    r"^schemaVersion (changed|gone)": "what the editor says of itself",
    r"^(subtype|title|defaultRepetitions|allowAddRemove|values/#/label) gone": "where it is what "
    "counts anyway when nothing is said",
}
"""Which places may be changed without a word, and why."""


def _edits(path: str, content: bytes, chosen: Choice) -> Iterator[Edit]:
    if path.endswith(".form"):
        return json_edits(content, chosen)
    return (toml_edits if path.endswith(".toml") else xml_edits)(content, chosen)


def _chosen(suffix: str) -> Iterator[tuple[str, bytes, Edit]]:
    """Yield all edits, or the first of each kind, from small files first."""
    seen: set[str] = set()
    paths = [path for path in FILES if path.endswith(suffix) and not path.startswith("base_")]
    for path in sorted(paths, key=lambda path: len(FILES[path])):
        content = FILES[path]
        if suffix in (".bpmn", ".dmn"):
            content = without_layout(content)
        for edit in _edits(path, content, lambda kind: TORTURE or kind not in seen):
            seen.add(edit.kind)
            yield path, content, edit


def ends_well(change: Change) -> bool:
    return marked(change.sentence).rstrip("*").endswith(".")


@pytest.mark.parametrize(
    ("suffix", "least"), [(".bpmn", 150), (".dmn", 20), (".form", 50), (".toml", 20)]
)
def test_every_change_of_a_file_is_told(suffix: str, least: int) -> None:
    """Everything that is read or not read is told, or the file is refused."""
    silent = []
    told = 0
    for path, content, edit in _chosen(suffix):
        try:
            found = compare(alone(path, content), alone(path, edit.content))
        except CasetableError:
            continue
        told += bool(found)
        assert all(ends_well(change) for change in found), edit.kind
        if not found and not any(re.search(pattern, edit.kind) for pattern in HARMLESS):
            silent.append((path, edit.kind, edit.place))
    assert silent == []
    assert told > least


@pytest.mark.parametrize("path", DIALECTS, ids=lambda path: path.name)
def test_every_change_of_a_file_of_another_tool_is_told(path: Path) -> None:
    content = path.read_bytes()
    old = alone("any.bpmn", content)
    for number, edit in enumerate(xml_edits(content)):
        if not TORTURE and number % EACH:
            continue
        try:
            found = compare(old, alone("any.bpmn", edit.content))
        except CasetableError:
            continue
        harmless = any(re.search(pattern, edit.kind) for pattern in HARMLESS)
        assert found or harmless, f"{edit.kind}: {edit.place}"
