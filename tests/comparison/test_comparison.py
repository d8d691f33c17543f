"""Comparing is exact: the same is no change, both ways say the same, and nothing breaks it."""

import json
import os
import random
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from engine.comparison import Change, Side, as_json, as_text, compare
from engine.comparison.opposite import are_opposite
from engine.comparison.phrase import duration
from engine.errors import CasetableError
from engine.expression import compile_expression
from tests.comparison.conftest import FILES, alone, changes, edited, shipped
from tests.comparison.edit import json_edits, without_layout, xml_edits
from tests.foreign.test_foreign import FILES as FOREIGN
from tests.foreign.test_foreign import REFUSED

CLOSING = "closure_decision.bpmn"
ROUNDS = int(os.environ.get("CASETABLE_MUTANTS", "60"))
DIALECTS = {path.name: path.read_bytes() for path in FOREIGN if path.name not in REFUSED}


def rewritten(content: bytes) -> bytes:
    """Return XML as another tool writes it: other prefixes, order of attributes, breaks, tool."""
    root = etree.fromstring(content, etree.XMLParser(remove_blank_text=True))
    for node in root.iter(etree.Element):
        pairs = list(node.attrib.items())
        node.attrib.clear()
        for name, value in reversed(pairs):
            node.set(name, value)
    root.set("exporter", "Another tool")
    text = etree.tostring(root, pretty_print=True).decode()
    text = re.sub(r"(</?)bpmn:", r"\1model:", text).replace("xmlns:bpmn=", "xmlns:model=")
    return text.replace('"bpmn:tFormal', '"model:tFormal').encode()


def test_the_same_files_are_no_change() -> None:
    assert compare(shipped(), shipped()) == ()
    text = as_text(shipped(), shipped(), ())
    assert text == "No change: both sides say the same."


def test_files_that_another_tool_wrote_anew_are_no_change() -> None:
    files = dict(FILES)
    for path, content in FILES.items():
        if path.endswith((".bpmn", ".dmn")):
            files[path] = rewritten(content)
        elif path.endswith(".form"):
            files[path] = json.dumps(json.loads(content), sort_keys=True).encode()
        else:
            files[path] = b"# A comment.\n\n" + content
        assert files[path] != content
    assert compare(shipped(), Side("rewritten", files)) == ()


def test_ids_of_the_drawing_alone_are_no_change() -> None:
    text = FILES[CLOSING].decode()
    head, _, drawn = text.partition("<bpmndi:BPMNDiagram")
    other = re.sub(r' id="[^"]*"', ' id="other"', drawn)
    assert other != drawn
    files = {**FILES, CLOSING: f"{head}<bpmndi:BPMNDiagram{other}".encode()}
    assert compare(shipped(), Side("drawn anew", files)) == ()


def test_moved_boxes_are_told_as_the_drawing_alone() -> None:
    text = re.sub(r'<di:waypoint x="\d+', '<di:waypoint x="77', FILES[CLOSING].decode())
    moved = Side("moved", {**FILES, CLOSING: text.encode()})
    found = compare(shipped(), moved)
    assert {change.weight for change in found} == {"layout"}
    report = as_text(shipped(), moved, found)
    assert f"Only the drawing moved: {len(found)} things." in report
    assert report.endswith(f"No change of meaning; {len(found)} of the drawing alone.")
    both = edited((CLOSING, "closing/prepare_dossier", "closing/other"))
    renamed = Side("both", {**both.files, CLOSING: both.files[CLOSING].replace(b'x="', b'x="1')})
    assert "Besides, the drawing moved" in as_text(shipped(), renamed, compare(shipped(), renamed))


def mirrored(found: tuple[Change, ...]) -> list[str]:
    return sorted(repr(change.mirrored()) for change in found)


def plain(found: tuple[Change, ...]) -> list[str]:
    return sorted(repr(change.mirrored().mirrored()) for change in found)


@pytest.mark.parametrize(
    "path", ["reopening.bpmn", "decisions/deadlines.dmn", "forms/ask_consent.form"]
)
def test_both_ways_say_the_same(path: str) -> None:
    content = FILES[path]
    if path.endswith(".form"):
        edits = list(json_edits(content))
    else:
        content = without_layout(content)
        edits = list(xml_edits(content))
    checked = 0
    for edit in random.Random(7).sample(edits, min(len(edits), ROUNDS)):
        old, new = alone(path, content), alone(path, edit.content)
        try:
            there, back = compare(old, new), compare(new, old)
        except CasetableError:
            continue
        checked += 1
        assert mirrored(there) == plain(back), edit.place
    assert checked > ROUNDS // 3


