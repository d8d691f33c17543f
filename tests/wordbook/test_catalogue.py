"""Catalogues: read as other tools write them, laid over one another, checked."""

import io
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from engine.comparison import Side, compare
from engine.deployment import resolve
from engine.errors import InputError
from engine.form import parse_form
from engine.inheritance import read_files
from engine.language import LANGUAGES, current_speech, speaking
from engine.settings import ROOT
from engine.translation_check import check_translations
from engine.wordbook import Entry, joined, read_entries
from engine.wordbook.catalogue import written
from engine.wordbook.words import Wordbook
from tests.wordbook.brackets import CLOSE, LANGUAGE, OPEN, bracketed

HARD = ['A "quoted" word', "Two\nlines\n", "Tab\tand \\ slash", "Ünïcode, “so”", "  spaced"]
FORM = b'{"id":"f","type":"default","components":[{"type":"radio","id":"a","key":"a",\
"label":"Really?","values":[{"label":"yes","value":"yes"},{"label":"no","value":"no"}],"properties":{"class":"process"}}]}'


def catalogue(**said: str) -> bytes:
    return written("nl", [Entry(text, translation) for text, translation in said.items()])


def test_catalogue_of_another_tool_is_read_as_that_tool_reads_it() -> None:
    made = Catalog(locale="nl")
    for text in HARD:
        made.add(text, f"nl: {text}", locations=[("forms/x.form", 3)], auto_comments=["a label"])
    made.add("Doubtful", "Twijfelachtig", flags=["fuzzy"])
    file = io.BytesIO()
    write_po(file, made, width=30)
    found = read_entries(file.getvalue(), file="nl.po")
    assert {text: entry.translation for text, entry in found.items() if entry.counts} == {
        text: f"nl: {text}" for text in HARD
    }
    assert not found["Doubtful"].counts


def test_catalogue_that_we_write_is_read_by_other_tools() -> None:
    content = written("nl", [Entry(text, f"nl: {text}") for text in HARD])
    read = {one.id: one.string for one in read_po(io.BytesIO(content)) if one.id}
    assert read == {text: f"nl: {text}" for text in HARD}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b'msgid "a"\nmsgstr "b"\n\nmsgid "a"\nmsgstr "c"\n', "line 4: “a” is there twice"),
        (b'msgid "a"\n', "needs msgid and msgstr"),
        (b'msgid "a\nmsgstr "b"\n', "line 1: is not of the form"),
        (b'msgid "one"\nmsgid_plural "many"\nmsgstr[0] "x"\n', "line 2: is not of the form"),
        (b"\xff\xfe", "not UTF-8"),
    ],
)
def test_catalogue_that_is_broken_is_told_with_its_line(content: bytes, says: str) -> None:
    with pytest.raises(InputError, match=says):
        read_entries(content, file="nl.po")


def test_catalogues_are_laid_over_one_another_without_what_is_not_translated() -> None:
    base = {"languages/nl.po": catalogue(Desk="Balie", Plan="Plan", Open="")}
    own = {"languages/nl.po": catalogue(Desk="Meldpunt"), "languages/fr.po": catalogue(Desk="")}
    found = joined([base, own])
    assert list(found) == ["languages/nl.po"]
    entries = read_entries(found["languages/nl.po"], file="nl.po")
    assert {text: one.translation for text, one in entries.items()} == {
        "Desk": "Meldpunt",
        "Plan": "Plan",
    }
    assert joined([found]) == found


def test_set_of_a_folder_carries_the_words_of_the_base_and_of_the_profile(tmp_path: Path) -> None:
    for folder, said in ((tmp_path, "Balie"), (tmp_path / "profiles" / "town", "Loket")):
        (folder / "languages").mkdir(parents=True)
        (folder / "languages" / "nl.po").write_bytes(catalogue(Desk=said))
    (tmp_path / "profiles" / "base").mkdir()
    for code in ("base", "town"):
        text = f'[profile]\ncode = "{code}"\nname = "x"\n'
        (tmp_path / "profiles" / code / "profile.toml").write_text(text)
    for code, said in (("base", b"Balie"), ("town", b"Loket")):
        assert said in read_files(tmp_path, code)["languages/nl.po"]


def test_form_keeps_keys_and_values_in_every_language() -> None:
    book = Wordbook({"languages/nl.po": catalogue(yes="ja", no="nee", **{"Really?": "Echt?"})})
    form = parse_form(FORM, file="forms/f.form")
    with speaking("nl"):
        spoken = book.words(current_speech()).form(form)
    assert [option.label for option in spoken.components[0].options] == ["ja", "nee"]
    assert spoken.components[0].label == "Echt?"
    assert [option.value for option in spoken.components[0].options] == ["yes", "no"]
    assert spoken.components[0].rules == form.components[0].rules
    with speaking("fr"):
        assert book.words(current_speech()).form(form) is form


