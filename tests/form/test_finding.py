"""A form that would break a promise is refused before anybody can be given it."""

import json
from typing import Any

import pytest

from engine.errors import InputError
from engine.form import findings, parse_form
from tests.form.support import RICH, make

FIELD = {"type": "textfield", "key": "name", "label": "Name"}


def told(*components: dict[str, Any]) -> str:
    return "\n".join(str(finding) for finding in findings(make(*components)))


def test_findings_has_none_for_a_good_form() -> None:
    assert findings(parse_form(RICH, file="assess_signal.form")) == []


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"type": "html", "content": "<b>"}, "component `html` is not supported"),
    ({"type": ["x"]}, "is not supported"),
    ({**FIELD, "properties": {"class": "secret"}}, "has no class"),
    ({**FIELD, "properties": {"class": "process"}}, "free text and files cannot enter"),
    ({**FIELD, "key": "typename"}, "`typename` is reserved"),
    ({**FIELD, "key": "data_objects"}, "`data_objects` is reserved"),
    ({**FIELD, "key": "__class__"}, "`__class__` is reserved"),
    ({**FIELD, "key": "csrf_token"}, "`csrf_token` is reserved"),
    ({**FIELD, "key": "a.b"}, "not a plain name"),
    ({**FIELD, "key": ""}, "has no key"),
    ({**FIELD, "label": " "}, "has no label"),
    ({**FIELD, "label": "=name"}, "plain text here"),
    ({**FIELD, "properties": {"class": "case", "clas": "x"}}, "unknown property clas"),
    ({**FIELD, "conditional": {"hide": "=a +"}}, "condition:"),
    ({**FIELD, "conditional": {"hide": "a = 1"}}, "is not an expression"),
    ({**FIELD, "validate": {"pattern": "(?=x)"}}, "cannot be run safely"),
    ({**FIELD, "validate": {"pattern": r"(a)\1"}}, "cannot be run safely"),
    ({**FIELD, "validate": {"pattern": "a" * 501}}, "cannot be run safely"),
    ({**FIELD, "validate": {"pattern": "(((a{100}){100}){100})"}}, "cannot be run safely"),
    ({**FIELD, "validate": {"minLength": 5, "maxLength": 4}}, "at least 5 and at most 4"),
    ({**FIELD, "validate": {"maxLength": 5000}}, "at most 1000 are taken"),
    ({**FIELD, "validate": {"required": True}, "disabled": True}, "nobody could answer it"),
    (
        {**FIELD, "validate": {"required": True}, "conditional": {"hide": "=true"}},
        "always hidden",
    ),
    ({"type": "select", "key": "a", "label": "A"}, "has no options"),
    (
        {"type": "select", "key": "a", "label": "A", "properties": {"options": "cats"}},
        "directory `cats` does not exist",
    ),
    ({"type": "radio", "key": "a", "label": "A", "values": ["x", "x"]}, "listed twice"),
    ({"type": "number", "key": "a", "label": "A", "validate": {"min": 3, "max": 1}}, "at least 3"),
    ({"type": "number", "key": "a", "label": "A", "increment": "0"}, "above 0"),
    ({"type": "expression", "key": "a", "label": "A"}, "has no expression"),
    ({"type": "filepicker", "key": "a", "label": "A", "accept": ".exe"}, "no file type"),
    ({"type": "datetime", "key": "a", "label": "A", "subtype": "week"}, "subtype `week`"),
    ({"type": "dynamiclist", "path": "a", "label": "A", "components": []}, "has no fields"),
    ({"type": "group", "label": "G", "path": "g", "components": []}, "remove the path"),
    ({"type": "text", "text": "{{name}}"}, "text is plain here"),
]


@pytest.mark.parametrize(("component", "words"), BROKEN)
def test_findings_names(component: dict[str, Any], words: str) -> None:
    assert words in told(dict(component))


def test_findings_names_a_key_used_twice_also_across_groups() -> None:
    group = {"type": "group", "label": "G", "components": [dict(FIELD)]}
    assert "`name` is used twice" in told(dict(FIELD), group)


def test_findings_keeps_rows_out_of_the_process() -> None:
    field = {"type": "number", "key": "n", "label": "N", "properties": {"class": "process"}}
    rows = {"type": "dynamiclist", "path": "list", "label": "L", "components": [field]}
    assert "field in rows cannot enter the process" in told(rows)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"[]", "no list of components"),
        (b'{"id": "a"}', "no list of components"),
        (b'{"components": []}', "no id"),
        (b" " * 500_001, "larger than 500 kB"),
        (json.dumps({"id": "a", "components": [{"type": "text"}] * 301}).encode(), "more than 300"),
    ],
)
def test_parse_form_refuses(content: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        parse_form(content, file="a.form")


def test_parse_form_refuses_deep_nesting() -> None:
    inner: dict[str, Any] = {"type": "group", "components": []}
    for _ in range(10):
        inner = {"type": "group", "components": [inner]}
    with pytest.raises(InputError, match="nested deeper"):
        parse_form(json.dumps({"id": "a", "components": [inner]}).encode(), file="a.form")


def test_fields_tell_what_other_parts_need() -> None:
    fields = {field.path: field for field in parse_form(RICH).fields()}
    assert fields["gaps.outcome"].in_rows
    assert fields["gaps.outcome"].allowed == ("open", "asked")
    assert fields["second_reader"].directory == "people"
    assert fields["reliability"].field_class == "process"
    assert fields["reliability"].required
    assert "gap_count" in parse_form(RICH).field_keys("process")
