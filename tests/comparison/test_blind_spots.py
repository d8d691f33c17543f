"""Seven changes that a visual comparison of two drawings does not show, told word by word."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from tests.comparison.conftest import FILES, replaced, written

ACTIONS, CLOSING = "action_plan.bpmn", "closure_decision.bpmn"
MEMBER = "<bpmn:flowNodeRef>decide_closure</bpmn:flowNodeRef>"


@pytest.mark.parametrize(
    ("first", "edits", "told"),
    [
        pytest.param(
            (ACTIONS, ">profile.acceptance_deadline<", ">P7D<"),
            [(ACTIONS, ">P7D<", ">P700D<")],
            "Time limit *deadline* of *Accept your actions* comes **after 700 days** instead of "
            "**after 7 days**.",
            id="timer",
        ),
        pytest.param(
            None,
            [(CLOSING, MEMBER, ""), (CLOSING, "<bpmn:flowNodeRef>care_wanted<", f"{MEMBER}\\g")],
            "Step *Decide on closing* moves from **Accountable person** to "
            "**Process coordinator**.",
            id="lane",
        ),
        pytest.param(
            None,
            [(CLOSING, 'name="candidateRole" value="accountable_person"',
              'name="candidateRole" value="chair"')],
            "The lane *Accountable person* belongs to **Chair of the multi-agency table** instead "
            "of **Accountable person**, and with it **Decide on closing**.",
            id="approver",
        ),
        pytest.param(
            None,
            [("case_management.bpmn", ">closure_agreed = true<", ">closure_agreed = false<")],
            "The way from *Agreed?* to *Fade-out monitoring* (*yes*) is now taken when "
            "**closure_agreed is false**: exactly the opposite of **closure_agreed is true**.",
            id="condition",
        ),
        pytest.param(
            None,
            [(CLOSING, 'id="opinion_deadline_passed" name',
              'id="opinion_deadline_passed" cancelActivity="false" name')],
            "Time limit *last day passed* of *Give an opinion on closing* no longer stops "
            "*Give an opinion on closing*: *Give an opinion on closing* goes on beside it.",
            id="interrupting",
        ),
        pytest.param(
            None,
            [("forms/decide_closure.form", '"required": true', '"required": false')],
            "Question *What do you decide?* of the form *Decision on closing* need no longer be "
            "answered; before, it had to be.",
            id="required",
        ),
        pytest.param(
            None,
            [("decisions/deadlines.dmn", '<text>"urgent"</text>', '<text>"fast"</text>')],
            "In row 1 of the table *Set the deadlines*, *How much time do the partners get?* "
            '**is "fast"** instead of **is "urgent"**.',
            id="row",
        ),
    ],
)  # fmt: skip
def test_diff_tells_what_a_visual_comparison_does_not_show(
    diff: Callable[..., Result],
    tmp_path: Path,
    first: tuple[str, str, str] | None,
    edits: list[tuple[str, str, str]],
    told: str,
) -> None:
    files = replaced(dict(FILES), *first) if first else dict(FILES)
    old = written(files, tmp_path / "old")
    for file, before, after in edits:
        files = replaced(files, file, before, after.replace("\\g", before))
    new = written(files, tmp_path / "new")
    answer = diff(old, new, "--without-rules")
    assert answer.exit_code == 1, answer.output
    assert [line for line in answer.output.splitlines() if line.startswith("  - ")] == [
        f"  - {told}"
    ]
    assert answer.output.endswith("1 change of meaning\n")
