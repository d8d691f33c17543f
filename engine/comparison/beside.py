"""Compares what stands beside the steps: messages and errors, pools, notes and data objects."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final

from engine.comparison.change import (
    Change,
    Sentence,
    Weight,
    came_or_went,
    excerpts,
    named,
    say,
    valued,
)
from engine.comparison.phrase import plain
from engine.comparison.place import Pair, numbered
from engine.drawing import Drawing
from engine.drawing.vocabulary import words_for
from engine.language import mark
from engine.language.telling import told

KINDS: Final[dict[str, tuple[str, Weight]]] = {
    "messages": (mark("message"), "meaning"),
    "signals": (mark("signal"), "meaning"),
    "errors": (mark("error"), "meaning"),
    "escalations": (mark("escalation"), "meaning"),
    "participants": (mark("pool"), "wording"),
    "message_flows": (mark("message flow, which is drawn only,"), "wording"),
    "artifacts": ("", "wording"),
}
"""The lists of a drawing, what one of them is called, and what a change of it weighs."""


def compare_beside(pair: Pair) -> Iterator[Change]:
    """Yield every difference of what is drawn or defined beside the processes' steps."""
    for attribute, (words, weight) in KINDS.items():
        old, new = _by_id(pair.before, attribute), _by_id(pair.after, attribute)
        for key in [*old, *(key for key in new if key not in old)]:
            yield from _one(pair, words, weight, (old.get(key), new.get(key)))


def _by_id(drawing: Drawing, attribute: str) -> Mapping[tuple[str, int], Any]:
    found: Sequence[Any] = getattr(drawing, attribute)
    if attribute == "artifacts":
        found = [*found, *(one for process in drawing.processes for one in process.artifacts)]
    return dict(zip(numbered(one.id for one in found), found, strict=True))


def _one(
    pair: Pair, words: str, weight: Weight, both: tuple[Any | None, Any | None]
) -> Iterator[Change]:
    before, after = both
    found: Any = after if before is None else before
    what = told(words or words_for(found.kind))
    if before is None or after is None:
        text = mark("The %(what)s %(name)s is gone.")
        if before is None:
            text = mark("The %(what)s %(name)s is new.")
        sentence = say(text, what=what, name=named(found.name or found.id))
        values = before and [found.id, found.name], after and [found.id, found.name]
        kind = came_or_went(before is None)
        yield pair.change(found.id, "", values, sentence, kind=kind, weight=weight)
        return
    for one in fields(before):
        pairs = getattr(before, one.name), getattr(after, one.name)
        if pairs[0] != pairs[1]:
            sentence = _sentence(what, after.name or after.id, one.name, pairs)
            yield pair.change(after.id, one.name, pairs, sentence, weight=weight)


def _sentence(what: Sentence, name: str, attribute: str, values: tuple[Any, Any]) -> Sentence:
    before, after = excerpts(plain(values[0]), plain(values[1]))
    if attribute == "name":
        template = mark("The %(what)s %(before)s is now called %(after)s.")
        return say(template, what=what, before=named(before), after=named(after))
    return say(
        "The %(what)s %(name)s has another %(attribute)s: %(after)s instead of %(before)s.",
        what=what,
        name=named(name),
        attribute=attribute.replace("_", " "),
        before=valued(before),
        after=valued(after),
    )