def test_words_fall_back_to_the_newest_set_and_then_to_the_source() -> None:
    old, new = Wordbook({}), Wordbook({"languages/nl.po": catalogue(Desk="Balie")})
    with speaking("nl"):
        said = old.words(current_speech(), new)
    assert said.say("Desk") == "Balie"
    assert said.say("Nobody translated this") == "Nobody translated this"


def test_terms_of_a_structure_are_said_in_its_texts() -> None:
    with speaking("en", {"plan": "support plan"}):
        assert (
            Wordbook({}).words(current_speech()).say("Draft the plan") == "Draft the support plan"
        )


def found(said: dict[str, str], own: dict[str, bytes] | None = None) -> list[tuple[str, str, str]]:
    files = {"forms/f.form": FORM, "languages/nl.po": catalogue(**said)}
    listed = check_translations(files, ["en", "nl"], own or {})
    return [(one.severity, one.code, str(one)) for one in listed]


def test_check_says_how_many_texts_of_which_file_are_not_translated() -> None:
    (severity, code, told), *rest = found({"yes": "ja"})
    assert (severity, code, rest) == ("warning", "not_translated", [])
    assert told.startswith("languages/nl.po:f.form: 2 texts of f.form are not translated yet")
    assert "the first is “Really?”" in told
    assert found({"yes": "ja", "no": "nee", "Really?": "Echt?"}) == []


def test_check_refuses_a_translation_that_loses_a_place() -> None:
    texts = {"yes": "ja", "no": "nee", "Really?": "Echt?"}
    (severity, code, told), *rest = found({**texts, "Call {number}": "Bel {nummer}"})
    assert (severity, code, rest) == ("error", "other_placeholders", [])
    assert "{number}" in told
    assert "{nummer}" in told


def test_check_tells_of_entries_for_texts_that_are_gone() -> None:
    texts = {"yes": "ja", "no": "nee", "Really?": "Echt?"}
    own = {"languages/nl.po": catalogue(**texts, Gone="Weg")}
    (severity, code, told), *rest = found(texts, own)
    assert (severity, code, rest) == ("warning", "of_no_use", [])
    assert "“Gone”" in told


def test_check_of_the_shipped_set_asks_for_nothing_that_it_does_not_promise() -> None:
    files = read_files(ROOT / "processes", "base")
    assert list(check_translations(files, ["en"], {})) == []


def test_comparison_tells_each_text_that_is_said_otherwise() -> None:
    old = Side("old", {"languages/nl.po": catalogue(Desk="Balie", Plan="Plan")})
    new = Side("new", {"languages/nl.po": catalogue(Desk="Meldpunt", Open="Open")})
    told = {one.element: (one.kind, one.before, one.after, one.weight) for one in compare(old, new)}
    assert told == {
        "Desk": ("changed", "Balie", "Meldpunt", "wording"),
        "Plan": ("removed", "Plan", None, "wording"),
        "Open": ("added", None, "Open", "wording"),
    }
    (whole,) = compare(Side("old", {}), new)
    assert (whole.kind, whole.file, whole.weight) == ("added", "languages/nl.po", "wording")


def test_profile_says_all_that_pages_show_of_it_and_keeps_its_codes() -> None:
    files = read_files(ROOT / "processes", "base")
    deployment = bracketed(files)
    with speaking(LANGUAGE):
        spoken = deployment.wordbook.words(current_speech()).profile(deployment.profile)
    source = deployment.profile
    assert spoken.values == source.values
    assert spoken.zone == source.zone
    assert list(spoken.roles) == list(source.roles)
    assert spoken.terms == source.terms
    shown = [role.name for role in spoken.roles.values()]
    shown += [one.value for one in spoken.structure.values()]
    shown += [one.explain for one in spoken.structure.values()]
    shown += [one.text for one in spoken.glossary.values()]
    shown += [one.reason for one in spoken.selfcheck.values()]
    shown += [value.explain for value in spoken.parameters.values()]
    assert all(text.startswith(OPEN) and text.endswith(CLOSE) for text in shown)


def test_base_process_is_read_in_every_shipped_language() -> None:
    found = check_translations(read_files(ROOT / "processes", "base"), LANGUAGES, {})
    assert [str(one) for one in found] == []


def test_name_of_a_role_loses_its_capital_unless_it_is_an_abbreviation() -> None:
    words = {code: resolve(ROOT / "processes", code).profile.terms["en"] for code in ("nl", "se")}
    chair = "chair of the multi-agency table"
    assert words["nl"][chair] == "chair of the case meeting"
    assert words["se"][chair] == "SSPF coordinator"
