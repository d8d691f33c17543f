"""Reads the catalogues of translations, each on first use and then kept."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from engine.language.tongue import PSEUDO, SOURCE

FOLDER = Path(__file__).parent / "catalogues"
Key = tuple[str | None, str]
"""Context, or None, and the English text."""


@dataclass(frozen=True)
class Translations:
    """The texts of one language; what is empty or marked as doubtful is not among them."""

    texts: Mapping[Key, tuple[str, ...]] = field(default_factory=dict)
    form: Callable[[int], int] = lambda count: int(count != 1)
    """Which of the forms of a plural belongs to a count."""


def read(path: Path) -> Translations:
    """Read a `.po` file."""
    with path.open("rb") as file:
        return translations_of(read_po(file))


def translations_of(catalog: Catalog) -> Translations:
    """Return what is translated in a catalogue."""
    texts: dict[Key, tuple[str, ...]] = {}
    for message in catalog:
        if not message.id or message.fuzzy:
            continue
        forms = message.string if isinstance(message.string, list | tuple) else (message.string,)
        first = message.id[0] if isinstance(message.id, list | tuple) else message.id
        said = tuple(form for form in forms if form)
        if len(said) == len(forms):
            texts[message.context, first] = said
    return Translations(texts, _form(catalog.plural_expr))


def _form(expression: str) -> Callable[[int], int]:
    """Return which form a count takes; the languages here have two, told apart at one or at two."""
    if expression.replace(" ", "").strip("()") == "n>1":
        return lambda count: int(count > 1)
    return lambda count: int(count != 1)


@cache
def translations(language: str) -> Translations:
    """Return the program's own texts in a language; none where there is no catalogue."""
    path = FOLDER / f"{language}.po"
    if language == SOURCE or language in PSEUDO or not path.is_file():
        return Translations()
    return read(path)


def translated(language: str, text: str, context: str | None = None) -> str:
    """Return a text in a language, or the English."""
    found = translations(language).texts.get((context, text))
    return found[0] if found else text


def forms(language: str, one: str, many: str = "") -> tuple[str, ...]:
    """Return the translation of a text, with `many` its two forms; the English where none is."""
    english = (one, many) if many else (one,)
    found = translations(language).texts.get((None, one), english)
    return found if len(found) == len(english) else (*found, found[-1])[: len(english)]


def plural(language: str, one: str, many: str, count: int) -> str:
    """Return the form of a text for a count in a language, or the English form."""
    known = translations(language)
    found = known.texts.get((None, one))
    if not found:
        return one if count == 1 else many
    return found[min(known.form(count), len(found) - 1)]
