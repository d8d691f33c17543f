"""What is being spoken now: language and terms, and the texts in them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self, TypeVar

from engine.language import catalogue, pseudo
from engine.language.term import Terms
from engine.language.tongue import PSEUDO, SOURCE

Marked = TypeVar("Marked")


@dataclass(frozen=True)
class Speech:
    """A language with the words that a structure uses instead of the usual ones.

    `terms` are those of this language alone: usual word -> the structure's word.
    """

    language: str = SOURCE
    terms: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _replaced(self) -> Terms:
        return Terms(self.terms)

    def say(self, text: str) -> str:
        """Return a translated text with the terms, and in a pseudo-language changed by its rule.

        Placeholders stay as they are: values are filled in afterwards, and never changed.
        """
        said = self._replaced.apply(text) if self.terms else text
        return pseudo.changed(said, self.language) if self.language in PSEUDO else said


_PLAIN = Speech()
_speech: ContextVar[Speech] = ContextVar("casetable_speech", default=_PLAIN)


class Said(str):
    """A text as it was said, which knows its English and what it was made from.

    `source` is the English with the same values, `text` the English with its placeholders.
    """

    __slots__ = ("source", "text", "values")
    source: str
    text: str
    values: Mapping[str, Any]

    def __new__(cls, said: str, source: str, text: str = "", values: Any = None) -> Self:
        """Return the text."""
        found = super().__new__(cls, said)
        found.source, found.text, found.values = source, text or source, values or {}
        return found

    def __getnewargs__(self) -> tuple[Any, ...]:
        """Return what a copy is made from."""
        return str(self), self.source, self.text, self.values


def current_speech() -> Speech:
    """Return what is being spoken; plain English where nobody has said anything else."""
    return _speech.get()


def current_language() -> str:
    """Return the code of the language that is being spoken."""
    return _speech.get().language


def speak(language: str = SOURCE, terms: Mapping[str, str] | None = None) -> None:
    """Speak a language from here on; for the beginning and the end of a request."""
    _speech.set(Speech(language, terms) if terms else Speech(language))


@contextmanager
def speaking(language: str = SOURCE, terms: Mapping[str, str] | None = None) -> Iterator[None]:
    """Speak a language inside the block: mails in the language of who gets them."""
    token = _speech.set(Speech(language, terms or {}))
    try:
        yield
    finally:
        _speech.reset(token)


def gettext(text: str, /, **values: Any) -> str:
    """Return the text in the language that is being spoken, with its values filled in.

    Placeholders are named: `gettext("The case %(code)s is closed.", code=code)`. Without values
    the text is returned as it is, so that a per cent sign needs no second one.
    """
    speech = _speech.get()
    said = speech.say(catalogue.translated(speech.language, text))
    filled = said % values if values else said
    if not values and speech.language == SOURCE and not speech.terms:
        return filled
    return Said(filled, text % _sources(values) if values else text, text, values)


def _sources(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: english(one) if isinstance(one, str) else one for name, one in values.items()}


def english(text: str) -> str:
    """Return the English of a text, whether it was said already or is told later."""
    return text.source if isinstance(text, Said) else str.__str__(text)


def text_in_speech(text: str) -> str:
    """Return a text in the language that is being spoken; its placeholders are filled in later."""
    speech = _speech.get()
    return speech.say(catalogue.translated(speech.language, text))


def form_in_speech(one: str, many: str, count: int) -> str:
    """Return the form for the count likewise."""
    speech = _speech.get()
    return speech.say(catalogue.plural(speech.language, one, many, count))


def forms_in_speech(one: str, many: str = "") -> list[str]:
    """Return the translation of a text, or its forms for one and for many, for who counts later."""
    speech = _speech.get()
    return [speech.say(form) for form in catalogue.forms(speech.language, one, many)]


def pgettext(context: str, text: str, /, **values: Any) -> str:
    """Like `gettext`, for a word that means something else elsewhere."""
    speech = _speech.get()
    said = speech.say(catalogue.translated(speech.language, text, context))
    return said % values if values else said


def ngettext(one: str, many: str, count: int, /, **values: Any) -> str:
    """Return the form for the count; `%(count)s` is filled in by itself (`num` likewise)."""
    speech = _speech.get()
    said = speech.say(catalogue.plural(speech.language, one, many, count))
    return said % {"count": count, "num": count, **values}


def mark(text: Marked) -> Marked:
    """Return a text, or a table whose values are texts, as it is: it is translated when shown."""
    return text
