"""Which goal a test shows (S1 to S23, R1 to R18, V1 to V5), and the figures it has measured.

A test names its goals in its docstring, else in that of its module. `CASETABLE_ONLY=S6` runs the
tests of one goal, several are separated by commas; `make torture ONLY=S6` says the same.
"""

import inspect
import json
import os
import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest

ONLY = frozenset(filter(None, os.environ.get("CASETABLE_ONLY", "").split(",")))
PROPERTY = "figure"
_ID = re.compile(r"\b[RSV]\d{1,2}\b")
Figure = Callable[..., None]


def goals_of(item: pytest.Item) -> frozenset[str]:
    """Return the goals that a test names itself, else those of its module."""
    found: frozenset[str] = frozenset()
    for place in ("function", "module"):
        found = found or frozenset(_ID.findall(inspect.getdoc(getattr(item, place, None)) or ""))
    return found


def leave_out_others(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of the goals that were asked for; without any, keep all."""
    if not ONLY:
        return
    others = [item for item in items if not goals_of(item) & ONLY]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if goals_of(item) & ONLY]


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Figure:
    """Let a test put a line of figures under the run: `figure("S6", requests=5000, refused=0)`.

    Whole numbers of several tests are added up; of numbers with a fraction the greatest is kept,
    but of `seconds`, which are added too.
    """

    def note(goal: str, **figures: float | str) -> None:
        record_property(PROPERTY, json.dumps([goal, figures]))

    return note


def lines(reports: Iterable[Any]) -> list[str]:
    """Return one line for each goal and kind of figures that the tests of a run have noted."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for report in reports:
        for name, noted in getattr(report, "user_properties", ()):
            if name == PROPERTY:
                goal, figures = json.loads(noted)
                _add(found.setdefault((goal, *figures), {}), figures)
    ordered = sorted(found.items(), key=lambda line: (line[0][0][0], int(line[0][0][1:]), line[0]))
    return [f"{key[0]:<4} {_words(figures)}" for key, figures in ordered]


def _words(figures: dict[str, Any]) -> str:
    return "  ".join(f"{name.replace('_', ' ')} {_said(value)}" for name, value in figures.items())


def _add(total: dict[str, Any], figures: dict[str, Any]) -> None:
    for name, value in figures.items():
        before = total.get(name)
        if before is None or isinstance(value, str):
            total[name] = value
        elif isinstance(value, int) or name == "seconds":
            total[name] = before + value
        else:
            total[name] = max(before, value)


def _said(value: float | str) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
