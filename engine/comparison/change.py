"""One difference between two sets of process files, as data and as a sentence for people."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from string import Formatter
from typing import Any, Final, Literal

Weight = Literal["meaning", "wording", "layout"]
"""`meaning`: something else happens; `wording`: people read something else; `layout`: neither."""
Kind = Literal["added", "removed", "changed"]
WEIGHTS: Final[tuple[Weight, ...]] = ("meaning", "wording", "layout")
SHOWN: Final = 160
BEFORE_DIFFERENCE: Final = 40


@dataclass(frozen=True)
class Part:
    """A piece of a sentence; a page sets names and values apart, a terminal marks them."""

    text: str
    tone: Literal["plain", "name", "value"] = "plain"


Sentence = tuple[Part, ...]


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
    sentence: Sentence = field(default=(), compare=False)

    @property
    def name(self) -> str:
        """Return what people call the element: the first name in the sentence."""
        return next((part.text for part in self.sentence if part.tone == "name"), "")

    def mirrored(self) -> "Change":
        """Return what the comparison the other way round says; without the sentence."""
        kinds: dict[str, Kind] = {"added": "removed", "removed": "added", "changed": "changed"}
        return replace(
            self, kind=kinds[self.kind], before=self.after, after=self.before, sentence=()
        )


def came_or_went(came: bool) -> Kind:
    """Return whether something is new or gone."""
    return "added" if came else "removed"


def named(text: str) -> Part:
    """Return a name as a piece of a sentence, on one line."""
    return Part(" ".join(text.split()) or "without a name", "name")


def valued(text: str) -> Part:
    """Return a value as a piece of a sentence, on one line; an empty one is nothing."""
    told = " ".join(text.split())
    return Part(told, "value") if told else Part("nothing")


def say(template: str, **pieces: Part | Sentence | str) -> Sentence:
    """Return a sentence: `say("Step {step} is new.", step=named("Decide"))`."""
    return tuple(part for part in _pieces(template, pieces) if part.text)


def _pieces(template: str, pieces: dict[str, Part | Sentence | str]) -> Iterator[Part]:
    begun = False
    for literal, name, _, _ in Formatter().parse(template):
        yield Part(literal)
        begun = begun or bool(literal)
        if name is not None:
            piece = pieces[name]
            if isinstance(piece, str):
                yield Part(piece)
            elif isinstance(piece, Part):
                yield piece
            else:
                yield from _inside(piece) if begun else piece
        begun = begun or name is not None


def _inside(piece: Sentence) -> Sentence:
    """Return a piece as it stands in the middle of a sentence: without its capital."""
    if not piece or piece[0].tone != "plain":
        return piece
    text = piece[0].text
    return (replace(piece[0], text=f"{text[:1].lower()}{text[1:]}"), *piece[1:])


def marked(sentence: Sentence) -> str:
    """Return the sentence for a terminal: names between `*`, values between `**`."""
    marks = {"plain": "", "name": "*", "value": "**"}
    return "".join(f"{marks[part.tone]}{part.text}{marks[part.tone]}" for part in sentence)


def excerpts(before: str, after: str) -> tuple[str, str]:
    """Return both texts, of long ones what stands around the first difference."""
    old, new = " ".join(before.split()), " ".join(after.split())
    same = next(
        (place for place, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
        min(len(old), len(new)),
    )
    start = max(0, same - BEFORE_DIFFERENCE)
    return _excerpt(old, start), _excerpt(new, start)


def _excerpt(text: str, start: int) -> str:
    if len(text) <= SHOWN:
        return text
    shown = text[start : start + SHOWN]
    left = "… " if start else ""
    right = " …" if start + SHOWN < len(text) else ""
    return f"{left}{shown}{right}"
