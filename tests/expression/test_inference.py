"""Checks that mistakes in expressions are found before a case meets them."""

import pytest

from engine.expression import (
    FeelType,
    compile_assignments,
    compile_expression,
    compile_unary_tests,
    infer,
    result_type,
)

GOAL = FeelType(
    "context",
    entries={"status": FeelType("string", ("open", "reached")), "weight": FeelType("number")},
)
DECLARED = {
    "route": FeelType("string", ("assess", "refer", None)),
    "rounds": FeelType("number"),
    "flag": FeelType("boolean"),
    "due": FeelType("string"),
    "day": FeelType("date"),
    "goals": FeelType("list", item=GOAL),
    "items": FeelType("list"),
    "plan": FeelType("context", entries={"version": FeelType("number")}),
    "box": FeelType("context"),
    "something": FeelType(),
}


@pytest.mark.parametrize(
    "source",
    [
        'route = "assess"',
        "route = null",
        'route in ("assess", "refer")',
        "rounds + 1 > 3",
        "plan.version = 2",
        "box.anything = 2",
        "something.anything = 2",
        'goals[status = "open"].weight',
        "items[anything = 3]",
        "some g in goals satisfies g.weight > 1",
        "for i in 1..rounds return i",
        "date(due) > today()",
        'day + duration("P1M") > today()',
        'today() - day < duration("P14D")',
        'if flag then "a" else "b"',
        "{a: rounds, b: a + 1}.b > 1",
        "count(goals) = rounds",
        "not(flag) and is defined(route)",
        "goals[1].weight in [1..3]",
    ],
)
def test_sound_expression_has_no_findings(source: str) -> None:
    assert infer(compile_expression(source), DECLARED) == []


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("rout = 1", "There is no variable `rout`"),
        ("count(gaols) > 1", "There is no variable `gaols`"),
        ('route = "asess"', '`route` is never "asess"; it is one of "assess", "refer", null.'),
        ('"asess" = route', '`route` is never "asess"'),
        ('route != "asess"', '`route` is never "asess"'),
        ('route in ("assess", "asess")', '`route` is never "asess"'),
        ('route in ["asess"]', '`route` is never "asess"'),
        ('goals[status = "done"]', '`status` is never "done"'),
        ('some g in goals satisfies g.status = "done"', '`g.status` is never "done"'),
        ('goals[1].status = "done"', 'is never "done"'),
        ("route = 3", "`route` is a string and is compared with `3`, a number."),
        ("rounds < due", "`rounds` is a number and is compared with `due`, a string."),
        ("due < today()", "`due` is a string and is compared with `today(...)`, a date."),
        ("flag < true", "has no order"),
        ("rounds in [due..5]", "`rounds` is a number and is compared with `due`, a string."),
        ("rounds between 1 and due", "compared with `due`"),
        ("rounds + due", "`+` does not work on `rounds`, a number, and `due`, a string."),
        ("day + 1", "`+` does not work on `day`, a date, and `1`, a number."),
        ("-due", "the minus sign needs a number"),
        ("rounds and flag", "`rounds` is a number, but a condition needs a boolean."),
        ("if rounds then 1 else 2", "a condition needs a boolean"),
        ("plan.verion = 1", "`plan` has no entry `verion`."),
        ("goals.stats", "`goals` has no entry `stats`."),
        ("rounds.size", "`rounds` is a number and has no entry `size`."),
        ("contains(rounds, due)", "needs a string, but `rounds` is a number."),
        ('date("2026-02-30")', "this is not a date"),
        ('duration("3 months")', "this is not a duration"),
        ("some g in rounds satisfies g = 1", "a list is needed"),
    ],
)
def test_mistake_is_a_sentence(source: str, part: str) -> None:
    found = infer(compile_expression(source), DECLARED)
    assert len(found) == 1
    assert part in found[0]
    assert found[0].endswith(".")


def test_cell_is_checked_against_its_column() -> None:
    closed = FeelType("string", ("a", "b"))
    assert infer(compile_unary_tests('"a", "b"'), {}, closed) == []
    assert "is never" in infer(compile_unary_tests('"a", "c"'), {}, closed)[0]
    assert "compared with" in infer(compile_unary_tests("> 3"), {}, closed)[0]
    assert (
        infer(compile_unary_tests('? = "a" or flag'), {"flag": FeelType("boolean")}, closed) == []
    )


def test_script_declares_what_it_sets() -> None:
    assert infer(compile_assignments('a = 1\nb = a + 1\nroute = "x"'), DECLARED) == []
    assert infer(compile_assignments("a = b\nb = 1"), DECLARED)[0].startswith("There is no")
    assert "does not work" in infer(compile_assignments('a = "x"\nb = a - 1'), DECLARED)[0]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("rounds > 1", "boolean"),
        ("rounds + 1", "number"),
        ("something + 1", "any"),
        ("day - day", "duration"),
        ('day + duration("P1D")', "date"),
        ("[1, 2]", "list"),
        ("goals[1]", "context"),
        ("goals.weight", "list"),
        ('if flag then "a" else "b"', "string"),
        ('if flag then 1 else "b"', "any"),
        ("null", "null"),
        ("{a: 1}", "context"),
    ],
)
def test_result_has_a_kind(source: str, kind: str) -> None:
    assert result_type(compile_expression(source), DECLARED).kind == kind


def test_result_of_a_choice_knows_its_values() -> None:
    found = result_type(compile_expression('if flag then "a" else "b"'), DECLARED)
    assert found.values == ("a", "b")
