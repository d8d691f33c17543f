"""What the editors' own libraries read and write again is no change, but for what they drop."""

import json
import subprocess

import pytest

from engine.comparison import Side, compare
from engine.settings import ROOT
from tests.comparison.conftest import FILES

FRONTEND = ROOT / "webui/frontend"
SCRIPT = """
import { BpmnModdle } from "bpmn-moddle";
import { DmnModdle } from "dmn-moddle";
import { readFileSync } from "node:fs";

const found = {};
for (const [path, content] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  const moddle = path.endsWith(".bpmn") ? new BpmnModdle() : new DmnModdle();
  const { rootElement } = await moddle.fromXML(content);
  found[path] = (await moddle.toXML(rootElement, { format: true })).xml;
}
console.log(JSON.stringify(found));
"""
DROPPED = {("multi_instance", "collection"), ("multi_instance", "output")}
"""References to names of variables: the library looks for an element of that id, finds none, and
writes nothing. An editor has to put them back."""


@pytest.mark.node
def test_files_opened_and_saved_again_are_no_change_but_for_what_the_library_drops() -> None:
    files = {
        path: content.decode()
        for path, content in FILES.items()
        if path.endswith((".bpmn", ".dmn"))
    }
    answer = subprocess.run(
        ["node", "--input-type=module", "-e", SCRIPT],
        input=json.dumps(files),
        capture_output=True,
        text=True,
        check=True,
        cwd=FRONTEND,
    )
    saved = json.loads(answer.stdout)
    assert all(saved[path] != content for path, content in files.items() if "bpmn" in path)
    old = Side("shipped", {path: content.encode() for path, content in files.items()})
    new = Side("saved", {path: content.encode() for path, content in saved.items()})
    found = compare(old, new)
    assert {(change.attribute, change.aspect) for change in found} == DROPPED
    assert all(change.after == "" for change in found)
