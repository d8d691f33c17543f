"""The texts that people see: all of them are found, each once, and nothing that is a code."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from engine.deployment import ResolvedDeployment
from engine.inheritance import read_files
from engine.settings import ROOT
from engine.wordbook import distinct, visible_texts
from engine.wordbook.catalogue import read_entries
from engine.wordbook.extracting import update
from engine.wordbook.text import texts_of

CHANGED = "Entirely other words"
SHOWN_BY_FORMS = ("label", "text", "description", "help", "rowLabel", "patternErrorMessage")
SHOWN_BY_FORMS += ("prefixAdorner", "suffixAdorner", "title")
CODED = ("message", "signal", "error", "escalation", "definitions", "property")
"""Elements of a drawing whose names are codes."""


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    return read_files(ROOT / "processes", "base")


def places(node: object) -> Iterator[tuple[dict[str, object], str]]:
    """Yield holder and name of each text of a form that a reader sees, by the file alone."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name in SHOWN_BY_FORMS and isinstance(value, str) and value.strip():
                yield node, name
            else:
                yield from places(value)
    elif isinstance(node, list):
        for one in node:
            yield from places(one)


def test_extraction_notices_each_changed_text_of_every_form(files: dict[str, bytes]) -> None:
    for path in (one for one in files if one.endswith(".form")):
        schema = json.loads(files[path])
        for number, (holder, name) in enumerate(list(places(schema))):
            holder[name] = f"{CHANGED} {number}"
        found = [one.text for one in texts_of(path, json.dumps(schema).encode())]
        for number in range(len(list(places(schema)))):
            assert f"{CHANGED} {number}" in found, (path, number)


def test_extraction_notices_each_changed_text_of_every_drawing(files: dict[str, bytes]) -> None:
    for path in (one for one in files if one.endswith(".bpmn")):
        root = etree.fromstring(files[path])
        seen = [
            node
            for node in root.iter("{*}*")
            if node.get("name")
            and etree.QName(node).localname not in CODED
            and not etree.QName(node).namespace.startswith("http://spiffworkflow.org")
        ]
        settings = [
            node
            for node in root.iter("{*}property")
            if node.get("name") in ("guidance", "consequence")
        ]
        for number, node in enumerate((*seen, *settings)):
            node.set("value" if node in settings else "name", f"{CHANGED} {number}")
        found = {one.text for one in texts_of(path, etree.tostring(root))}
        assert found == {f"{CHANGED} {number}" for number in range(len(seen) + len(settings))}, path


def test_extraction_notices_each_changed_text_of_every_table(files: dict[str, bytes]) -> None:
    for path in (one for one in files if one.endswith(".dmn")):
        root = etree.fromstring(files[path])
        written = [
            *root.iter("{*}annotationEntry"),
            *root.iter("{*}input"),
            *root.iter("{*}output"),
        ]
        for number, node in enumerate(written):
            told = node.find("{*}text")
            if etree.QName(node).localname == "annotationEntry":
                assert told is not None
                told.text = f"{CHANGED} {number}"
            else:
                node.set("label", f"{CHANGED} {number}")
        found = {one.text for one in texts_of(path, etree.tostring(root))}
        assert found > {f"{CHANGED} {number}" for number in range(len(written))}, path


def test_extraction_finds_what_pages_show_of_the_profile(files: dict[str, bytes]) -> None:
    found = {one.text for one in visible_texts(files)}
    profile = ResolvedDeployment(files).profile
    shown = [*(role.name for role in profile.roles.values()), *profile.disciplines.values()]
    shown += [role.explain for role in profile.roles.values()]
    shown += [value.explain for value in profile.parameters.values()]
    shown += [name for entries in profile.lists.values() for name in entries.values()]
    shown += [profile.texts[name] for name in ("goal", "strategy", "definition", "where_to_report")]
    for one in profile.structure.values():
        shown += [one.value, one.explain, one.confirm]
    for entry in profile.glossary.values():
        shown += [entry.term, entry.text]
    assert {text.strip() for text in shown if text} <= found


def test_extraction_takes_no_code_for_a_word(files: dict[str, bytes]) -> None:
    texts = distinct(visible_texts(files))
    for code in (
        "check_source",
        "intake_desk",
        "P3M",
        "multi_agency",
        "=today()",
        "opinion_changed",
    ):
        assert code not in texts
    assert not [text for text in texts if text.startswith("=")]


def test_everyday_texts_come_first(files: dict[str, bytes]) -> None:
    order = list(dict.fromkeys(one.file for one in visible_texts(files)))
    wanted = ["signal_intake.bpmn", "forms/check_source.form", "closure_decision.bpmn"]
    wanted += ["profile.toml", "decisions/closing_rule.dmn", "rules.toml"]
    assert [file for file in order if file in wanted] == wanted


def test_committed_catalogues_are_what_the_files_say(
    files: dict[str, bytes], tmp_path: Path
) -> None:
    own = {path: one for path, one in files.items() if not path.startswith("base_")}
    there = sorted((ROOT / "processes" / "languages").glob("*.po"))
    assert there
    texts = list(distinct(visible_texts(own)))
    for path in there:
        assert list(read_entries(path.read_bytes(), file=path.name)) == texts, (
            f"{path.name} is not up to date; run casetable language extract"
        )
    # The command writes nothing where there is nothing new.
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages" / there[0].name).write_bytes(there[0].read_bytes())
    update(tmp_path, own, [], whose="the base process")
    assert (tmp_path / "languages" / there[0].name).read_bytes() == there[0].read_bytes()


def test_update_keeps_what_is_translated_and_puts_away_what_is_gone(tmp_path: Path) -> None:
    form = {"id": "f", "type": "default", "components": []}
    field = {"type": "textfield", "id": "a", "key": "a", "label": "Old question"}
    before = {"forms/f.form": json.dumps({**form, "components": [field]}).encode()}
    after = {
        "forms/f.form": json.dumps(
            {**form, "components": [{**field, "label": "New question"}]}
        ).encode()
    }
    update(tmp_path, before, ["nl"], whose="a test")
    path = tmp_path / "languages" / "nl.po"
    told = path.read_text().replace(
        '"Old question"\nmsgstr ""', '"Old question"\nmsgstr "Oude vraag"'
    )
    path.write_text(told)
    update(tmp_path, after, [], whose="a test")
    entries = read_entries(path.read_bytes(), file="nl.po")
    assert entries["New question"].translation == ""
    assert "Old question" not in entries
    assert '#~ msgstr "Oude vraag"' in path.read_text()
    # Whoever takes the new words back finds the translation again.
    update(tmp_path, before, [], whose="a test")
    assert read_entries(path.read_bytes(), file="nl.po")["Old question"].translation == "Oude vraag"
