"""Broken and hostile files at every edge that reads them: refused in a sentence, no crash (S4).

`CASETABLE_MUTANTS` sets how many mutants of each kind are tried (default 300); the seed is fixed.
"""

import copy
import json
import os
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from engine.bpmn import Program
from engine.checking import check_paths
from engine.decision import parse_decision
from engine.drawing import parse_drawing
from engine.errors import CasetableError
from engine.form import parse_form
from engine.profile import parse_profile
from engine.scenario import read_scenario
from engine.scenario_run import run_file
from engine.settings import ROOT

MUTANTS = int(os.environ.get("CASETABLE_MUTANTS", "300"))
PROCESSES = ROOT / "processes"
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    10**30,
    1.5,
    "",
    "\0",
    "x" * 10_000,
    "=",
    "= 1 +",
    "=" + "(" * 500,
    "P99999999999Y",
    "[" * 300,
    "../../etc/passwd",
    [],
    [[]],
    {},
    {"value": {}},
)
"""What may stand where something else is expected."""

LONG_NUMBER = b"1" * 5_000


def _read_bpmn(content: bytes) -> object:
    drawing = parse_drawing(content, file="hostile.bpmn")
    for process in drawing.processes:
        others = {
            path.name: path.read_bytes()
            for path in PROCESSES.glob("*.bpmn")
            if path.stem != process.id
        }
        Program.compile({**others, "hostile.bpmn": content}, process.id, key="k")
    return drawing


READERS: dict[str, Callable[[bytes], object]] = {
    ".bpmn": _read_bpmn,
    ".dmn": parse_decision,
    ".form": lambda content: parse_form(content, file="hostile.form"),
    ".toml": lambda content: parse_profile(content, file="hostile.toml"),
}


def _refused_or_read(suffix: str, content: bytes) -> bool:
    """Say whether a file was refused; whatever is raised otherwise goes up to the test."""
    said = None
    try:
        READERS[suffix](content)
    except CasetableError as error:
        said = str(error).strip()
    assert said != ""
    return said is not None


def _shipped(suffix: str) -> list[bytes]:
    files = sorted(PROCESSES.rglob(f"*{suffix}"))
    if suffix == ".toml":
        # The others say only what differs from it, and are not whole alone.
        files = [PROCESSES / "profiles" / "base" / "profile.toml"]
    return [path.read_bytes() for path in files]


def _bytes_mutants(chance: random.Random, content: bytes) -> Iterator[bytes]:
    """Cut, doubled, swapped and foreign bytes."""
    place = chance.randrange(len(content))
    end = min(len(content), place + chance.randrange(1, 200))
    yield content[:place]
    yield content[:place] + content[end:]
    yield content[:place] + content[place:end] * 3 + content[end:]
    yield content[:place] + bytes([chance.randrange(256)]) + content[place + 1 :]
    yield content[:place] + b"\xff\xfe\x00" + content[place:]
    yield content.decode("utf-8").encode("utf-16")


def _json_mutant(chance: random.Random, content: bytes) -> bytes:
    """One node of the tree replaced by something that does not belong there."""
    data = json.loads(content)
    places: list[tuple[Any, Any]] = []

    def walk(node: Any) -> None:
        keys = node if isinstance(node, dict) else range(len(node))
        for key in keys:
            places.append((node, key))
            if isinstance(node[key], dict | list):
                walk(node[key])

    walk(data)
    first = copy.deepcopy(data["components"][:1])
    for holder, key in chance.sample(places, chance.randrange(1, 4)):
        holder[key] = chance.choice((*ODD, copy.deepcopy(first)))
    return json.dumps(data).encode()


def _xml_mutant(chance: random.Random, content: bytes) -> bytes:
    """An element removed, doubled, moved or renamed; an attribute or text replaced."""
    root = etree.fromstring(content)
    for _ in range(chance.randrange(1, 4)):
        nodes = [node for node in root.iter() if isinstance(node.tag, str)]
        node, other = chance.choice(nodes), chance.choice(nodes)
        what = chance.randrange(6)
        text = str(chance.choice(ODD)).replace("\0", "")
        parent = node.getparent()
        if what == 0 and parent is not None:
            parent.remove(node)
        elif what == 1 and parent is not None:
            parent.append(copy.deepcopy(node))
        elif what == 2 and other not in node.iterdescendants() and other is not node:
            other.append(copy.deepcopy(node))
        elif what == 3 and node.attrib:
            node.set(chance.choice(list(node.attrib)), text)
        elif what == 4 and node.attrib:
            del node.attrib[chance.choice(list(node.attrib))]
        elif what == 5:
            node.text = text
        else:
            node.tag = chance.choice(nodes).tag
    return etree.tostring(root)


def _toml_mutant(chance: random.Random, content: bytes) -> bytes:
    """A line with another value, out of place, or twice."""
    lines = content.splitlines()
    number = chance.randrange(len(lines))
    name, found, _ = lines[number].partition(b"=")
    odd = (b"[]", b"{}", b"0", b"true", b'""', b"1979-05-27", b"nan", b"[[1]]", b"'../x'")
    what = chance.randrange(4)
    if what == 0 and found:
        lines[number] = name + b"= " + chance.choice((*odd, LONG_NUMBER, b"[" * 2_000))
    elif what == 1:
        lines.insert(chance.randrange(len(lines)), lines[number])
    elif what == 2:
        lines[number] = b"[" + chance.choice((b"profile", b"values", b"roles", b"x.y")) + b"]"
    else:
        del lines[number]
    return b"\n".join(lines)


MUTATORS = {
    ".bpmn": _xml_mutant,
    ".dmn": _xml_mutant,
    ".form": _json_mutant,
    ".toml": _toml_mutant,
}


