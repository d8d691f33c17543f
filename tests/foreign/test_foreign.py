"""Diagrams of other tools become drawings with a to-do list, whatever is done to them."""

import copy
import os
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from engine.check import CheckContext, check_deployment, level, to_do
from engine.drawing import outline, parse_drawing
from engine.errors import InputError

HERE = Path(__file__).parent
FILES = sorted(path for path in HERE.iterdir() if path.suffix in {".bpmn", ".bpmn2", ".xml"})
MUTANTS = int(os.environ.get("CASETABLE_MUTANTS", "1500"))
MOST_SECONDS = 2.0

REFUSED = {
    "windows_1252.bpmn": "save the file as UTF-8",
    "declared_doctype.bpmn": "remove it",
    "bpmn1_xpdl.bpmn": "export the diagram as BPMN 2.0",
}
# What the to-do list of each file must hold, among other things.
EXPECTED = {
    "adonis_choreography.bpmn": {"unsupported_element", "unknown_element", "no_layout"},
    "aris_export.bpmn": {"bad_id", "duplicate_id", "unsupported_event", "no_layout"},
    "bizagi_export.bpmn": {"unsupported_event", "no_condition", "empty_sub_process"},
    "bonita_export.bpmn": {"data_object", "compensation", "unknown_process", "implicit_end"},
    "bpmnio_collapsed_planes.bpmn": {"unsupported_element", "not_executable"},
    "camunda7_modeler.bpmn": {"no_form", "no_operator", "bad_condition", "no_default"},
    "camunda8_modeler.bpmn": {"bad_condition", "time_cycle", "no_collection", "no_decision"},
    "flowable_designer.bpmn20.xml": {"several_flows", "ignored_condition", "bad_script"},
    "ibm_blueworks.bpmn": {"several_processes", "several_event_definitions", "bad_timer_rule"},
    "kogito_drools.bpmn2": {"bad_condition", "unsupported_element", "file_name"},
    "oracle_bpm_extensions.bpmn": {"cardinality", "second_parallel", "runs_twice", "no_script"},
    "signavio_export.bpmn": {"several_flows", "data_object", "not_executable", "missing_shape"},
    "sparx_enterprise_architect.bpmn": {"event_sub_process", "unsupported_element"},
    "visio_without_layout.bpmn": {"dangling_flow", "no_id", "reserved_id", "no_layout"},
    "windows_bom_crlf.bpmn": {"no_form", "no_role", "no_due_date"},
}


def test_foreign_files_are_all_expected() -> None:
    assert {path.name for path in FILES} == EXPECTED.keys() | REFUSED.keys()


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_foreign_file_becomes_a_drawing_with_a_to_do_list(name: str) -> None:
    findings = check_deployment({name: (HERE / name).read_bytes()}, CheckContext())
    assert level(findings, name) == "drawing"
    assert EXPECTED[name] <= {finding.code for finding in to_do(findings, name)}
    drawing = parse_drawing((HERE / name).read_bytes(), file=name)
    for process in drawing.processes:
        assert len(outline(process)) <= len(process.elements)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_foreign_file_is_refused_kindly(name: str) -> None:
    findings = check_deployment({name: (HERE / name).read_bytes()}, CheckContext())
    assert level(findings, name) == "refused"
    assert [REFUSED[name] in finding.message for finding in findings] == [True]


def test_foreign_file_keeps_names_lanes_and_pools() -> None:
    signavio = parse_drawing((HERE / "signavio_export.bpmn").read_bytes(), file="f")
    assert [pool.name for pool in signavio.participants] == ["Youth office", "Family"]
    assert signavio.message_flows[0].name == "Letter"
    assert [lane.parent for lane in signavio.processes[0].lanes] == [None, "sid-l1"]
    ibm = parse_drawing((HERE / "ibm_blueworks.bpmn").read_bytes(), file="f")
    waits = ibm.by_id["w"].event
    assert waits is not None
    assert (waits.kind, waits.rule) == ("timer", "2026-13-45")
    assert ibm.by_id["t"].lane == "l1"
    windows = parse_drawing((HERE / "windows_bom_crlf.bpmn").read_bytes(), file="f")
    assert windows.by_id["hand_over"].name == "Schlüssel übergeben"


def flipped(content: bytes, chance: random.Random) -> bytes:
    """Change single bytes."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def torn(content: bytes, chance: random.Random) -> bytes:
    """Cut a piece out, or repeat one."""
    one, other = sorted(chance.randrange(len(content)) for _ in range(2))
    other = min(other, one + 400)
    return content[:one] + content[one:other] * chance.choice((0, 2)) + content[other:]


def reworded(content: bytes, chance: random.Random) -> bytes:
    """Exchange the values of attributes, for each other and for odd ones."""
    values: list[bytes] = sorted(set(re.findall(rb'"([^"<>&]*)"', content))) or [b""]
    odd = [b"", b" ", b"-1", b"1e999", b"NaN", b"true", "ø\u2028".encode(), b"x" * 500, b"a:b:c"]

    def exchange(match: re.Match[bytes]) -> bytes:
        if chance.random() > 0.05:
            return match[0]
        return b'"' + chance.choice(values + odd) + b'"'

    return re.sub(rb'"[^"<>&]*"', exchange, content)


def regrown(content: bytes, chance: random.Random) -> bytes:
    """Move, copy, remove and rename elements."""
    try:
        root = etree.fromstring(content)
    except (etree.XMLSyntaxError, ValueError):
        return content
    for _ in range(chance.randint(1, 6)):
        nodes = [node for node in root.iter() if isinstance(node.tag, str) and node is not root]
        if not nodes:
            break
        node, other = chance.choice(nodes), chance.choice(nodes)
        change = chance.randrange(4)
        parent = node.getparent()
        if change == 0 and parent is not None:
            parent.remove(node)
        elif change == 1:
            node.tag = other.tag
        elif change == 2:
            other.append(copy.deepcopy(node))
        elif not any(above is node for above in (other, *other.iterancestors())):
            other.append(node)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (flipped, torn, reworded, regrown)


def test_mutants_of_foreign_files_never_crash_the_check() -> None:
    chance = random.Random(20)
    contents = [path.read_bytes() for path in FILES]
    good = (HERE.parent / "check" / "good" / "handle_signal.bpmn").read_bytes()
    slowest, readable = 0.0, 0
    for number in range(MUTANTS):
        content = chance.choice([*contents, good])
        for _ in range(chance.randint(1, 3)):
            # Most torn files are not XML any more, so the other changes come more often.
            change = chance.choices(CHANGES, weights=(1, 1, 8, 8))[0]
            content = change(content, chance) or b"<"
        started = time.process_time()
        findings = check_deployment({"mutant.bpmn": content}, CheckContext())
        try:
            drawing = parse_drawing(content, file="mutant.bpmn")
        except InputError:
            assert level(findings, "mutant.bpmn") == "refused", number
        else:
            readable += 1
            assert all(isinstance(outline(process), list) for process in drawing.processes)
        slowest = max(slowest, time.process_time() - started)
    # Of processor time, so that a busy machine does not matter; a minute would be a hang.
    assert slowest < MOST_SECONDS
    assert readable > MUTANTS / 3
