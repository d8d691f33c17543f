"""Data that would break the stored state is refused before it reaches it."""

from datetime import date
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.bpmn import clean
from engine.bpmn.merge import clone, combine
from engine.errors import InputError
from tests.bpmn.builder import Run, chain, diagram, end, process, start, user

SIMPLE = diagram(process("main", start(), user("a"), end(), chain("begin", "a", "finish")))
DEEP: dict[str, Any] = {}
_inner = DEEP
for _ in range(8):
    _inner["x"] = {}
    _inner = _inner["x"]


@pytest.mark.parametrize(
    "data",
    [
        {"typename": "UUID", "value": "x"},
        {"deep": [{"typename": "X"}]},
        {"data_objects": {}},
        {"__class__": 1},
        {"": 1},
        {1: 2},
        {"day": date(2026, 1, 31)},
        {"sum": Decimal("1.5")},
        {"set": {1}},
        {"tuple": (1,)},
        {"bytes": b"x"},
        {"nan": float("nan")},
        {"infinite": float("inf")},
        {"huge": 2**60},
        {"text": "x" * 20_000},
        {"null": "a\x00b"},
        {"surrogate": "\ud800"},
        {"many": list(range(3_000))},
        DEEP,
        {"profile": 1},
    ],
)
def test_data_that_cannot_be_stored_never_reaches_the_state(data: dict[Any, Any]) -> None:
    run = Run(SIMPLE, names={"profile": {}})
    instance = run.load()
    with pytest.raises(InputError):
        instance.complete(run.task("a").token, data)
    assert instance.dump() == run.blob


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**50), 2**50)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("abcxyz", min_size=1, max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
).filter(lambda value: _depth(value) < 5)
VARIABLES = st.dictionaries(st.text("abcxyz", min_size=1, max_size=3), JSON, max_size=5)


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0)


@settings(deadline=None)
@given(VARIABLES)
def test_data_that_is_accepted_comes_back_unchanged(data: dict[str, Any]) -> None:
    run = Run(SIMPLE)
    run.complete("a", **clean(data))
    stored = run.variables
    assert stored == data
    assert orjson.dumps(stored, option=orjson.OPT_SORT_KEYS) == orjson.dumps(
        data, option=orjson.OPT_SORT_KEYS
    )


@settings(deadline=None)
@given(VARIABLES, VARIABLES)
def test_combining_one_changed_branch_gives_that_branch(
    base: dict[str, Any], branch: dict[str, Any]
) -> None:
    before = clone(base)
    assert combine(base, [branch]) == branch
    assert combine(base, [base, branch, base]) == branch
    assert base == before


@settings(deadline=None)
@given(VARIABLES, VARIABLES)
def test_combining_disjoint_changes_keeps_both(
    base: dict[str, Any], changes: dict[str, Any]
) -> None:
    left = {**base, **{f"left_{key}": value for key, value in changes.items()}}
    right = {**base, **{f"right_{key}": value for key, value in changes.items()}}
    assert combine(base, [left, right]) == {**left, **right}


def test_combining_keeps_what_the_later_branch_never_touched() -> None:
    base = {"x": 0, "votes": {"a": 1}, "log": ["start"], "flag": True, "gone": 1}
    left = {**base, "x": 1, "votes": {"a": 1, "b": 2}, "log": ["start", "left"]}
    right = {**base, "votes": {"a": 1, "c": 3}, "log": ["start", "right"], "flag": 1}
    right.pop("gone")
    assert combine(base, [left, right]) == {
        "x": 1,
        "votes": {"a": 1, "b": 2, "c": 3},
        "log": ["start", "left", "right"],
        "flag": 1,
    }


def test_combining_two_changes_of_one_value_takes_the_later() -> None:
    assert combine({"x": 0}, [{"x": 1}, {"x": 2}]) == {"x": 2}
    assert combine({"x": [1]}, [{"x": [2]}, {"x": [3]}]) == {"x": [3]}
    assert combine({"x": {"a": 1}}, [{"x": {"a": 2}}, {"x": {}}]) == {"x": {}}