def test_both_ways_say_the_same_of_profile_and_rules() -> None:
    new = edited(
        ("profile.toml", '[values.opinion_deadline]\nvalue = "P14D"', "[values.x]\nvalue = 1"),
        ("rules.toml", 'role = "accountable_person", operator', "operator"),
        ("rules.toml", 'id = "L12"', 'id = "L13"'),
    )
    there, back = compare(shipped(), new), compare(new, shipped())
    assert len(there) > 3
    assert mirrored(there) == plain(back)


@pytest.mark.parametrize("seed", range(4))
def test_random_edits_of_any_file_never_break_the_report(seed: int) -> None:
    """Robust against hostile files (S4): a report or one sentence, whatever was done to a file."""
    chance = random.Random(seed)
    drawings = {**DIALECTS, "reopening.bpmn": FILES["reopening.bpmn"]}
    tables = {path: FILES[path] for path in FILES if path.endswith((".dmn", ".form"))}
    told = 0
    for _ in range(ROUNDS // 4):
        name, content = chance.choice([*drawings.items(), *tables.items()])
        other = content
        for _ in range(chance.randint(1, 6)):
            other = mangled(chance, other)
        path = f"any{name[name.rindex('.') :]}" if name in tables else "any.bpmn"
        try:
            found = compare(alone(path, content), alone(path, other))
        except CasetableError:
            continue
        told += bool(found)
        as_text(alone(path, content), alone(path, other), found)
        json.loads(as_json(alone(path, content), alone(path, other), found))
    assert told


def mangled(chance: random.Random, content: bytes) -> bytes:
    """Return a file with values swapped, taken away or doubled, as a slip of the hand would."""
    values = re.findall(rb'"[^"<>]*"', content)
    kind = chance.choice(["swap", "empty", "double", "cut"])
    first, second = chance.choice(values or [b'"']), chance.choice(values or [b'""'])
    if kind == "swap":
        return content.replace(first, second, 1)
    if kind == "empty":
        return content.replace(first, b'""', 1)
    lines = content.splitlines(keepends=True)
    number = chance.randrange(1, len(lines)) if len(lines) > 1 else 0
    repeated = [lines[number]] * (2 if kind == "double" else 0)
    return b"".join([*lines[:number], *repeated, *lines[number + 1 :]])


NAMES = st.sampled_from(["a", "b", "c"])
CONDITIONS = st.recursive(
    NAMES | st.builds("{} = {}".format, NAMES, st.sampled_from(["true", "false"])),
    lambda inner: (
        st.builds("not({})".format, inner)
        | st.builds("({}) and ({})".format, inner, inner)
        | st.builds("({}) or ({})".format, inner, inner)
    ),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(CONDITIONS, CONDITIONS)
def test_opposite_conditions_are_never_true_together(one: str, two: str) -> None:
    assert are_opposite(one, f"not({one})")
    assert not are_opposite(one, one)
    if are_opposite(one, two):
        left, right = compile_expression(one), compile_expression(two)
        for number in range(8):
            values = {name: bool(number & bit) for name, bit in (("a", 1), ("b", 2), ("c", 4))}
            assert left.evaluate(values) is not right.evaluate(values)


@pytest.mark.parametrize(
    ("one", "two", "opposite"),
    [
        ("x > 3", "x <= 3", True),
        ("x > 3", "x < 3", False),
        ('route = "a"', 'route != "a"', True),
        ('route = "a"', 'route = "b"', False),
        ("a and x > 1", "not(a) or x <= 1", True),
        ("a and b", "not(a) and not(b)", False),
        ("is defined(x)", "not(is defined(x))", True),
        ("not a condition", "a", False),
    ],
)
def test_opposite_is_seen_in_comparisons(one: str, two: str, opposite: bool) -> None:
    assert are_opposite(one, two) is opposite
    assert are_opposite(two, one) is opposite


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("P7D", "7 days"),
        ("P1D", "1 day"),
        ("P1Y6M", "1 year and 6 months"),
        ("P1DT2H30M", "1 day, 2 hours and 30 minutes"),
        ("PT0S", "no time"),
        ("soon", "soon"),
    ],
)
def test_duration_is_told_in_words(written: str, told: str) -> None:
    assert duration(written) == told


def test_json_holds_every_change_with_its_sentence() -> None:
    edit = (CLOSING, "closing/prepare_dossier", "closing/other")
    report = json.loads(as_json(shipped(), edited(edit), changes(edit)))
    (change,) = report["changes"]
    assert change["file"] == CLOSING
    assert (change["before"], change["after"]) == ("closing/prepare_dossier", "closing/other")
    assert "".join(text for _, text in change["parts"]) in change["sentence"].replace("*", "")
    assert report["counts"] == {"meaning": 1}
