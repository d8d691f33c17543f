"""One difference between two sets of process files, as data and as a sentence for people."""

from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, NamedTuple

from engine.language.telling import Part, Told, told

Weight = Literal["meaning", "wording", "layout"]
"""`meaning`: something else happens; `wording`: people read something else; `layout`: neither."""
Kind = Literal["added", "removed", "changed"]
WEIGHTS: Final[tuple[Weight, ...]] = ("meaning", "wording", "layout")
NOTHING_SAID: Final = Told("")


Sentence = Told
"""A sentence with names and values set apart; see `engine.language.telling`."""


class Excerpt(NamedTuple):
    """A value that may be long, with the one that it is compared with."""

    text: str
    beside: str


@dataclass(frozen=True)
class Change:
    """One difference.

    `file` is the path, `element` the id of what differs (empty for a whole file), `attribute` what
    about it (empty when it was added or removed). `before` and `after` are as the files say it:
    text, number, yes or no, a list of texts, or None where there is nothing. `aspect` tells apart
    several differences of one attribute: the name of a property, of a parameter, of a column.
    """

    kind: Kind
    file: str
    element: str
    attribute: str
    before: Any
    after: Any
    weight: Weight
    aspect: str = ""
    sentence: Sentence = field(default=NOTHING_SAID, compare=False)

    @property
    def name(self) -> str:
        """Return what people call the element: the first name in the sentence."""
        parts = self.sentence.parts()
        return next((part.text for part in parts if part.tone == "name"), "")

    def mirrored(self) -> "Change":
        """Return what the comparison the other way round says; without the sentence."""
        kinds: dict[str, Kind] = {"added": "removed", "removed": "added", "changed": "changed"}
        return replace(
            self, kind=kinds[self.kind], before=self.after, after=self.before, sentence=NOTHING_SAID
        )


def came_or_went(came: bool) -> Kind:
    """Return whether something is new or gone."""
    return "added" if came else "removed"


def named(text: str | Excerpt) -> Part:
    """Return a name as a piece of a sentence, on one line."""
    if isinstance(text, Excerpt):
        return Part(text.text or told("without a name"), "name", text.beside)
    return Part(" ".join(text.split()) or told("without a name"), "name")


def valued(text: str | Excerpt) -> Part:
    """Return a value as a piece of a sentence, on one line; an empty one is nothing."""
    value, beside = text if isinstance(text, Excerpt) else (on_one_line(text), None)
    return Part(value, "value", beside) if value else Part(told("nothing"))


def on_one_line(text: str) -> str:
    """Return a text without line breaks; what is told later has none."""
    return text if isinstance(text, Told) else " ".join(text.split())


def say(template: str, **pieces: Part | Sentence | str) -> Sentence:
    """Return a sentence, which may also begin others: `say("Step %(step)s", step=named("Ask"))`."""
    return Told(template, pieces, is_subject=True)


def marked(sentence: str) -> str:
    """Return the sentence for a terminal: names between `*`, values between `**`."""
    marks = {"plain": "", "name": "*", "value": "**"}
    parts = sentence.parts() if isinstance(sentence, Told) else (Part(sentence),)
    return "".join(f"{marks[part.tone]}{part.text}{marks[part.tone]}" for part in parts)


def excerpts(before: str, after: str) -> tuple[Excerpt, Excerpt]:
    """Return both texts; of long ones is shown what stands around the first difference."""
    old, new = on_one_line(before), on_one_line(after)
    return Excerpt(old, new), Excerpt(new, old)
