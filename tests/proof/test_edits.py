"""Every single edit of the shipped files is noticed or explained; a harmless one raises no alarm.

Noticed: `casetable check` says something, or a rule does not hold (V2). Explained: it stands with
its reason in docs/unnoticed_edits.csv. `make torture ONLY=V2` tries all and prints how many.
"""

import csv
import os
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import pytest

from engine.check import check_deployment
from engine.checking import ENDINGS, context_of
from engine.comparison import Side, compare
from engine.deployment import ResolvedDeployment, resolve
from engine.errors import DiagramError
from engine.proof.explorer import TooLargeError
from engine.proof.proof import prove
from engine.settings import ROOT
from tests.goal import Figure
from tests.proof import keeping
from tests.proof.content_edit import form_edits_of, table_edits_of
from tests.proof.edit import Edit, edits_of

ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
SOME, SOME_KEEPING, SEED = 12, 4, 20261129
Makers = Mapping[str, Callable[[str, bytes], Iterator[Edit]]]
MAKERS: Makers = {".bpmn": edits_of, ".form": form_edits_of, ".dmn": table_edits_of}
KEEPING: Makers = {
    ".bpmn": keeping.keeping_edits_of,
    ".form": keeping.keeping_form_edits_of,
    ".dmn": keeping.keeping_table_edits_of,
}
SHIPPED = resolve(ROOT / "processes", "base")
DRAWN = {"loose_flow_end", "outside_lane", "shapes_overlap"}
"""What is said of the drawing alone: an editor moves the shapes along."""


@dataclass(frozen=True)
class Unnoticed:
    """One line of docs/unnoticed_edits.csv; each of the first four is a pattern."""

    file: str
    kind: str
    element: str
    detail: str
    why: str

    def fits(self, edit: Edit) -> bool:
        """Say whether an edit is meant."""
        return all(
            fnmatchcase(getattr(edit, name), getattr(self, name))
            for name in ("file", "kind", "element", "detail")
        )


with (ROOT / "docs" / "unnoticed_edits.csv").open(encoding="utf-8", newline="") as file:
    UNNOTICED = [Unnoticed(**row) for row in csv.DictReader(file)]


def edits(makers: Makers) -> list[Edit]:
    """Return every edit of the shipped files."""
    return [
        edit
        for file, content in sorted(SHIPPED.files.items())
        for ending, maker in makers.items()
        if file.endswith(ending)
        for edit in maker(file, content)
    ]


EVERY = edits(MAKERS)
PLAIN = [one for one in edits(KEEPING) if (one.kind, one.element) not in keeping.RIGHTLY_ALARMED]


def some(of: list[Edit], count: int) -> list[Edit]:
    return of if ALL else random.Random(SEED).sample(of, count)


def edited(edit: Edit) -> ResolvedDeployment:
    return replace(SHIPPED, files={**SHIPPED.files, edit.file: edit.content})


def findings(deployment: ResolvedDeployment) -> set[str]:
    """Return the codes of what `casetable check` has to say, warnings too."""
    files = {path: one for path, one in deployment.files.items() if path.endswith(ENDINGS)}
    return {one.code for one in check_deployment(files, context_of(SHIPPED.profile))}


def broken(deployment: ResolvedDeployment) -> list[str]:
    """Return the rules that do not hold; a path that the engine does not go is an error here."""
    try:
        return [one.rule.id for one in prove(deployment).verdicts if not one.holds]
    except (TooLargeError, DiagramError) as refused:
        return [type(refused).__name__]


def test_there_are_many_edits_and_each_changes_something() -> None:
    assert len(EVERY) > 2_000
    assert len({edit.kind for edit in EVERY}) > 25
    assert len(PLAIN) > 500
    unchanged = [str(one) for one in EVERY + PLAIN if one.content == SHIPPED.files[one.file]]
    assert unchanged == []
    assert findings(SHIPPED) == set()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("edit", some(EVERY, SOME), ids=str)
def test_edit_is_noticed_or_explained_and_told_in_words(edit: Edit, figure: Figure) -> None:
    wrong = edited(edit)
    said = findings(wrong) - DRAWN
    rules = [] if said else broken(wrong)
    why = next((one.why for one in UNNOTICED if one.fits(edit)), "")
    figure(
        "V2",
        edits=1,
        checked=int(bool(said)),
        proved=int(bool(rules)),
        explained=int(not said and not rules),
    )
    assert said or rules or why, f"nobody notices and nothing explains: {edit}"
    if not said:
        changes = compare(Side("before", SHIPPED.files), Side("after", wrong.files))
        assert changes, "the change report says nothing"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("edit", some(PLAIN, SOME_KEEPING), ids=str)
def test_edit_that_keeps_every_rule_raises_no_alarm(edit: Edit, figure: Figure) -> None:
    plain = edited(edit)
    alarms = [*(findings(plain) - DRAWN), *broken(plain)]
    figure("V2", edits_that_keep_all=1, false_alarms=len(alarms))
    assert alarms == []


def test_explanations_are_sentences_about_edits_that_there_are() -> None:
    assert [one for one in UNNOTICED if len(one.why) < 30] == []
    idle = [one for one in UNNOTICED if not any(one.fits(edit) for edit in EVERY)]
    assert idle == []


@pytest.mark.parametrize(
    ("file", "kind", "element"),
    [
        ("closure_decision.bpmn", "taken out", "decide_closure"),
        ("closure_decision.bpmn", "moved", "decide_closure"),
        ("closure_decision.bpmn", "recordWith dropped", "decide_closure"),
        ("closure_decision.bpmn", "notDoneBy dropped", "decide_closure"),
        ("closure_decision.bpmn", "milestone dropped", "decide_closure"),
        ("signal_intake.bpmn", "recordWith dropped", "check_source"),
        ("case_management.bpmn", "taken out", "consent_taken_back"),
        ("retention.bpmn", "taken out", "erase_case"),
        # The nearest path asks nobody and then many of the same partners: another one is shown.
        ("case_management.bpmn", "message changed", "event_danger_in_intake"),
        ("forms/decide_closure.form", "made optional", "reasons"),
        ("forms/hold_case_conference.form", "question taken out", "evidence_against"),
    ],
)
def test_edit_that_matters_is_noticed(file: str, kind: str, element: str) -> None:
    (edit,) = [one for one in EVERY if (one.file, one.kind, one.element) == (file, kind, element)]
    assert findings(edited(edit)) - DRAWN or broken(edited(edit))
