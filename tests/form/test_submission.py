"""Answers are checked on the server, all errors at once, and split by where they may go."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from engine.form import Upload, change_rows, fill, parse_form, submit
from engine.form.formula import Moment
from tests.form.support import NOW, RICH, ZONE, Desk, codes, make, send, start

FORM = parse_form(RICH, file="assess_signal.form")
GOOD: dict[str, Any] = {
    "reliability": "reliable",
    "seen_on": "2027-03-02",
    "areas": ["school"],
    "second_reader": "p2",
    "gaps": [{"question": "Does the club know?", "outcome": "asked", "until": "2027-04-01"}],
    "four_eyes": True,
}

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["doubtful", "asked", "p1", "2027-03-02", "1e99", "-", "\x00", "\u202e"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["question", "outcome", "until", "x"]), inner, max_size=4)
    ),
    max_leaves=8,
)
keys = st.sampled_from([field.key for field in FORM.fields() if not field.in_rows] + ["x", "-", ""])
names = keys | st.sampled_from(["gaps-rows", "gaps-0-question", "gaps-0-outcome", "gaps-1-until"])


def test_submit_splits_answers_by_class() -> None:
    done = send(FORM, GOOD, initial={"case_code": "KT-1"})
    assert done.errors == []
    assert done.process == {
        "reliability": "reliable",
        "seen_on": "2027-03-02",
        "witnesses": None,
        "partners": [],
        "second_reader": "p2",
        "gap_count": 1,
        "four_eyes": True,
    }
    assert done.case["gaps"] == GOOD["gaps"]
    assert done.case["case_code"] == "KT-1"
    assert "doubt" in done.hidden


def test_submit_reports_every_error_at_once_in_page_order() -> None:
    done = send(FORM, {"reliability": "doubtful", "doubt": "no", "witnesses": "many"})
    assert codes(done) == [
        ("doubt", "min_length"),
        ("seen_on", "required_date"),
        ("witnesses", "integer"),
        ("areas", "required_choices"),
        ("second_reader", "required_choice"),
        ("gaps-0-question", "required_text"),
        ("gaps-0-outcome", "required_choice"),
        ("four_eyes", "required_tick"),
    ]
    assert done.errors[5].label == "Gap 1, What is the question?"


@given(st.dictionaries(keys, anything, max_size=8))
def test_submit_never_raises_for_any_values(raw: dict[str, Any]) -> None:
    done = send(FORM, raw)
    json.dumps(done.values, allow_nan=False)
    assert set(done.process) | set(done.case) == set(done.values)
    assert not set(done.values) & done.hidden


@given(st.lists(st.tuples(names, st.text(max_size=12)), max_size=20))
def test_submit_never_raises_for_any_html_form(pairs: list[tuple[str, str]]) -> None:
    done = send(FORM, MultiDict(pairs))
    json.dumps(done.values, allow_nan=False)


@given(st.text(max_size=30), st.sampled_from(["reliable", "unclear", None]))
def test_submit_never_takes_a_hidden_answer(doubt: str, reliability: str | None) -> None:
    done = send(FORM, GOOD | {"reliability": reliability, "doubt": doubt})
    assert "doubt" not in done.values
    assert all(error.path != "doubt" for error in done.errors)


BAD: list[tuple[dict[str, Any], Any, str]] = [
    ({"type": "textfield"}, "a\x00b", "characters"),
    ({"type": "textfield"}, "a\u202eb", "characters"),
    ({"type": "textfield"}, "a" * 1001, "too_long"),
    ({"type": "textarea"}, "a" * 10_001, "too_long"),
    ({"type": "textarea"}, "a" * 3_000_000, "too_long"),
    ({"type": "textfield"}, ["a"], "text"),
    ({"type": "number"}, "12a", "number"),
    ({"type": "number"}, "NaN", "number"),
    ({"type": "number"}, float("inf"), "number"),
    ({"type": "number"}, True, "number"),
    ({"type": "number"}, "1" * 400, "number_too_long"),
    ({"type": "number", "decimalDigits": 0}, "1.5", "integer"),
    ({"type": "number", "decimalDigits": 1}, "1.55", "decimals"),
    ({"type": "number", "increment": "0.5"}, "0.7", "increment"),
    ({"type": "number", "validate": {"min": 3}}, 2, "minimum"),
    ({"type": "number", "validate": {"max": "=limit"}}, 9, "maximum"),
    ({"type": "textfield", "validate": {"pattern": "^[0-9]+$"}}, "x", "pattern"),
    ({"type": "textfield", "validate": {"validationType": "email"}}, "a@", "email"),
    ({"type": "textfield", "validate": {"validationType": "phone"}}, "0032", "phone"),
    ({"type": "checkbox"}, "perhaps", "option"),
    ({"type": "select", "values": [{"value": "a", "label": "A"}]}, "b", "option"),
    ({"type": "select", "properties": {"options": "people"}}, "p9", "option"),
    ({"type": "checklist", "values": [{"value": "a", "label": "A"}]}, ["a", "b"], "option"),
    ({"type": "datetime"}, "2027-02-30", "date"),
    ({"type": "datetime"}, "31.03.2027", "date"),
    ({"type": "datetime"}, "0001-01-01", "year"),
    ({"type": "datetime", "disallowPassedDates": True}, "2027-03-30", "past"),
    ({"type": "datetime", "properties": {"latest": "=today()"}}, "2027-04-01", "latest"),
    ({"type": "datetime", "properties": {"earliest": "2027-01-01"}}, "2026-12-31", "earliest"),
    ({"type": "datetime", "subtype": "time"}, "25:00", "time"),
    ({"type": "datetime", "subtype": "datetime"}, "2027-03-28T02:30", "gap"),
    ({"type": "filepicker"}, [Upload("run.exe", b"MZ")], "file_type"),
    ({"type": "filepicker"}, [Upload("plan.pdf", b"<html>")], "file_content"),
    ({"type": "filepicker"}, [Upload("a.txt", b"a"), Upload("b.txt", b"b")], "file_count"),
    ({"type": "filepicker"}, [Upload("a.txt", b"a" * 10_000_001)], "file_size"),
    ({"type": "filepicker", "validate": {"required": True}}, [], "required_file"),
]


@pytest.mark.parametrize(("component", "value", "code"), BAD)
def test_submit_refuses(component: dict[str, Any], value: Any, code: str) -> None:
    form = make({"key": "answer", "label": "Answer", **component})
    done = send(form, {"answer": value}, context={"limit": 5})
    assert codes(done) == [("answer", code)]


TAKEN: list[tuple[dict[str, Any], Any, Any]] = [
    ({"type": "textfield"}, "  cafe\u0301 ", "café"),
    ({"type": "textfield"}, "two\r\nlines", "two lines"),
    ({"type": "textarea"}, "two\r\nlines", "two\nlines"),
    ({"type": "number"}, "12,50", 12.5),
    ({"type": "number"}, "12.0", 12),
    ({"type": "number"}, "", None),
    ({"type": "number", "serializeToString": True}, "12.50", "12.50"),
    ({"type": "select", "values": [{"value": 2, "label": "Two"}]}, "2", 2),
    ({"type": "checkbox"}, "true", True),
    ({"type": "datetime", "subtype": "datetime"}, "2027-03-31T14:05", "2027-03-31T12:05:00+00:00"),
    ({"type": "checklist", "values": [{"value": "a", "label": "A"}]}, ["a", "a"], ["a"]),
]


@pytest.mark.parametrize(("component", "value", "kept"), TAKEN)
def test_submit_keeps(component: dict[str, Any], value: Any, kept: Any) -> None:
    done = send(make({"key": "answer", "label": "Answer", **component}), {"answer": value})
    assert done.errors == []
    assert done.values == {"answer": kept}
    assert type(done.values["answer"]) is type(kept)


def test_submit_refuses_names_that_no_field_has() -> None:
    form = make({"type": "textfield", "key": "name", "label": "Name"})
    done = send(form, MultiDict({"name": "x", "role": "admin", "csrf_token": "t", "_page": "1"}))
    assert codes(done) == [("role", "unexpected")]
    assert done.values == {"name": "x"}


def test_submit_ignores_answers_to_read_only_fields() -> None:
    form = make(
        {"type": "textfield", "key": "a", "label": "A", "readonly": True},
        {"type": "textfield", "key": "b", "label": "B", "readonly": "=sealed"},
        {"type": "textfield", "key": "c", "label": "C", "disabled": True},
    )
    started = {"a": "old", "b": "old", "c": "old"}
    posted = {"a": "new", "b": "new", "c": "new"}
    assert send(form, posted, initial=started, context={"sealed": True}).values == {
        "a": "old",
        "b": "old",
    }
    assert send(form, posted, initial=started, context={"sealed": False}).values["b"] == "new"


def test_submit_computes_expressions_itself() -> None:
    form = make(
        {"type": "number", "key": "a", "label": "A"},
        {"type": "expression", "key": "twice", "label": "T", "expression": "=a * 2"},
        {"type": "expression", "key": "more", "label": "M", "expression": "=twice + 1"},
    )
    done = send(form, {"a": "4", "twice": "1000"})
    assert done.values == {"a": 4, "twice": 8, "more": 9}


def test_submit_hides_a_field_whose_condition_has_no_value() -> None:
    hidden = {"type": "textfield", "key": "b", "label": "B", "validate": {"required": True}}
    form = make(
        {"type": "number", "key": "a", "label": "A"},
        hidden | {"conditional": {"hide": "=a > 3"}},
    )
    assert send(form, {"a": None}).values == {"a": None}
    assert codes(send(form, {"a": 1})) == [("b", "required_text")]


def test_submit_sees_the_initial_value_of_a_hidden_field() -> None:
    form = make(
        {"type": "textfield", "key": "a", "label": "A", "conditional": {"hide": "=closed"}},
        {"type": "textfield", "key": "b", "label": "B", "conditional": {"hide": '=a = "old"'}},
    )
    posted = {"a": "new", "b": "x"}
    assert send(form, posted, initial={"a": "old"}, context={"closed": True}).values == {}
    assert send(form, posted, initial={"a": "old"}, context={"closed": False}).values == posted


def test_submit_limits_rows() -> None:
    form = make(
        {
            "type": "dynamiclist",
            "path": "goals",
            "label": "Goals",
            "properties": {"minRows": 1, "maxRows": 2},
            "components": [{"type": "textfield", "key": "title", "label": "Title"}],
        }
    )
    assert codes(send(form, {"goals": []})) == [("goals", "min_rows")]
    assert codes(send(form, {"goals": [{"title": "x"}] * 3})) == [("goals", "max_rows")]
    done = send(form, MultiDict({"goals-rows": "999999999", "goals-0-title": "x"}))
    assert codes(done) == [("goals", "max_rows")]


def test_submit_writes_an_empty_list() -> None:
    done = send(FORM, GOOD | {"gaps": [], "partners": []})
    assert done.values["gaps"] == []
    assert done.values["partners"] == []


def test_fill_forgets_a_stored_choice_that_is_no_longer_offered() -> None:
    draft = start(FORM, initial={"second_reader": "p9", "areas": ["school", "gone"]})
    assert draft.state.data["second_reader"] is None
    assert draft.state.data["areas"] == ["school"]
    assert draft.problems == {}


def test_fill_prefills_from_the_process_where_the_form_says_so() -> None:
    component = {
        "type": "radio",
        "key": "route",
        "label": "Route",
        "values": [{"value": "plan", "label": "Plan"}],
        "properties": {"prefill": "=proposed_route"},
    }
    context = {"proposed_route": "plan", "route": "other"}
    assert start(make(component), context=context).state.data == {"route": "plan"}
    assert start(make(component), {"route": None}, context=context).state.data == {"route": None}


def test_change_rows_adds_and_removes_also_inside_rows() -> None:
    inner = {
        "type": "dynamiclist",
        "path": "actions",
        "label": "Actions",
        "defaultRepetitions": 0,
        "components": [{"type": "textfield", "key": "what", "label": "What"}],
    }
    goals = {"type": "dynamiclist", "path": "goals", "label": "Goals", "components": [inner]}
    form = make(goals)
    values: dict[str, Any] = {"goals": [{"actions": []}]}
    moment = Moment(NOW, ZONE)

    def press(action: str) -> bool:
        return change_rows(form, values, action, context={}, moment=moment)

    assert press("add-row:goals-0-actions")
    assert press("add-row:goals")
    assert values == {"goals": [{"actions": [{"what": ""}]}, {"actions": []}]}
    assert press("remove-row:goals:0")
    assert values == {"goals": [{"actions": []}]}
    assert not press("add-row:nowhere")
    assert not press("submit")


def test_submit_takes_the_facts_of_files_and_hands_over_the_files() -> None:
    file = Upload("plan.pdf", b"%PDF-1.7")
    done = send(FORM, GOOD | {"files": [file]})
    assert done.files == {"files": [file]}
    assert done.case["files"] == [file.facts]


def test_submit_runs_hostile_patterns_in_linear_time() -> None:
    rule = {"pattern": "^(a+)+$"}
    form = make({"type": "textfield", "key": "a", "label": "A", "validate": rule})
    assert codes(send(form, {"a": "a" * 900 + "!"})) == [("a", "pattern")]


def test_fill_and_submit_take_the_same_facts() -> None:
    facts: dict[str, Any] = {"context": {}, "directory": Desk(), "now": NOW, "zone": ZONE}
    assert fill(FORM, {}, **facts).state.form is FORM
    assert submit(FORM, {}, **facts).errors
