"""Sentences that are made once are told in the language of each reader."""

import copy
import json
import pickle

from engine.check.finding import Finding
from engine.language import speaking
from engine.language.telling import (
    Part,
    Told,
    counted,
    located,
    message_of,
    named,
    naming,
    packed,
    read,
    series,
    spoken,
    told,
    unpacked,
    without_file,
    written,
)

NEW = told("The role %(name)s is new.", name=named("Decide"))


def test_sentence_is_english_and_read_in_the_language_of_the_reader() -> None:
    assert NEW == "The role Decide is new."
    with speaking("de"):
        assert f"{NEW}" == "Die Rolle Decide ist neu."
    with speaking("nl"), naming({"Decide": "Beslissen"}.get):  # type: ignore[arg-type]
        assert str(NEW) == "De rol Beslissen is nieuw."


def test_names_and_values_are_set_apart_in_every_language() -> None:
    with speaking("sv"):
        parts = NEW.parts()
    assert parts == (Part("Rollen "), Part("Decide", "name"), Part(" är ny."))


def test_count_takes_the_form_of_the_language() -> None:
    days = [counted("%(count)s day", "%(count)s days", count) for count in (1, 2)]
    assert days == ["1 day", "2 days"]
    with speaking("fi"):
        assert str(series(days)) == "1 päivä, 2 päivää"


def test_subject_keeps_its_capital_where_nouns_have_one() -> None:
    step = Told("Step of the system", is_subject=True)
    sentence = told("%(here)s is given", here=step), told("minus %(value)s", value=step)
    assert sentence[1] == "minus step of the system"
    with speaking("de"):
        assert str(sentence[1]) == "minus Schritt des Systems"
    with speaking("nl"):
        assert str(sentence[1]) == "min stap van het systeem"


def test_stored_sentence_is_told_in_any_language_and_an_old_one_stays_readable() -> None:
    nested = {"one": [located("a.bpmn", NEW), "plain"], "part": Part("x", "value", "y")}
    back = unpacked(json.loads(json.dumps(packed(nested))))
    assert back == nested
    with speaking("da"):
        assert spoken(back)["one"] == ["a.bpmn: Rollen Decide er ny.", "plain"]
        assert str(read(written(NEW))) == "Rollen Decide er ny."
    for old in ("An old sentence.", '{"$told" is no JSON', '{"$told": 1}'):
        assert read(old) == old


def test_sentence_survives_copies_and_processes() -> None:
    for again in (copy.deepcopy(NEW), pickle.loads(pickle.dumps(NEW))):  # noqa: S301 - our own
        with speaking("fr"):
            assert str(again) == "Le rôle Decide est nouveau."


def test_error_keeps_its_sentence_and_loses_the_name_of_its_file() -> None:
    error = ValueError(located("a.dmn", NEW))
    assert without_file(message_of(error), "a.dmn") == NEW
    assert without_file("a.dmn: plain", "a.dmn") == "plain"


def test_finding_is_the_same_in_other_words_and_another_by_its_values() -> None:
    def finding(message: str) -> Finding:
        return Finding("a.bpmn", "step", "no_form", message)

    one = finding(told("has no form; set formRef, for example %(name)s.", name="a"))
    assert one == finding(told("set formRef, for example %(name)s.", name="a"))
    assert one != finding(told("has no form; set formRef, for example %(name)s.", name="b"))
