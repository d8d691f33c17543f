"""Sentences that are made now and told later, in the language of whoever reads them.

The characters of such a sentence are its English, by which it is compared, sorted and printed for
machines. Whoever shows it (`str`, an f-string, a page) reads it in the language that is spoken
then. `packed` and `unpacked` turn it into JSON and back, so that what is stored can be told in any
language; a plain text that was stored before stays a plain text.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Literal, Self

from engine.language.speech import current_language, current_speech, form_in_speech, text_in_speech
from engine.language.tongue import SOURCE, tongue

Tone = Literal["plain", "name", "value"]
PLACEHOLDER: Final = re.compile(r"%\((\w+)\)[sd]")
SHOWN: Final = 160
"""Characters of a long value that are shown."""
BEFORE_DIFFERENCE: Final = 40
_TOLD, _PART = "$told", "$part"
_LOCATED: Final = "%(file)s: %(problem)s"

_names: ContextVar[Callable[[str], str] | None] = ContextVar("casetable_names", default=None)


def name_by(say: Callable[[str], str] | None) -> None:
    """Say names of steps, roles and rules by the words of a set from here on; None: as written."""
    _names.set(say)


@contextmanager
def naming(say: Callable[[str], str] | None) -> Iterator[None]:
    """Say names by the words of a set inside the block."""
    token = _names.set(say)
    try:
        yield
    finally:
        _names.reset(token)


@dataclass(frozen=True)
class Part:
    """A piece of a sentence; a page sets names and values apart, a terminal marks them.

    A name is said in the words of the set. Of a long value `beside` is what it is compared with:
    what stands around the first difference is shown.
    """

    text: str
    tone: Tone = "plain"
    beside: str | None = None

    def said(self, *, english: bool = False) -> "Part":
        """Return the piece as it is read now, or in English as it was written."""
        text = _said(self.text, self.tone, english=english)
        if self.beside is not None:
            beside = _said(self.beside, self.tone, english=english)
            text = _excerpt(text, _first_difference(text, beside))
        return Part(text, self.tone)


def _said(text: str, tone: Tone, *, english: bool) -> str:
    if english:
        return source(text)
    say = _names.get() if tone == "name" else None
    return say(text) if say is not None and not isinstance(text, Told) else str(text)


def source(text: str) -> str:
    """Return the English of a text."""
    return str.__str__(text)


class Told(str):
    """A sentence with named values, or one that counts; see `told` and `counted`."""

    __slots__ = ("is_subject", "many", "number", "text", "values")
    text: str
    values: dict[str, Any]
    many: str
    number: int
    is_subject: bool

    def __new__(
        cls,
        text: str,
        values: Mapping[str, Any] | None = None,
        many: str = "",
        count: int = 0,
        *,
        is_subject: bool = False,
    ) -> Self:
        """Return the sentence; `is_subject`: it loses its capital in the middle of another one."""
        given = dict(values or {})
        if many:
            given = {"count": count, **given}
        english = text if not many or count == 1 else many
        said = super().__new__(cls, "".join(p.text for p in _parts(english, given, english=True)))
        said.text, said.values, said.many, said.number = text, given, many, count
        said.is_subject = is_subject
        return said

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it be copied and sent to another process."""
        return _told_again, (self.text, self.values, self.many, self.number, self.is_subject)

    def __str__(self) -> str:
        """Return the sentence in the language that is being spoken."""
        if current_language() == SOURCE and not current_speech().terms and _names.get() is None:
            return source(self)
        return "".join(part.text for part in self.parts())

    def parts(self) -> tuple[Part, ...]:
        """Return the pieces of the sentence in the language that is being spoken."""
        if self.many:
            text = form_in_speech(self.text, self.many, self.number)
        else:
            text = text_in_speech(self.text)
        return tuple(part for part in _parts(text, self.values) if part.text)


def _told_again(text: str, values: dict[str, Any], many: str, count: int, is_subject: bool) -> Told:
    return Told(text, values, many, count, is_subject=is_subject)


def _parts(text: str, values: Mapping[str, Any], *, english: bool = False) -> Iterator[Part]:
    if not values:
        yield Part(text)
        return
    begun = False
    for place, piece in enumerate(PLACEHOLDER.split(text)):
        if place % 2 == 0:
            yield Part(piece.replace("%%", "%"))
        else:
            yield from _filled(values[piece], begun=begun, english=english)
        begun = begun or bool(piece)


def _filled(value: Any, *, begun: bool, english: bool) -> Iterator[Part]:
    if isinstance(value, Part):
        yield value.said(english=english)
    elif isinstance(value, Told):
        if english:
            parts = _parts(
                value.text if not value.many or value.number == 1 else value.many,
                value.values,
                english=True,
            )
            found = [part for part in parts if part.text]
        else:
            found = list(value.parts())
        yield from _inside(found, english=english) if begun and value.is_subject else found
    else:
        yield Part(source(value) if isinstance(value, str) else str(value))


def in_the_middle(text: str) -> str:
    """Return a text without its capital, unless it begins with an abbreviation (SSPF)."""
    return text if text[1:2].isupper() else f"{text[:1].lower()}{text[1:]}"


