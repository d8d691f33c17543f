"""A form on a page can be read, filled in and sent by everybody, without scripts."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html
from werkzeug.datastructures import MultiDict

from engine.form import judge, parse_form
from engine.form.encoding import encode
from tests.form.support import (
    RICH,
    ZONE,
    Desk,
    environment,
    make,
    page,
    posted,
    read,
    send,
    start,
)
from webui.answerview import answers_view, shown_value
from webui.formview import text_blocks

FORM = parse_form(RICH, file="assess_signal.form")
EMPTY = {"reliability": "doubtful", "gaps": [{"outcome": "asked"}, {}]}


def tree(values: Any, **given: Any) -> Any:
    draft = start(FORM, values, **given)
    return read(page(draft, judge(draft).errors))


def test_page_labels_every_control() -> None:
    found = tree(EMPTY)
    labelled = {label.get("for") for label in found.iter("label")}
    for control in found.xpath("//input[not(@type='hidden')] | //select | //textarea"):
        assert control.get("id") in labelled


def test_page_has_unique_ids_that_descriptions_point_to() -> None:
    found = tree(EMPTY)
    ids = [element.get("id") for element in found.xpath("//*[@id]")]
    assert len(ids) == len(set(ids))
    for element in found.xpath("//*[@aria-describedby or @aria-labelledby]"):
        for name in ("aria-describedby", "aria-labelledby"):
            assert set((element.get(name) or "").split()) <= set(ids)


def test_page_links_each_error_to_its_control_and_says_it_there() -> None:
    found = tree(EMPTY)
    errors = judge(start(FORM, EMPTY)).errors
    links = found.xpath("//div[@role='alert']//a/@href")
    assert links == [f"#f-{error.path}" for error in errors]
    for error in errors:
        assert found.xpath(f"//*[@id='f-{error.path}']"), error
        (said,) = found.xpath(f"//*[@id='f-{error.path}-error']")
        assert error.message in said.text_content()
        describing = found.xpath(f"//*[contains(@aria-describedby, 'f-{error.path}-error')]")
        assert describing, error


def test_page_marks_required_fields_in_words_and_groups_choices() -> None:
    found = tree({})
    (legend,) = found.xpath("//fieldset[.//input[@name='areas']]/legend")[-1:]
    assert "(required)" in legend.text_content()
    for choice in found.xpath("//input[@type='radio'] | //input[@name='areas']"):
        if choice.get("type") != "hidden":
            assert choice.xpath("ancestor::fieldset/legend")


def test_page_puts_a_button_that_submits_before_those_that_change_rows() -> None:
    first = tree({}).xpath("//form//button")[0]
    assert (first.get("name"), first.get("value")) == ("action", "submit")


def test_page_escapes_what_people_type() -> None:
    source = page(start(FORM, {"place": '"><script>alert(1)</script>'}))
    assert "<script" not in source


def test_page_has_no_inline_style_or_handler() -> None:
    for element in tree(EMPTY).iter():
        assert element.tag not in {"style", "script"}
        assert not [name for name in element.attrib if name == "style" or name.startswith("on")]


def test_page_shows_again_what_could_not_be_read() -> None:
    found = tree({"witnesses": "about 5"})
    assert found.xpath("//input[@name='witnesses']/@value") == ["about 5"]


def test_page_shows_conditional_fields_by_the_answers() -> None:
    assert not tree({}).xpath("//*[@name='doubt']")
    assert tree({"reliability": "doubtful"}).xpath("//*[@name='doubt']")


def test_page_gives_no_control_for_a_read_only_field() -> None:
    found = tree({}, initial={"case_code": "KT-7"})
    assert not found.xpath("//*[@name='case_code']")
    assert "KT-7" in found.text_content()


line = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cf", "Zl", "Zp")), max_size=30
)
gap = st.fixed_dictionaries(
    {"question": line, "outcome": st.sampled_from([None, "open", "asked"])},
    optional={"until": st.dates().map(lambda day: day.isoformat())},
)
answers = st.fixed_dictionaries(
    {
        "reliability": st.sampled_from([None, "reliable", "doubtful"]),
        "doubt": st.lists(line, max_size=3).map("\n".join),
        "seen_on": st.none() | st.dates().map(lambda day: day.isoformat()),
        "place": line,
        "witnesses": st.none() | st.integers(-5, 200) | st.sampled_from([0.5, 12.25]),
        "areas": st.lists(st.sampled_from(["school", "family", "online"]), unique=True).map(sorted),
        "partners": st.lists(st.sampled_from(["police", "youth"]), unique=True).map(sorted),
        "second_reader": st.sampled_from([None, "p1", "p2"]),
        "gaps": st.lists(gap, max_size=3),
        "four_eyes": st.booleans(),
    }
)


@settings(max_examples=60, deadline=None)
@given(answers)
def test_page_sends_back_what_it_shows(values: dict[str, Any]) -> None:
    known = {"case_code": "KT-7"}
    draft = start(FORM, values, initial=known)
    once = judge(draft)
    again = send(FORM, posted(page(draft)), initial=known)
    assert {k: sorted(v) if k == "areas" else v for k, v in again.values.items()} == once.values
    assert [(e.path, e.code) for e in again.errors] == [(e.path, e.code) for e in once.errors]


@settings(max_examples=60, deadline=None)
@given(answers)
def test_encode_carries_answers_through_html_names(values: dict[str, Any]) -> None:
    once = send(FORM, values)
    again = send(FORM, MultiDict(encode(FORM, start(FORM, values).state.data)))
    assert again.values == once.values


def test_answers_tell_not_asked_from_not_known_from_confidential() -> None:
    done = send(FORM, EMPTY | {"seen_on": "2027-03-02", "areas": ["school", "online"]})
    values = {k: v for k, v in done.values.items() if k != "witnesses"}
    told = answers_view(
        FORM,
        values,
        Desk().options,
        zone=ZONE,
        permitted=lambda component: component.key != "email",
    )
    by_label = {answer.label: answer for answer in told}
    assert by_label["How reliable is the source?"].text == "Doubtful"
    assert by_label["When was it noticed?"].text == "March 2, 2027"
    assert by_label["Which areas of life does it touch?"].items == ["School or work", "Online"]
    assert by_label["How many people noticed it?"].state == "not asked"
    assert by_label["What makes the source doubtful?"].state == "no answer"
    assert by_label["E-mail address for questions back"].state == "confidential"
    assert by_label["What we do not know yet"].rows[0][1].text == "Somebody was asked"

    template = environment().from_string(
        '{% from "form/answers.html" import render_answers %}{{ render_answers(answers) }}'
    )
    found: Any = html.fromstring(template.render(answers=told))
    assert found.tag == "dl"
    assert {child.tag for child in found} == {"dt", "dd"}
    assert "not asked" in found.text_content()
    assert "confidential" in found.text_content()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "yes"),
        ([1, 2.5], "1, 2.5"),
        ("2027-03-02", "March 2, 2027"),
        ("2027-99-99", "2027-99-99"),
        ("2027-03-31T12:05:00+00:00", "Mar 31, 2027, 2:05:00\u202fPM"),
        ("plain", "plain"),
        (None, ""),
    ],
)
def test_shown_value_speaks_of_dates_in_local_words(value: Any, text: str) -> None:
    assert shown_value(value, zone=ZONE, locale="en") == text


def test_text_blocks_read_headings_lists_and_strong_words() -> None:
    blocks = text_blocks("## Why\nBecause **this** counts\n\n- one\n- two **")
    assert [block.kind for block in blocks] == ["heading", "paragraph", "list"]
    assert blocks[1].lines == [[("Because ", False), ("this", True), (" counts", False)]]
    assert blocks[2].lines[1] == [("two **", False)]


def test_page_shows_tables_from_what_is_known() -> None:
    table = {
        "type": "table",
        "id": "known",
        "label": "Known",
        "dataSource": "=rows",
        "columns": [{"key": "who", "label": "Who"}, {"key": "until", "label": "Until"}],
    }
    rows = [{"who": "Police", "until": "2027-03-02"}, {"who": "<b>"}]
    source = page(start(make(table), context={"rows": rows}))
    cells = read(source).xpath("//td")
    assert [cell.text_content() for cell in cells] == ["Police", "March 2, 2027", "<b>", ""]
