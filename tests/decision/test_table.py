"""Evaluates tables as the editors write them, under every hit policy."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from engine.decision import parse_decision
from engine.decision.notation import NAMESPACES
from engine.errors import DecisionError, XmlError
from tests.decision.support import draw, table

MODELER = (Path(__file__).parent / "modeler.dmn").read_bytes()
NUMBER = [("n", "number")]
TEXT = [("found", "string")]


def test_table_of_the_modeler_is_read_with_its_annotations() -> None:
    found = parse_decision(MODELER, file="propose_route.dmn")
    assert (found.id, found.name, found.hit_policy) == ("propose_route", "Propose route", "FIRST")
    assert found.inputs[0].column.label == "Source of the signal"
    assert found.annotations == ("Why",)
    assert found.rules[0].annotations == ("Few concerns are looked at first",)
    assert found.rules[0].description == "Concerns from school"
    assert found.names == {"source", "concerns", "received"}
    assert found.findings() == []


@pytest.mark.parametrize(
    ("context", "outputs"),
    [
        (
            {"source": "school", "concerns": ["a"], "received": "2026-01-31"},
            {"route": "assess", "due": "2026-02-28"},
        ),
        (
            {"source": "police", "concerns": ["a"], "received": "2026-01-31"},
            {"route": "refer", "due": None},
        ),
        (
            {"source": "school", "concerns": [], "received": "2026-01-31"},
            {"route": "unfounded", "due": None},
        ),
        (
            {"source": "school", "concerns": ["a"], "received": "2025-01-31"},
            {"route": "unfounded", "due": None},
        ),
    ],
)
def test_table_of_the_modeler_decides(context: dict[str, Any], outputs: dict[str, Any]) -> None:
    assert parse_decision(MODELER).evaluate(context) == outputs


def test_value_that_a_column_does_not_allow_is_an_error() -> None:
    context = {"source": "neighbour", "concerns": [], "received": "2026-01-31"}
    with pytest.raises(DecisionError, match="Source of the signal: the value is none of"):
        parse_decision(MODELER).evaluate(context)


@pytest.mark.parametrize("namespace", sorted(NAMESPACES))
def test_every_version_of_the_format_is_read(namespace: str) -> None:
    content = draw(NUMBER, TEXT, [["1", '"one"']], namespace=namespace)
    assert parse_decision(content).evaluate({"n": 1}) == {"found": "one"}


def test_unique_gives_the_one_rule() -> None:
    found = table(NUMBER, TEXT, [["< 3", '"few"'], [">= 3", '"many"']])
    assert found.evaluate({"n": 2}) == {"found": "few"}
    assert found.evaluate({"n": 3}) == {"found": "many"}


def test_unique_refuses_two_rules_at_once() -> None:
    found = table(NUMBER, TEXT, [["<= 3", '"few"'], [">= 3", '"many"']])
    with pytest.raises(DecisionError, match="rows 1, 2 match at once"):
        found.evaluate({"n": 3})


@pytest.mark.parametrize("policy", ["UNIQUE", "FIRST", "ANY", "RULE ORDER"])
def test_no_match_is_an_error(policy: str) -> None:
    found = table(NUMBER, TEXT, [["< 3", '"few"']], policy=policy)
    with pytest.raises(DecisionError, match="no rule matches"):
        found.evaluate({"n": 9})


def test_no_match_gives_the_default_output() -> None:
    found = table(
        NUMBER,
        [("found", "string"), ("more", "number")],
        [["< 3", '"few"', "1"]],
        defaults={"found": '"none"'},
    )
    assert found.evaluate({"n": 9}) == {"found": "none", "more": None}


def test_a_missing_input_matches_only_what_asks_for_it() -> None:
    found = table(NUMBER, TEXT, [["null", '"missing"'], ["-", '"given"']], policy="FIRST")
    assert found.evaluate({}) == {"found": "missing"}
    assert found.evaluate({"n": 1}) == {"found": "given"}


def test_any_gives_what_the_rules_agree_on() -> None:
    rules = [["<= 3", '"few"'], ["3", '"few"'], ["> 1", '"other"']]
    found = table(NUMBER, TEXT, rules, policy="ANY")
    assert found.evaluate({"n": 1}) == {"found": "few"}
    with pytest.raises(DecisionError, match="different outputs"):
        found.evaluate({"n": 3})


def test_first_gives_the_first_rule() -> None:
    found = table(NUMBER, TEXT, [["<= 3", '"few"'], ["-", '"other"']], policy="FIRST")
    assert found.evaluate({"n": 3}) == {"found": "few"}
    assert found.evaluate({"n": 4}) == {"found": "other"}


def test_priority_gives_the_most_important_output() -> None:
    found = table(
        NUMBER,
        TEXT,
        [["> 0", '"low"'], ["> 5", '"high"'], ["> 2", '"middle"']],
        policy="PRIORITY",
        values={"found": '"high","middle","low"'},
    )
    assert found.evaluate({"n": 9}) == {"found": "high"}
    assert found.evaluate({"n": 3}) == {"found": "middle"}
    assert found.evaluate({"n": 1}) == {"found": "low"}


def test_rule_order_gives_lists_in_the_order_of_the_rules() -> None:
    found = table(NUMBER, TEXT, [["> 0", '"a"'], ["> 5", '"b"']], policy="RULE ORDER")
    assert found.evaluate({"n": 9}) == {"found": ["a", "b"]}


@pytest.mark.parametrize(
    ("aggregation", "n", "expected"),
    [
        ("", 9, [1, 5, 2.5]),
        ("", 0, []),
        ("SUM", 9, 8.5),
        ("SUM", 0, 0),
        ("COUNT", 9, 3),
        ("COUNT", 0, 0),
        ("MIN", 9, 1),
        ("MAX", 9, 5),
        ("MAX", 0, None),
    ],
)
def test_collect_gives_all_or_their_aggregate(aggregation: str, n: int, expected: Any) -> None:
    found = table(
        NUMBER,
        [("points", "number")],
        [["> 0", "1"], ["> 5", "5"], ["> 2", "2.5"]],
        policy="COLLECT",
        aggregation=aggregation,
    )
    assert found.evaluate({"n": n}) == {"points": expected}


def test_sum_refuses_outputs_that_are_no_numbers() -> None:
    found = table(NUMBER, TEXT, [["-", '"a"']], policy="COLLECT", aggregation="SUM")
    with pytest.raises(DecisionError, match="SUM needs outputs that are numbers"):
        found.evaluate({"n": 1})


def test_outputs_see_the_variables_and_today() -> None:
    found = table(
        NUMBER, [("due", "date"), ("twice", "number")], [["-", 'today() + @"P3M"', "n * 2"]]
    )
    now = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert found.evaluate({"n": 2}, now=now) == {"due": "2027-02-28", "twice": 4}


def test_output_outside_its_values_is_an_error() -> None:
    found = table(NUMBER, TEXT, [["-", "word"]], values={"found": '"a","b"'})
    assert found.evaluate({"n": 1, "word": "a"}) == {"found": "a"}
    with pytest.raises(DecisionError, match="none of"):
        found.evaluate({"n": 1, "word": "c"})


def test_cell_that_fails_is_named_by_row_and_column() -> None:
    found = table(NUMBER, TEXT, [['> "a"', '"x"']])
    with pytest.raises(DecisionError, match=r"row 1, column n: .*ordered"):
        found.evaluate({"n": 1})


def _replaced(old: str, new: str) -> bytes:
    content = draw(NUMBER, TEXT, [["1", '"one"']]).decode()
    assert old in content
    return content.replace(old, new).encode()


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"<html/>", "not a DMN"),
        (b'<definitions xmlns="https://example.org/"/>', "not a DMN"),
        (_replaced("</definitions>", '<decision id="b"/></definitions>'), "2 decisions"),
        (_replaced('<decision id="propose_route"', "<decision"), "no id"),
        (_replaced('hitPolicy="UNIQUE"', 'hitPolicy="OUTPUT ORDER"'), "OUTPUT ORDER"),
        (_replaced('hitPolicy="UNIQUE"', 'hitPolicy="UNIQUE" aggregation="SUM"'), "COLLECT"),
        (_replaced('hitPolicy="UNIQUE"', 'hitPolicy="PRIORITY"'), "PRIORITY needs"),
        (_replaced('name="found"', 'name="not a name"'), "output name"),
        (_replaced('name="found"', 'name="in"'), "output name"),
        (_replaced("<text>n</text>", "<text></text>"), "no expression"),
        (_replaced("<text>n</text>", "<text>n +</text>"), "ends too early"),
        (_replaced('typeRef="number"', 'typeRef="money"'), "type money"),
        (
            _replaced('<inputEntry id="cell_1_0"><text>1</text></inputEntry>', ""),
            "not one cell for each column",
        ),
        (
            _replaced("<inputEntry id", '<inputEntry expressionLanguage="juel" id'),
            "write FEEL",
        ),
        (
            _replaced(
                "<decisionTable",
                "<informationRequirement><requiredDecision href='#a'/></informationRequirement>"
                "<decisionTable",
            ),
            "another decision",
        ),
        (
            _replaced("</definitions>", '<businessKnowledgeModel id="b"/></definitions>'),
            "business knowledge",
        ),
    ],
)
def test_file_that_is_not_one_table_is_refused_by_name(content: bytes, part: str) -> None:
    with pytest.raises(DecisionError, match=part) as caught:
        parse_decision(content, file="route.dmn")
    assert str(caught.value).startswith("route.dmn: ")


def test_literal_expression_is_refused_by_name() -> None:
    content = draw(NUMBER, TEXT, [["1", '"one"']]).decode()
    start, end = content.index("<decisionTable"), content.index("</decision>")
    other = "<literalExpression><text>1</text></literalExpression>"
    with pytest.raises(DecisionError, match="literal expression; write it as"):
        parse_decision((content[:start] + other + content[end:]).encode())


def test_two_outputs_of_one_name_are_refused() -> None:
    with pytest.raises(DecisionError, match="same name"):
        table(NUMBER, [("a", "string"), ("a", "string")], [["1", "1", "1"]])


def test_hostile_xml_is_refused() -> None:
    with pytest.raises(XmlError, match="DOCTYPE"):
        parse_decision(b'<!DOCTYPE a [<!ENTITY b "c">]><definitions/>')
