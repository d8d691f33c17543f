"""Findings as text, as JSON and in one sentence."""

import json
from pathlib import Path

from engine.check import (
    CheckContext,
    Finding,
    as_json,
    as_text,
    check_folder,
    level,
    ordered,
    summary,
    to_do,
)

SLIP = Finding("b.bpmn", "z", "no_name", "has no name; name it.", "warning")
GAP = Finding("b.bpmn", "a", "no_form", "has no form; set formRef.")
TORN = Finding("a.bpmn", "file", "xml", "not XML; export it again.")


def test_report_orders_by_file_and_severity_and_drops_repetitions() -> None:
    assert ordered([SLIP, GAP, TORN, GAP]) == [TORN, GAP, SLIP]
    assert as_text([SLIP, GAP, TORN]).splitlines() == [
        "a.bpmn:file: not XML; export it again.",
        "b.bpmn:a: has no form; set formRef.",
        "b.bpmn:z: (warning) has no name; name it.",
    ]


def test_report_says_what_each_file_may_be_used_for() -> None:
    findings = [SLIP, GAP, TORN]
    assert level(findings, "a.bpmn") == "refused"
    assert level(findings, "b.bpmn") == "drawing"
    assert level([SLIP], "b.bpmn") == "executable"
    assert to_do(findings, "b.bpmn") == [GAP]


def test_report_sums_up_in_one_sentence() -> None:
    assert summary([], 1) == "1 file checked, nothing to mend."
    assert summary([SLIP, GAP, TORN], 3) == "3 files checked: 2 errors, 1 warning."


def test_report_is_json_for_machines() -> None:
    report = json.loads(as_json([SLIP, GAP], ["b.bpmn", "c.bpmn"]))
    assert report["files"] == {"b.bpmn": "drawing", "c.bpmn": "executable"}
    assert report["findings"][0] == {
        "file": "b.bpmn",
        "element": "a",
        "severity": "error",
        "code": "no_form",
        "message": "has no form; set formRef.",
    }


def test_folder_is_read_without_its_profiles(tmp_path: Path) -> None:
    (tmp_path / "profiles" / "no").mkdir(parents=True)
    (tmp_path / "profiles" / "no" / "odd.bpmn").write_text("<torn")
    (tmp_path / "odd.bpmn").write_text("<torn")
    (tmp_path / "notes.txt").write_text("not ours")
    assert [found.file for found in check_folder(tmp_path, CheckContext())] == ["odd.bpmn"]
