"""Tells a comparison: for people file by file, and for machines."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from engine.comparison.change import Change, marked
from engine.comparison.comparison import title_of
from engine.comparison.consequence import Consequences
from engine.comparison.side import Side
from engine.inheritance import PROFILE, PROFILE_RULES, RULES, SELFCHECK
from engine.wordbook import language_of


def as_text(
    old: Side, new: Side, changes: Iterable[Change], consequences: Consequences | None = None
) -> str:
    """Return the report with a closing sentence; names stand between `*`, values between `**`."""
    found = list(changes)
    lines = [f"What changes from {old.title} to {new.title}:", ""] if found else []
    names = titles(old) | titles(new)
    for file in dict.fromkeys(change.file for change in found):
        lines.append(names.get(file, file))
        lines += [f"  - {told}" for told in _told(found, file)]
        lines.append("")
    if consequences is not None:
        lines += _consequences(consequences)
    return "\n".join([*lines, closing(found)])


def titles(side: Side) -> dict[str, str]:
    """Return what people call each file."""
    models: dict[str, Any] = {**side.drawings, **side.decisions, **side.forms}
    found = {path: f"{title_of(path, model)} ({path})" for path, model in models.items()}
    found |= {path: f"The language {one}" for path in side.files if (one := language_of(path))}
    return found | {
        PROFILE: "The profile",
        SELFCHECK: "The self-check",
        RULES: "The safety rules",
        PROFILE_RULES: "The profile's rules",
    }


def _told(changes: list[Change], file: str) -> Iterator[str]:
    own = [change for change in changes if change.file == file]
    yield from (marked(change.sentence) for change in own if change.weight != "layout")
    drawn = [change for change in own if change.weight == "layout"]
    if drawn:
        yield layout_words(drawn, alone=len(drawn) == len(own))


def layout_words(changes: list[Change], *, alone: bool) -> str:
    """Return one sentence for everything that is only drawn in another way."""
    count = f"{len(changes)} {'thing' if len(changes) == 1 else 'things'}"
    if alone:
        return f"Only the drawing moved: {count}. What happens and what people read is the same."
    return f"Besides, the drawing moved: {count}."


def _consequences(found: Consequences) -> Iterator[str]:
    if found.rules or found.unproved:
        yield "What this does to the safety rules"
        if found.unproved:
            yield f"  - {found.unproved}"
        for effect in found.rules:
            yield f"  - {effect.sentence}"
            yield from (f"    {line}" for line in effect.told)
        yield ""
    if found.cases:
        yield "What this does to running cases"
        yield from (f"    {line}" if line[0] == " " else f"  - {line}" for line in found.cases)
        yield ""


def closing(changes: Iterable[Change]) -> str:
    """Return one sentence: how much changed, by weight."""
    weights = Counter(change.weight for change in changes)
    if not weights:
        return "No change: both sides say the same."
    parts = [
        _count(weights["meaning"], "change of meaning", "changes of meaning"),
        _count(weights["wording"], "of wording", "of wording"),
        _count(weights["layout"], "of the drawing alone", "of the drawing alone"),
    ]
    told = ", ".join(part for part in parts if part)
    return told if weights["meaning"] else f"No change of meaning; {told}."


def _count(number: int, one: str, several: str) -> str:
    if not number:
        return ""
    return f"{number} {one if number == 1 else several}"


def as_json(
    old: Side, new: Side, changes: Iterable[Change], consequences: Consequences | None = None
) -> str:
    """Return the changes as data, each with its sentence, for pages and other programs."""
    found = list(changes)
    report: dict[str, Any] = {
        "old": old.title,
        "new": new.title,
        "changes": [_data(change) for change in found],
        "counts": dict(Counter(change.weight for change in found)),
    }
    if consequences is not None:
        report |= consequences.as_dict()
    return orjson.dumps(report, option=orjson.OPT_INDENT_2, default=str).decode()


def _data(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "file": change.file,
        "element": change.element,
        "name": change.name,
        "attribute": change.attribute,
        "aspect": change.aspect,
        "before": change.before,
        "after": change.after,
        "weight": change.weight,
        "sentence": marked(change.sentence),
        "parts": [[part.tone, part.text] for part in change.sentence],
    }
