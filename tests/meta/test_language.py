"""What people read can be translated, and the translations fit what they translate."""

import ast
import re
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from engine.language import LANGUAGES, SOURCE
from engine.language.catalogue import FOLDER
from engine.language.gathering import TEMPLATE, Gathered, missing, template, updated
from engine.settings import ROOT
from tests.meta.house import trees
from webui.pagetext.gathering import everything
from webui.pagetext.node import value
from webui.pagetext.script import of_script, scripts
from webui.pagetext.script import unmarked as unmarked_in_script
from webui.pagetext.token import LITERAL, tokens

COMPLETE: tuple[str, ...] = ("nl", "fr", "de", "sv", "da", "fi")
"""The languages that are shipped: an empty or a doubtful entry of one of them is a mistake."""
OTHERS = tuple(code for code in LANGUAGES if code != SOURCE)
MEND = "run `casetable language extract --program` and commit what it writes"
KEPT = re.compile(r"%\(\w+\)[sd]|\{\w*\}|<[^<>]*>|&#?\w+;")
"""Placeholders and tags."""
TEXT = re.compile(r"[A-Z“(][\w\u2019',;:()“” .?!…-]*|.*[a-z\u2019,;:] [a-zA-Z“(].*", re.DOTALL)
CODE = re.compile(
    r"[a-z_.\-/0-9 ]*(btn|status--|bi-|form-|alert|is-invalid|text-)|[\w/.-]+\.html\Z"
    r"|[A-Z0-9_]+\Z|P\d|[a-z_]+\.[a-z_]+\Z"
)
BEFORE = re.compile(
    r"((?<!\w)(_|mark|gettext|get|asset|join|startswith|endswith)\(|==|!=|\bin|\[)\s*\Z"
)
"""What stands before a text that is marked, or that is no text."""


@pytest.fixture(scope="module")
def gathered() -> list[Gathered]:
    return everything()


def unfit(content: bytes, language: str) -> list[str]:
    """Return the texts whose translation has other placeholders or tags, or opens a new tag."""
    found = []
    for entry in read_po(BytesIO(content), locale=language):
        texts = entry.id if isinstance(entry.id, tuple | list) else (entry.id,)
        forms = entry.string if isinstance(entry.string, tuple | list) else (entry.string,)
        allowed = [Counter(KEPT.findall(str(text))) for text in texts]
        for said in filter(None, forms if entry.id else ()):
            # A quotation mark would end an attribute; books have “better” ones.
            quotes = '"' in said and not any('"' in text for text in texts)
            if quotes or Counter(KEPT.findall(said)) not in allowed or _loose(said, texts):
                found.append(f"{texts[0]!r}: {said!r}")
    return found


def _loose(said: str, texts: tuple[str, ...]) -> bool:
    bare = KEPT.sub("", said)
    return any(sign in bare for sign in "<>&") and not any(
        sign in KEPT.sub("", text) for text in texts for sign in "<>&"
    )


def test_template_is_what_the_sources_say(gathered: list[Gathered]) -> None:
    assert (FOLDER / TEMPLATE).read_bytes() == template(gathered), MEND


@pytest.mark.parametrize("language", OTHERS)
def test_catalogue_has_each_text_and_fits_it(gathered: list[Gathered], language: str) -> None:
    content = (FOLDER / f"{language}.po").read_bytes()
    assert content == updated(language, gathered, content), MEND
    assert unfit(content, language) == []


def incomplete(languages: tuple[str, ...], folder: Path = FOLDER) -> dict[str, list[str]]:
    """Return what is not translated in each of the languages that are said to be complete."""
    waiting = {one: missing((folder / f"{one}.po").read_bytes(), one) for one in languages}
    return {one: texts for one, texts in waiting.items() if texts}


def test_shipped_languages_are_complete() -> None:
    assert incomplete(COMPLETE) == {}