def _inside(found: list[Part], *, english: bool) -> Iterator[Part]:
    """Yield a subject as it stands in the middle: without its capital, where nouns have none."""
    keeps = not english and tongue(current_language()).capital_nouns
    for place, part in enumerate(found):
        if place == 0 and part.tone == "plain" and not keeps:
            yield Part(in_the_middle(part.text))
        else:
            yield part


# -- making them -----------------------------------------------------------------------------------


def told(text: str, /, **values: Any) -> Told:
    """Return a sentence to be told later: `told("The step %(step)s is new.", step=...)`.

    Values are texts, numbers, parts, or again such sentences. Without values a per cent sign needs
    no second one.
    """
    return Told(text, values)


def counted(one: str, many: str, count: int, /, **values: Any) -> Told:
    """Return the form for a count, to be told later; `%(count)s` is filled in by itself."""
    return Told(one, values, many, count)


def named(text: str) -> Part:
    """Return a name of the set: of a step, a role, a form."""
    return Part(text, "name")


def said_name(text: str) -> Told:
    """Return a name of the set that stands alone."""
    return Told("%(name)s", {"name": named(text)})


def pieces(sentence: Any) -> tuple[Part, ...]:
    """Return the parts of a sentence as a page shows them, also of one that was stored before."""
    if isinstance(sentence, Told):
        return sentence.parts()
    if isinstance(sentence, str):
        return (Part(sentence),)
    return tuple(Part(text, tone) for tone, text in sentence)


def series(texts: Iterable[Any], separator: str = ", ") -> Told:
    """Return `a, b, c`, each as it is told."""
    values = {f"one_{place}": text for place, text in enumerate(texts)}
    return Told(separator.join(f"%({name})s" for name in values), values)


def located(file: str, problem: str) -> Told:
    """Return a sentence behind the name of the file that it is about."""
    return Told(_LOCATED, {"file": file, "problem": problem})


def without_file(message: str, file: str) -> str:
    """Return a sentence without the name of the file in front of it."""
    if isinstance(message, Told):
        same = message.text == _LOCATED and source(message.values["file"]) == file
        return message.values["problem"] if same else message
    return message.removeprefix(f"{file}:").strip()


def message_of(error: BaseException) -> str:
    """Return the sentence of an error such that it can still be told in any language."""
    first = error.args[0] if len(error.args) == 1 else None
    return first if isinstance(first, Told) else str(error)


# -- long values -----------------------------------------------------------------------------------


def _first_difference(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    same = next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))
    return max(0, same - BEFORE_DIFFERENCE)


def _excerpt(text: str, start: int) -> str:
    if len(text) <= SHOWN:
        return text
    shown = text[start : start + SHOWN]
    left = "… " if start else ""
    right = " …" if start + SHOWN < len(text) else ""
    return f"{left}{shown}{right}"


# -- storing them ----------------------------------------------------------------------------------


def packed(value: Any) -> Any:
    """Return data in which each sentence has become key and values, as JSON stores it."""
    if isinstance(value, Told):
        found: dict[str, Any] = {_TOLD: value.text, "with": packed(value.values)}
        if value.many:
            found |= {"many": value.many, "count": value.number}
        return found | {"subject": True} if value.is_subject else found
    if isinstance(value, Part):
        found = {_PART: packed(value.text), "tone": value.tone}
        return found if value.beside is None else found | {"beside": packed(value.beside)}
    if isinstance(value, Mapping):
        return {key: packed(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [packed(one) for one in value]
    return value


def is_packed(value: Any) -> bool:
    """Return whether `packed` made this from a sentence."""
    return isinstance(value, Mapping) and _TOLD in value


def unpacked(value: Any) -> Any:
    """Return data as it was before `packed`."""
    if isinstance(value, list):
        return [unpacked(one) for one in value]
    if not isinstance(value, dict):
        return value
    if _TOLD in value:
        count, many = value.get("count", 0), value.get("many", "")
        is_subject = value.get("subject", False)
        return Told(value[_TOLD], unpacked(value["with"]), many, count, is_subject=is_subject)
    if _PART in value:
        beside = unpacked(value.get("beside"))
        return Part(unpacked(value[_PART]), value.get("tone", "plain"), beside)
    return {key: unpacked(one) for key, one in value.items()}


def written(text: str) -> str:
    """Return a sentence as one line of a text column; a plain text as it is."""
    return json.dumps(packed(text), ensure_ascii=False) if isinstance(text, Told) else text


def read(text: str) -> str:
    """Return what `written` wrote; a text of before as it is."""
    if not text.startswith(f'{{"{_TOLD}"'):
        return text
    try:
        found = unpacked(json.loads(text))
    except (ValueError, KeyError, AttributeError, TypeError):
        return text
    return found if isinstance(found, Told) else text


def spoken(value: Any) -> Any:
    """Return data with each sentence as it is read now, for programs in a page."""
    if isinstance(value, Told):
        return str(value)
    if isinstance(value, Mapping):
        return {key: spoken(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [spoken(one) for one in value]
    return value
