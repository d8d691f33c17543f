"""Runs npm's feelin over a batch and writes our values the same way."""

import json
import math
import shutil
import subprocess
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest

from engine.errors import ExpressionError
from engine.expression import YearsMonths, compile_expression, compile_unary_tests
from engine.expression.value import write

HERE = Path(__file__).parent
MODULES = HERE.parents[1] / "webui" / "frontend" / "node_modules"

# The implementation that dmn-js and the properties panels follow, and the copy inside form-js.
FEELIN = "feelin"
FORM_FEELIN = "@bpmn-io/feelin"


TAGS: tuple[tuple[str, tuple[type, ...]], ...] = (
    ("$instant", (datetime,)),
    ("$date", (date,)),
    ("$time", (time,)),
    ("$duration", (timedelta, YearsMonths)),
)


class Refused:
    """Stands for our refusal; carries the message."""

    def __init__(self, message: str) -> None:
        self.message = message

    def __repr__(self) -> str:
        return f"Refused({self.message!r})"


def feelin(package: str, cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return feelin's answer to each case: `value`, or `error`."""
    node = shutil.which("node")
    module = MODULES / package / "dist" / "index.js"
    if node is None or not module.exists():
        pytest.skip(f"needs Node.js and {package}: run npm ci in webui/frontend")
    found = subprocess.run(
        [node, str(HERE / "feelin.mjs")],
        input=json.dumps({"module": str(module), "cases": cases}),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answers: list[dict[str, Any]] = json.loads(found.stdout)
    return answers


def ours(case: dict[str, Any]) -> Any:
    """Return our value, tagged as feelin's are, or Refused."""
    context = {key: value for key, value in case["context"].items() if key != "?"}
    try:
        if case["kind"] == "tests":
            return compile_unary_tests(case["source"]).matches(case["context"]["?"], context)
        return tagged(compile_expression(case["source"]).evaluate(context))
    except ExpressionError as error:
        return Refused(str(error))


def tagged(value: Any) -> Any:
    """Return `value` with dates and durations marked as such."""
    if isinstance(value, Mapping):
        return {key: tagged(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [tagged(item) for item in value]
    for tag, kinds in TAGS:
        if isinstance(value, kinds):
            return {tag: write(value)}
    return value


def same(one: Any, other: Any) -> bool:
    """Tell whether two tagged values are the same, true not being 1, numbers to 15 digits."""
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-15, abs_tol=0)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return type(one) is type(other) and one == other
