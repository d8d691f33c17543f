"""Each goal that is built has tests that name it, and their figures add up."""

import ast
import json
import re
from functools import cache
from types import SimpleNamespace

import pytest

from tests import goal
from tests.meta.house import files, name_of

SHOWN = (
    *("S1", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S13", "S14", "S15"),
    *("S18", "S22", "R1", "R2", "R3", "R4", "R5", "R6", "R7", "R9", "R10", "R11"),
    *("R12", "R13", "R14", "R16", "R17", "R18", "V3"),
)


@cache
def _named() -> dict[str, set[str]]:
    """Return the files of tests whose docstrings name each goal."""
    found: dict[str, set[str]] = {}
    for path in files("tests"):
        if path.suffix == ".py" and path.name.startswith("test_"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for node in (tree, *ast.walk(tree)):
                if isinstance(node, ast.Module | ast.FunctionDef):
                    for name in re.findall(r"\b[RSV]\d{1,2}\b", ast.get_docstring(node) or ""):
                        found.setdefault(name, set()).add(name_of(path))
    return found


@pytest.mark.parametrize("name", SHOWN)
def test_goal_has_a_test_that_names_it(name: str) -> None:
    assert _named().get(name), f"write {name} into the docstring of the test that shows it"


def _report(*noted: tuple[str, dict[str, float | str]]) -> SimpleNamespace:
    properties = [(goal.PROPERTY, json.dumps(one)) for one in noted]
    return SimpleNamespace(user_properties=[*properties, ("other", "x")])


def test_figures_of_one_goal_are_one_line() -> None:
    reports = [
        _report(("S6", {"requests": 5000, "slowest_ms": 3.0, "seconds": 2.5})),
        _report(("S12", {"unseen": 0})),
        _report(("S6", {"requests": 5000, "slowest_ms": 2.0, "seconds": 2.5})),
    ]
    assert goal.lines(reports) == [
        "S6   requests 10000  slowest ms 3.0  seconds 5.0",
        "S12  unseen 0",
    ]
