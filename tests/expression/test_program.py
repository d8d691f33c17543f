"""Checks what diagrams, tables and forms use: values, names, time, scripts, JSON, messages."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.errors import ExpressionError
from engine.expression import (
    YearsMonths,
    compile_assignments,
    compile_expression,
    compile_unary_tests,
    to_json,
)

NOW = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)


def test_expression_is_compiled_once() -> None:
    assert compile_expression("a + 1") is compile_expression("a + 1")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("1 + 2", set()),
        ("route = other", {"route", "other"}),
        ("plan.version", {"plan"}),
        ("for x in xs return x + y", {"xs", "y"}),
        ("some x in xs, z in x satisfies z = y", {"xs", "y"}),
        ("for x in x return x", {"x"}),
        ("goals[item = wanted]", {"goals", "wanted"}),
        ("{a: 1, b: a + c}", {"c"}),
        ("{a: a}", {"a"}),
        ("count(goals)", {"goals"}),
        ("today() > date(due)", {"due"}),
    ],
)
def test_names_are_those_read_from_outside(source: str, names: set[str]) -> None:
    assert compile_expression(source).names == names


def test_today_is_the_date_in_the_zone() -> None:
    today = compile_expression("today()")
    assert today.evaluate({}, now=NOW) == date(2026, 6, 30)
    assert today.evaluate({}, now=NOW, zone=ZoneInfo("Europe/Amsterdam")) == date(2026, 7, 1)


def test_now_is_the_instant() -> None:
    found = compile_expression("now()").evaluate({}, now=NOW, zone=ZoneInfo("Europe/Amsterdam"))
    assert found == NOW
    assert found.hour == 0
    assert to_json(found) == "2026-06-30T22:30:00+00:00"


def test_time_is_needed_where_it_is_used() -> None:
    with pytest.raises(ExpressionError, match="today"):
        compile_expression("today()").evaluate({})
    with pytest.raises(ExpressionError, match="needs a zone"):
        compile_expression("1").evaluate({}, now=datetime(2026, 6, 30))  # noqa: DTZ001 - the mistake


def test_evaluation_leaves_the_context_as_it_was() -> None:
    context = {"goals": [{"status": "open"}], "n": 1}
    compile_expression("append(goals, {status: n})").evaluate(context)
    assert context == {"goals": [{"status": "open"}], "n": 1}


def test_variable_that_hides_a_function_is_named() -> None:
    with pytest.raises(ExpressionError, match="`count` hides the function"):
        compile_expression("count(items)").evaluate({"items": [], "count": 3})
    assert compile_expression("count + 1").evaluate({"count": 3}) == 4


def test_decimals_from_outside_become_plain_numbers() -> None:
    found = compile_expression("[amount * 2, whole]").evaluate(
        {"amount": Decimal("1.25"), "whole": Decimal(3)}
    )
    assert found == [2.5, 3]
    assert [type(item) for item in found] == [float, int]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**60, Decimal("NaN")])
def test_numbers_that_the_editors_cannot_hold_are_refused(value: Any) -> None:
    with pytest.raises(ExpressionError):
        compile_expression("n").evaluate({"n": value})


def test_cell_sees_the_tested_value_and_the_variables() -> None:
    cell = compile_unary_tests("? > limit and ? < 10")
    assert cell.names == {"limit"}
    assert cell.matches(5, {"limit": 3})
    assert not cell.matches(5, {"limit": 7})
    with pytest.raises(ExpressionError, match="tested value is missing"):
        cell.matches(None, {"limit": 7})


def test_cell_with_a_bare_boolean_variable_is_refused() -> None:
    with pytest.raises(ExpressionError, match=r"write `\? = name` instead"):
        compile_unary_tests("flag").matches(True, {"flag": True})
    assert compile_unary_tests("? = flag").matches(True, {"flag": True})


def test_question_mark_belongs_to_cells() -> None:
    with pytest.raises(ExpressionError, match="cell of a decision table"):
        compile_expression("? > 3")


def test_script_sets_names_in_order() -> None:
    script = compile_assignments('rounds = rounds + 1\n\n  ops = {}\nroute = "again"\r\nx = ops\n')
    assert script.targets == ("rounds", "ops", "route", "x")
    assert script.names == {"rounds"}
    context = {"rounds": 1}
    assert script.evaluate(context) == {"rounds": 2, "ops": {}, "route": "again", "x": {}}
    assert context == {"rounds": 1}


def test_script_sees_earlier_results() -> None:
    script = compile_assignments("a = 1\nb = a + 1\na = b * 10")
    assert script.evaluate({}) == {"a": 20, "b": 2}
    assert script.targets == ("a", "b")
    assert script.names == frozenset()


@pytest.mark.parametrize(
    "source",
    [
        "",
        "\n \n",
        "a",
        "a == 1",
        "a.b = 1",
        "a[1] = 1",
        "if = 1",
        "count = 1",
        "item = 1",
        "1a = 1",
        "a = ",
        "= 1",
        "a = 1; b = 2",
        "a += 1",
        "import os",
        "a = 1\nb",
        "größe = 1",
        "\n".join(f"a{n} = 1" for n in range(101)),
        "a = 1\n" * 1000,
    ],
)
def test_script_refuses_anything_but_assignments(source: str) -> None:
    with pytest.raises(ExpressionError):
        compile_assignments(source)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (2.5, 2.5),
        (2.0, 2),
        (Decimal("2.50"), 2.5),
        ("a", "a"),
        (date(2026, 1, 31), "2026-01-31"),
        (NOW, "2026-06-30T22:30:00+00:00"),
        (NOW.astimezone(timezone(timedelta(hours=2))), "2026-06-30T22:30:00+00:00"),
        (timedelta(days=1, hours=2), "P1DT2H"),
        (timedelta(days=-1), "-P1D"),
        (timedelta(), "PT0S"),
        (YearsMonths(14), "P1Y2M"),
        (YearsMonths(0), "P0M"),
        (YearsMonths(-3), "-P3M"),
        ([date(2026, 1, 31), {"a": (1,)}], ["2026-01-31", {"a": [1]}]),
    ],
)
def test_values_become_json(value: Any, found: Any) -> None:
    assert to_json(value) == found


@pytest.mark.parametrize("value", [{1: 2}, {1, 2}, b"a", object(), float("nan"), [[0] * 9000] * 2])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(ExpressionError):
        to_json(value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "The expression is empty; write a value or a condition."),
        ("a = 'b'", 'at position 5: the character "\'" is not expected; texts stand in double'),
        ("a ==  1", "at position 4: `=` is not expected; a comparison has two sides"),
        ("count(", "at position 7: it ends too early; complete it."),
        ("foo(1)", "at position 1: there is no function `foo`."),
        ("count()", "at position 1: `count` is written count(list)."),
        ("a % 2", "use the function modulo(dividend, divisor)"),
        ("a b", "at position 3: `b` is not expected here"),
        ("a in b and c", "put `... in ...` in parentheses before `and` and `or`"),
        ("[1..2]", "a range only follows `in`; write for example `score in [1..5]`"),
    ],
)
def test_message_names_place_and_mend(source: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source)
    assert message in str(caught.value)


def test_message_at_run_time_names_the_expression_and_no_value() -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_expression("due < today()").evaluate({"due": "secret"}, now=NOW)
    assert str(caught.value) == (
        "In the expression `due < today()`: a string is compared with a date; "
        "convert with date(...) or date and time(...)."
    )


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("is defined(a)", True),
        ("is defined(b)", False),
        ("is defined(missing)", False),
        ("is defined(plan.version)", True),
        ("is defined(plan.missing.deep)", False),
    ],
)
def test_is_defined_adds_to_what_the_editors_know(source: str, value: bool) -> None:
    context = {"a": 0, "b": None, "plan": {"version": 1}}
    assert compile_expression(source).evaluate(context) is value
