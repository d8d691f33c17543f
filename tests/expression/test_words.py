"""Checks that expressions read as plain English in reports of what changed."""

import pytest

from engine.expression import compile_expression, compile_unary_tests, describe


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('route = "unfounded" and rounds >= 3', 'route is "unfounded" and rounds is at least 3'),
        ("a != 1 or b < 2", "a is not 1 or b is less than 2"),
        ("(a > 1 or b <= 2) and c", "(a is more than 1 or b is at most 2) and c"),
        ("a = null", "a is not given"),
        ("a != null", "a is given"),
        ("flag = true", "flag is true"),
        ("not(flag)", "not (flag)"),
        ('route in ("a", "b")', 'route is one of "a", "b"'),
        ('route in ["a", "b"]', 'route is one of "a", "b"'),
        ("n in [1..3]", "n is from 1 to 3"),
        ("n in (1..3]", "n is more than 1 and at most 3"),
        ("n in [1..3)", "n is at least 1 and less than 3"),
        ("n in > 3", "n is more than 3"),
        ("n between 1 and 3", "n is from 1 to 3"),
        ("plan.version > 1", "plan.version is more than 1"),
        ("goals[1].status", "the status of item 1 of goals"),
        ('count(goals[status = "open"])', 'the number of those of goals where status is "open"'),
        ("some g in goals satisfies g.late", "for at least one g of goals: g.late"),
        ("every g in goals satisfies g.late", "for every g of goals: g.late"),
        ("for i in 1..3 return i * 2", "for each i of 1 to 3: i times 2"),
        ('if a then "x" else "y"', '"x" if a, otherwise "y"'),
        ('date("2026-01-31") + duration("P3M")', "2026-01-31 plus 3 months"),
        ('today() > date(due) - @"P1Y"', "today is more than due minus 1 year"),
        ('duration("P14D")', "14 days"),
        ('contains(name, "a")', 'name contains "a"'),
        ("is defined(a)", "a is given"),
        ("-a", "minus a"),
        ("{a: 1, b: [1, 2]}", "{a: 1, b: the list of 1 or 2}"),
        ("[]", "the empty list"),
        ("upper case(a)", "upper case of a"),
    ],
)
def test_expression_reads_as_english(source: str, words: str) -> None:
    assert describe(compile_expression(source).tree) == words


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("-", "is anything"),
        ('"a"', 'is "a"'),
        ('"a", "b"', 'is one of "a", "b"'),
        ('not("a")', 'is not "a"'),
        ('not("a", "b")', 'is not one of "a", "b"'),
        ("> 3, null", "is more than 3 or is not given"),
        ("[1..3]", "is from 1 to 3"),
        ("? > 3 and ? < 9", "fulfils: the value is more than 3 and the value is less than 9"),
    ],
)
def test_cell_reads_as_english(source: str, words: str) -> None:
    assert describe(compile_unary_tests(source).tree) == words
