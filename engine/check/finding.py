"""One sentence about one place of one file: what is wrong and how to mend it."""

from dataclasses import dataclass, field
from typing import Literal

from engine.drawing import Artifact, Drawing, Element, Flow, Lane, Process
from engine.drawing.vocabulary import EVENT_WORDS, words_for
from engine.language.telling import Told, source, told

Severity = Literal["error", "warning"]

# Stands for the file as a whole where no element can be named.
WHOLE_FILE = "file"


@dataclass(frozen=True, order=True)
class Finding:
    """What `casetable check` says; printed as `file:element: message`.

    Which finding it is hangs on place, code and values, not on the words of the message.
    """

    file: str
    element: str
    code: str
    message: str = field(compare=False)
    severity: Severity = "error"
    about: tuple[str, ...] = field(init=False, default=())
    """The values in the message, by which two findings of one code at one place differ."""

    def __post_init__(self) -> None:
        """Take the values from the message; a message of somebody else is its own value."""
        object.__setattr__(self, "about", _values(self.message))

    def __str__(self) -> str:
        return str(self.told)

    @property
    def told(self) -> Told:
        """Return the finding with its place, to be told later."""
        return Told(
            "%(file)s:%(element)s: %(message)s",
            {"file": self.file, "element": self.element, "message": self.message},
        )


def _values(message: str) -> tuple[str, ...]:
    if not isinstance(message, Told):
        return (source(message),)
    given = (value for _, value in sorted(message.values.items()))
    return tuple(
        ":".join((value.text, *_values(value))) if isinstance(value, Told) else str(value)
        for value in given
    )


def kind_words(kind: str) -> Told:
    """Return what an element of a kind is called, to be told later."""
    return told(words_for(kind))


def event_words(kind: str) -> Told:
    """Return what an event of a kind is called, to be told later."""
    return told(EVENT_WORDS.get(kind, kind))


def with_article(kind: str, one: str, other: str) -> str:
    """Return the sentence that fits the English article of a kind: `a`, or `an`."""
    return other if kind[:1] in "aeiou" else one


Place = Element | Flow | Process | Lane | Artifact | str


def error(source: Drawing | str, place: Place, code: str, message: str) -> Finding:
    """Return a finding that keeps the diagram from being executed."""
    return Finding(_file(source), _element(place), code, message, "error")


def warning(source: Drawing | str, place: Place, code: str, message: str) -> Finding:
    """Return a finding that a person should look at; the diagram runs all the same."""
    return Finding(_file(source), _element(place), code, message, "warning")


def _file(source: Drawing | str) -> str:
    return source if isinstance(source, str) else source.file


def _element(place: Place) -> str:
    return (place if isinstance(place, str) else place.id) or WHOLE_FILE