@pytest.mark.parametrize("suffix", sorted(READERS))
def test_shipped_files_are_read(suffix: str) -> None:
    found = _shipped(suffix)
    assert found
    if suffix == ".bpmn":
        # One diagram alone does not compile: it calls others.
        assert all(parse_drawing(content, file="shipped.bpmn").processes for content in found)
    else:
        assert not any(_refused_or_read(suffix, content) for content in found)


@pytest.mark.parametrize("suffix", sorted(READERS))
def test_files_with_broken_bytes_are_refused_or_read(suffix: str) -> None:
    chance = random.Random(7)
    files = _shipped(suffix)
    for _ in range(MUTANTS // 6):
        for mutant in _bytes_mutants(chance, chance.choice(files)):
            _refused_or_read(suffix, mutant)


@pytest.mark.parametrize("suffix", sorted(READERS))
def test_files_with_things_out_of_place_are_refused_or_read(suffix: str) -> None:
    chance = random.Random(11)
    files = _shipped(suffix)
    for _ in range(MUTANTS):
        _refused_or_read(suffix, MUTATORS[suffix](chance, chance.choice(files)))


HOSTILE: tuple[tuple[str, bytes], ...] = (
    (".toml", b"x = " + LONG_NUMBER),
    (".toml", b"x = " + b"[" * 50_000),
    (".toml", b"x = {" * 5_000),
    (
        ".toml",
        b'[profile]\ncode="a"\nname="b"\ntime_zone="Europe"\n[values]\n[roles]\n[disciplines]',
    ),
    (".toml", b'[profile]\ncode="a"\nname="b"\ntime_zone=""\n[values]\n[roles]\n[disciplines]'),
    (".toml", b'[profile]\ncode="a"\nname="b"\ntime_zone="../../etc/passwd"\n[values]\n[roles]'),
    (".toml", b'[profile]\ncode="a"\nname="b"\ntime_zone="\\u0000"\n[values]\n[roles]\n'),
    (".form", b"[" * 100_000),
    (".form", b'{"components":' * 50_000),
    (".form", b'{"id": "a", "components": ' + b'[{"type":"group","components":' * 500 + b"1"),
    (
        ".form",
        b'{"id": "a", "components": '
        + b'[{"type":"group","components":' * 60
        + b"[]"
        + b"}]" * 60
        + b"}",
    ),
    (".form", b'{"id": 1' + LONG_NUMBER + b', "components": []}'),
    (".dmn", b"<a/>"),
    (".dmn", b"<a>" * 100_000),
    (".dmn", b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    (".bpmn", b""),
    (".bpmn", b"<a>" * 100_000 + b"</a>" * 100_000),
    (".bpmn", b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb">]><a>' + b"&b;" * 10_000 + b"</a>"),
    (".bpmn", b"<?xml version='1.0' encoding='utf-7'?>+ADw-a+AD4-"),
    (".bpmn", b"<a " + b" ".join(b"x%d='1'" % number for number in range(50_000)) + b"/>"),
)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_files_are_refused_in_a_sentence(number: int) -> None:
    suffix, content = HOSTILE[number]
    assert _refused_or_read(suffix, content)


SCENARIOS = (
    b"title = 5",
    b"title = 'a'\nuse = 5",
    b"title = 'a'\nuse = ['../../../x']",
    b"title = 'a'\nuse = ['loop']",
    b"title = 'a'\nuse = [['x']]",
    b"title = 'a'\nstep = 5",
    b"title = 'a'\nstep = ['do']",
    b"title = 'a'\nrequirements = 5",
    b"title = 'a'\nrequirements = [[1]]",
    b"title = 'a'\nvalues = 5",
    b"title = 'a'\nstarts = 5",
    b"title = 'a'\nstarts = '2026-99-99'",
    b"title = 'a'\nprofile = '../x'",
    b"title = 'a'\nprofile = '\\u0000'",
    b"title = 'a'\n[[step]]\nstart = 5",
    b"title = 'a'\n[[step]]\nstart = 'signal'\nabout = 5",
    b"title = 'a'\n[[step]]\ndo = 5",
    b"title = 'a'\n[[step]]\ndo = 'x'\nby = 5\nanswers = 5",
    b"title = 'a'\n[[step]]\nafter = 5",
    b"title = 'a'\n[[step]]\nafter = 'P99999999999Y'",
    b"title = 'a'\n[[step]]\nexpect = 5",
    b"title = 'a'\n[[step]]\nexpect = {owes = 5, stage = [], due = {a = 1}}",
    b"title = 'a'\n[[step]]\nmessage = {}",
    b"title = 'a'\nx = " + LONG_NUMBER,
    b"\xff\xfe",
)


@pytest.mark.parametrize("number", range(len(SCENARIOS)))
def test_hostile_scenarios_are_a_problem_of_their_own(number: int, tmp_path: Path) -> None:
    (tmp_path / "fragments").mkdir()
    (tmp_path / "fragments/loop.toml").write_text("use = ['loop']")
    path = tmp_path / "hostile.toml"
    path.write_bytes(SCENARIOS[number])
    result = run_file(PROCESSES, path)
    if result.problems:
        assert "Error" not in " ".join(result.problems), result.problems
    with suppress(CasetableError):
        read_scenario(path)


def test_check_of_a_hostile_folder_is_a_report(tmp_path: Path) -> None:
    for number, (suffix, content) in enumerate(HOSTILE):
        if suffix != ".toml":
            (tmp_path / f"hostile_{number}{suffix}").write_bytes(content)
    report = check_paths((tmp_path,), "base")
    assert len(report.findings) >= len([one for one in HOSTILE if one[0] != ".toml"])
