"""Any single edit of the shipped files is refused, breaks a rule, or keeps all: never a crash (V2).

`make torture` tries all of them and prints how many were noticed.
"""

import os
import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from engine.check import check_deployment
from engine.checking import ENDINGS, context_of
from engine.deployment import ResolvedDeployment, resolve
from engine.errors import CasetableError
from engine.proof.proof import prove
from engine.settings import ROOT
from tests.goal import Figure
from tests.proof.content_edit import form_edits_of, table_edits_of
from tests.proof.edit import Edit, edits_of

ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
SOME, SEED = 40, 20261129
MAKERS = {".bpmn": edits_of, ".form": form_edits_of, ".dmn": table_edits_of}
SHIPPED = resolve(ROOT / "processes", "base")


def edits() -> Iterator[Edit]:
    for file, content in sorted(SHIPPED.files.items()):
        maker = MAKERS.get(file[file.rindex(".") :])
        if maker is not None:
            yield from maker(file, content)


EVERY = list(edits())
CHOSEN = EVERY if ALL else random.Random(SEED).sample(EVERY, SOME)


def edited(edit: Edit) -> ResolvedDeployment:
    return replace(SHIPPED, files={**SHIPPED.files, edit.file: edit.content})


def findings(deployment: ResolvedDeployment) -> set[str]:
    """Return the codes of what `casetable check` has to say, warnings too."""
    files = {path: one for path, one in deployment.files.items() if path.endswith(ENDINGS)}
    return {one.code for one in check_deployment(files, context_of(SHIPPED.profile))}


def breaks(deployment: ResolvedDeployment) -> bool:
    """Say whether a rule does not hold, or cannot be proved."""
    try:
        return not prove(deployment).holds
    except CasetableError:
        return True


def test_there_are_many_edits_and_each_changes_something() -> None:
    assert len(EVERY) > 1_500
    assert len({edit.kind for edit in EVERY}) > 25
    assert [str(edit) for edit in EVERY if edit.content == SHIPPED.files[edit.file]] == []
    assert findings(SHIPPED) == set()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("edit", CHOSEN, ids=str)
def test_edit_is_answered_in_words(edit: Edit, figure: Figure) -> None:
    """Without a finding the rules are proved, which takes seconds and is done by torture alone."""
    noticed = bool(findings(edited(edit)))
    if ALL and not noticed:
        noticed = breaks(edited(edit))
    figure("V2", edits=1, noticed=int(noticed))


@pytest.mark.parametrize(
    ("file", "kind", "element"),
    [
        ("closure_decision.bpmn", "taken out", "decide_closure"),
        ("closure_decision.bpmn", "moved", "decide_closure"),
        ("closure_decision.bpmn", "recordWith dropped", "decide_closure"),
        ("closure_decision.bpmn", "notDoneBy dropped", "decide_closure"),
        ("closure_decision.bpmn", "milestone dropped", "decide_closure"),
        ("signal_intake.bpmn", "recordWith dropped", "check_source"),
        ("forms/decide_closure.form", "made optional", "reasons"),
    ],
)
def test_edit_that_matters_is_noticed(file: str, kind: str, element: str) -> None:
    (edit,) = [one for one in EVERY if (one.file, one.kind, one.element) == (file, kind, element)]
    assert findings(edited(edit)) or not prove(edited(edit)).holds
