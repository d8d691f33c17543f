"""What the editors' own libraries read and write again is no change, but for what they drop."""

import json
import subprocess

import pytest

from engine.comparison import Change, Side, compare
from engine.settings import ROOT
from tests.comparison.conftest import FILES

FRONTEND = ROOT / "webui/frontend"
SCRIPT = """
import { BpmnModdle } from "bpmn-moddle";
import { DmnModdle } from "dmn-moddle";
import { readFileSync } from "node:fs";
import { restoreNames } from "./src/editor/names.js";

const found = {};
const { restore, files } = JSON.parse(readFileSync(0, "utf8"));
for (const [path, content] of Object.entries(files)) {
  const moddle = path.endsWith(".bpmn") ? new BpmnModdle() : new DmnModdle();
  const { rootElement, warnings } = await moddle.fromXML(content);
  if (restore) restoreNames(moddle, warnings);
  found[path] = (await moddle.toXML(rootElement, { format: true })).xml;
}
console.log(JSON.stringify(found));
"""
DROPPED = {("multi_instance", "collection"), ("multi_instance", "output")}
"""References to names of variables: the library looks for an element of that id, finds none, and
writes nothing. The editor puts them back."""


SHIPPED = {
    path: content.decode() for path, content in FILES.items() if path.endswith((".bpmn", ".dmn"))
}


def saved(*, restore: bool) -> dict[str, str]:
    """Return the shipped files as the libraries write them; an editor restores what they drop."""
    answer = subprocess.run(
        ["node", "--input-type=module", "-e", SCRIPT],
        input=json.dumps({"restore": restore, "files": SHIPPED}),
        capture_output=True,
        text=True,
        check=True,
        cwd=FRONTEND,
    )
    found: dict[str, str] = json.loads(answer.stdout)
    assert all(found[path] != content for path, content in SHIPPED.items() if "bpmn" in path)
    return found


def differences(files: dict[str, str]) -> tuple[Change, ...]:
    old = Side("shipped", {path: content.encode() for path, content in SHIPPED.items()})
    new = Side("saved", {path: content.encode() for path, content in files.items()})
    return compare(old, new)


@pytest.mark.node
def test_files_opened_and_saved_again_are_no_change_but_for_what_the_library_drops() -> None:
    found = differences(saved(restore=False))
    assert {(change.attribute, change.aspect) for change in found} == DROPPED
    assert all(change.after == "" for change in found)


@pytest.mark.node
def test_editor_puts_back_what_the_library_drops() -> None:
    assert differences(saved(restore=True)) == ()