def test_empty_or_doubtful_translation_is_found(tmp_path: Path) -> None:
    texts = 'msgid ""\nmsgstr "Language: nl\\n"\n\nmsgid "Case"\nmsgstr "Zaak"\n\n'
    texts += '#, fuzzy\nmsgid "Plan"\nmsgstr "Plan"\n\nmsgid "Step"\nmsgstr ""\n'
    (tmp_path / "nl.po").write_text(texts, encoding="utf-8")
    assert incomplete(("nl",), tmp_path) == {"nl": ["Plan", "Step"]}


@pytest.mark.parametrize(
    "said",
    ["Zaak gesloten", "Zaak %(name)s <b>%(code)s</b>", 'Zaak "%(code)s"', "%(code)s & meer"],
)
def test_translation_that_does_not_fit_is_found(said: str) -> None:
    entry = f'msgid ""\nmsgstr "Language: nl\\n"\n\nmsgid "Case %(code)s"\nmsgstr {_quoted(said)}\n'
    assert len(unfit(entry.encode(), "nl")) == 1
    fits = entry.replace(_quoted(said), _quoted("Zaak %(code)s"))
    assert unfit(fits.encode(), "nl") == []


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def test_dates_are_put_into_words_in_one_place() -> None:
    takes = {
        name
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "babel.dates"
    }
    assert takes == {"engine/language/moment.py"}, "ask engine.language.moment for the words"


def unmarked(source: str) -> list[str]:
    """Return the texts inside expressions of a template that nobody has marked."""
    found = []
    for piece in tokens(source):
        word = re.match(r"\{%[-+]?\s*(\w+)", piece.raw)
        if piece.kind not in ("expression", "statement") or (
            word and word[1] in ("extends", "include", "from", "import", "block", "endblock")
        ):
            continue
        if piece.kind == "expression" and value(piece.raw).kind != "value":
            continue  # what is chosen between words is a sentence of the page
        for literal in LITERAL.finditer(piece.raw):
            text = literal[0][1:-1]
            before = piece.raw[: literal.start()]
            if TEXT.fullmatch(text) and not CODE.match(text) and not BEFORE.search(before):
                found.append(text)
    return found


def test_templates_mark_the_texts_inside_expressions() -> None:
    found = {
        path.name: texts
        for path in sorted((ROOT / "webui/templates").rglob("*.html"))
        if (texts := unmarked(path.read_text(encoding="utf-8")))
    }
    assert found == {}, 'write _("...") around it'


def test_unmarked_text_is_found() -> None:
    assert unmarked('{{ back_link("/", "Go back") }}{{ line("name", "Name") }}') == [
        "Go back",
        "Name",
    ]
    assert unmarked('{{ line("name", _("Name"), class="btn btn-sm") }}') == []


def test_scripts_mark_the_texts_that_people_read() -> None:
    found = {name: texts for name, source in scripts(ROOT) if (texts := unmarked_in_script(source))}
    assert found == {}, "write gettext('...') around it"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("say('Not saved yet');", ["Not saved yet"]),
        ("say(`${count} steps lead there`);", ["  steps lead there"]),
        ("return <p title=\"x\">{told('of the lane')}</p>;", ["of the lane"]),
        ("say(gettext('Not saved yet')); // Not saved yet", []),
        ("make('li', { class: 'finding finding--bad' }, `${one}: ${other}`);", []),
    ],
)
def test_unmarked_text_of_a_script_is_found(source: str, found: list[str]) -> None:
    assert unmarked_in_script(source) == found


def test_texts_of_scripts_are_gathered_with_their_forms() -> None:
    source = "gettext('It\\'s %(name)s', { name }); ngettext('%(count)s way', '%(count)s ways', n);"
    said = [(one.text, one.many) for one in of_script(source)]
    assert said == [("It's %(name)s", ""), ("%(count)s way", "%(count)s ways")]


@pytest.mark.parametrize("source", ["f(); gettext(words);", "ngettext('%(count)s way', many, n);"])
def test_text_of_a_script_that_is_put_together_is_refused(source: str) -> None:
    with pytest.raises(ValueError, match="needs its text itself"):
        list(of_script(source))
