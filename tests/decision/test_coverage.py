"""Checks that overlaps, gaps and unreachable rules are found, against brute force."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.decision import DecisionTable
from engine.errors import DecisionError
from tests.decision.support import table

LETTERS = ("a", "b", "c")
NUMBERS = tuple(range(-1, 7))
FLAGS = (True, False)

letter_cells = st.sampled_from(
    ["-", '"a"', '"b"', '"c"', '"a", "b"', 'not("a")', 'not("b", "c")', '= "c"', '!= "b"', ""]
)
number_cells = st.sampled_from(
    [
        "-",
        "0",
        "3",
        "5",
        "< 3",
        "<= 3",
        "> 3",
        ">= 3",
        "[1..3]",
        "(1..3)",
        "[3..5)",
        "]3..5]",
        "< 1, > 4",
        "not(2)",
        "not([0..2])",
        "1, 2, 3",
        "!= 4",
    ]
)
flag_cells = st.sampled_from(["-", "true", "false", "not(true)", "true, false"])
cells = st.tuples(letter_cells, number_cells, flag_cells)
POINTS = list(product(LETTERS, NUMBERS, FLAGS))


def _table(rows: list[tuple[str, str, str]], policy: str) -> DecisionTable:
    return table(
        [("letter", "string"), ("n", "integer"), ("flag", "boolean")],
        [("row", "number")],
        [[*row, str(number)] for number, row in enumerate(rows, start=1)],
        policy=policy,
        values={"letter": '"a","b","c"'},
    )


def _matches(rows: list[tuple[str, str, str]]) -> list[list[int]]:
    """Return the numbers of the rows that match at each point."""
    collected = _table(rows, "COLLECT")
    found = []
    for letter, number, flag in POINTS:
        context = {"letter": letter, "n": number, "flag": flag}
        found.append(collected.evaluate(context)["row"])
    return found


@settings(max_examples=60, deadline=None)
@given(st.lists(cells, min_size=1, max_size=5))
def test_overlaps_of_a_unique_table_are_those_of_brute_force(
    rows: list[tuple[str, str, str]],
) -> None:
    expected = {
        (f"rule_{one}", f"rule_{other}")
        for found in _matches(rows)
        for one in found
        for other in found
        if one < other
    }
    findings = _table(rows, "UNIQUE").findings()
    assert {finding.rule_ids for finding in findings if len(finding.rule_ids) == 2} == expected


@settings(max_examples=60, deadline=None)
@given(st.lists(cells, min_size=1, max_size=6))
def test_gap_is_reported_exactly_when_some_input_is_not_covered(
    rows: list[tuple[str, str, str]],
) -> None:
    has_gap = any(not found for found in _matches(rows))
    findings = _table(rows, "FIRST").findings()
    gaps = [finding for finding in findings if "No row matches" in finding.message]
    assert bool(gaps) == has_gap


@settings(max_examples=60, deadline=None)
@given(st.lists(cells, min_size=1, max_size=6))
def test_unreached_rule_is_one_that_is_never_first(rows: list[tuple[str, str, str]]) -> None:
    matches = _matches(rows)
    first = {found[0] for found in matches if found}
    never = {f"rule_{number}" for number in range(1, len(rows) + 1)} - {f"rule_{n}" for n in first}
    findings = _table(rows, "FIRST").findings()
    reported = {
        finding.rule_ids[0]
        for finding in findings
        if "never reached" in finding.message or "never matches" in finding.message
    }
    assert reported == never


@settings(max_examples=40, deadline=None)
@given(st.lists(cells, min_size=1, max_size=5))
def test_table_without_findings_never_fails(rows: list[tuple[str, str, str]]) -> None:
    found = _table(rows, "UNIQUE")
    failed = False
    for letter, number, flag in POINTS:
        try:
            found.evaluate({"letter": letter, "n": number, "flag": flag})
        except DecisionError:
            failed = True
    broken = [f for f in found.findings() if "never matches" not in f.message]
    assert bool(broken) == failed


def _messages(*args: Any, **kwargs: Any) -> list[str]:
    return [finding.message for finding in table(*args, **kwargs).findings()]


NUMBER = [("n", "number")]
TEXT = [("found", "string")]


def test_overlap_names_both_rows_and_an_example() -> None:
    messages = _messages(NUMBER, TEXT, [["<= 3", '"few"'], [">= 3", '"many"']])
    mend = "make them exclude each other or choose the hit policy FIRST."
    assert messages == [f"Rows 1 and 2 both match n = 3; {mend}"]


def test_gap_between_numbers_is_found() -> None:
    messages = _messages(NUMBER, TEXT, [["< 3", '"few"'], ["> 3", '"many"']])
    assert messages == ["No row matches n = 3; add a row or a default output."]
    assert _messages(NUMBER, TEXT, [["<= 3", '"a"'], ["[4..9]", '"b"'], ["> 9", '"c"']]) == [
        "No row matches n = 3.5; add a row or a default output."
    ]


def test_whole_numbers_have_no_gap_between_them() -> None:
    rules = [["<= 3", '"a"'], ["[4..9]", '"b"'], ["> 9", '"c"']]
    assert _messages([("n", "integer")], TEXT, rules) == []


def test_default_output_fills_gaps() -> None:
    assert _messages(NUMBER, TEXT, [["1", '"one"']], defaults={"found": '"other"'}) == []
    assert _messages(NUMBER, TEXT, [["1", '"one"']], policy="COLLECT") == []


def test_dates_are_compared() -> None:
    rules = [['< date("2026-01-01")', '"old"'], ['> date("2026-01-01")', '"new"']]
    assert _messages([("day", "date")], TEXT, rules) == [
        "No row matches day = 2026-01-01; add a row or a default output."
    ]


def test_allowed_range_bounds_the_question() -> None:
    rules = [["< 3", '"few"'], [">= 3", '"many"']]
    assert _messages(NUMBER, TEXT, rules, values={"n": "[0..10]"}) == []
    assert _messages(NUMBER, TEXT, [["< 3", '"few"'], ["[3..8]", '"b"']], values={"n": "[0..10]"})


def test_open_texts_are_not_said_to_be_complete_or_not() -> None:
    assert _messages([("word", "string")], TEXT, [['"a"', '"x"'], ['"b"', '"y"']]) == []
    overlap = _messages([("word", "string")], TEXT, [['not("a")', '"x"'], ['not("b")', '"y"']])
    assert overlap[0].startswith("Rows 1 and 2 both match word = (any other text)")


def test_any_allows_overlaps_with_equal_outputs() -> None:
    equal = [["<= 3", '"a"'], [">= 3", '"a"']]
    other = [["<= 3", '"a"'], [">= 3", '"b"']]
    assert _messages(NUMBER, TEXT, equal, policy="ANY") == []
    assert "same outputs" in _messages(NUMBER, TEXT, other, policy="ANY")[0]


@pytest.mark.parametrize(
    ("cells", "part"),
    [
        (["> > 3", '"a"'], "Row 1, column n: In the expression `> > 3` at position 3"),
        (["'a'", '"a"'], "double quotes"),
        (["1", "'a'"], "Row 1, column found"),
        (['"one"', '"a"'], "Row 1, column n: holds a string, but the column is a number"),
        (["1", "5"], "Row 1, column found: holds a number, but the column is a string"),
        (["1", '"z"'], 'gives "z", which is none of'),
    ],
)
def test_bad_cell_is_named_by_row_and_column(cells: list[str], part: str) -> None:
    messages = _messages(NUMBER, TEXT, [cells], values={"found": '"a","b"'})
    assert len(messages) == 1
    assert part in messages[0]


def test_decimals_in_a_column_of_whole_numbers_are_found() -> None:
    assert "whole numbers" in _messages([("n", "integer")], TEXT, [["> 1.5", '"a"']])[0]


def test_row_outside_the_allowed_values_is_found() -> None:
    messages = _messages(
        [("word", "string")], TEXT, [['"c"', '"x"'], ["-", '"y"']], values={"word": '"a","b"'}
    )
    assert messages == ["Row 1, column word: never matches any value the column can have."]


def test_cells_with_variables_are_left_out_of_the_comparison() -> None:
    rules = [["> limit", '"a"'], ["<= limit", '"b"'], ["< 3", '"c"']]
    assert _messages(NUMBER, TEXT, rules) == []


def test_table_without_rules_is_found() -> None:
    assert _messages(NUMBER, TEXT, []) == ["The table has no rule; add one."]


def test_large_table_is_checked_in_bounded_work() -> None:
    rules = [[f"{n}", f"> {n}", f"< {n}", "-", f"not({n})", '"x"'] for n in range(80)]
    inputs = [(name, "integer") for name in "abcde"]
    findings = table(inputs, TEXT, rules, policy="FIRST").findings()
    assert findings
