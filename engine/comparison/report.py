"""Tells a comparison: for people file by file, and for machines."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from engine.comparison.change import WEIGHTS, Change, marked
from engine.comparison.comparison import title_of
from engine.comparison.consequence import Consequences
from engine.comparison.side import Side
from engine.inheritance import PROFILE, PROFILE_RULES, RULES, SELFCHECK
from engine.language.telling import Told, counted, named, series, told
from engine.wordbook import language_of


def as_text(
    old: Side, new: Side, changes: Iterable[Change], consequences: Consequences | None = None
) -> str:
    """Return the report with a closing sentence; names stand between `*`, values between `**`."""
    found = list(changes)
    lines = (
        [str(told("What changes from %(old)s to %(new)s:", old=old.title, new=new.title)), ""]
        if found
        else []
    )
    names = titles(old) | titles(new)
    for file in dict.fromkeys(change.file for change in found):
        lines.append(str(names.get(file, file)))
        lines += [f"  - {told}" for told in _told(found, file)]
        lines.append("")
    if consequences is not None:
        lines += _consequences(consequences)
    return "\n".join([*lines, str(closing(found))])


def titles(side: Side) -> dict[str, str]:
    """Return what people call each file."""
    models: dict[str, Any] = {**side.drawings, **side.decisions, **side.forms}
    found: dict[str, str] = {
        path: Told("%(title)s (%(path)s)", {"title": named(title_of(path, model)), "path": path})
        for path, model in models.items()
    }
    found |= {
        path: told("The language %(language)s", language=one)
        for path in side.files
        if (one := language_of(path))
    }
    return found | {
        PROFILE: told("The profile"),
        SELFCHECK: told("The self-check"),
        RULES: told("The safety rules"),
        PROFILE_RULES: told("The profile's rules"),
    }


def _told(changes: list[Change], file: str) -> Iterator[str]:
    own = [change for change in changes if change.file == file]
    yield from (marked(change.sentence) for change in own if change.weight != "layout")
    drawn = [change for change in own if change.weight == "layout"]
    if drawn:
        yield str(layout_words(drawn, alone=len(drawn) == len(own)))


def layout_words(changes: list[Change], *, alone: bool) -> str:
    """Return one sentence for everything that is only drawn in another way."""
    if alone:
        return counted(
            "Only the drawing moved: %(count)s thing. What happens and what people read is the "
            "same.",
            "Only the drawing moved: %(count)s things. What happens and what people read is the "
            "same.",
            len(changes),
        )
    return counted(
        "Besides, the drawing moved: %(count)s thing.",
        "Besides, the drawing moved: %(count)s things.",
        len(changes),
    )


def _consequences(found: Consequences) -> Iterator[str]:
    if found.rules or found.unproved:
        yield str(told("What this does to the safety rules"))
        if found.unproved:
            yield f"  - {found.unproved}"
        for effect in found.rules:
            yield f"  - {effect.sentence}"
            yield from (f"    {line}" for line in effect.told)
        yield ""
    if found.cases:
        yield str(told("What this does to running cases"))
        yield from (f"    {line}" if line[0] == " " else f"  - {line}" for line in found.cases)
        yield ""


def closing(changes: Iterable[Change]) -> str:
    """Return one sentence: how much changed, by weight."""
    weights = Counter(change.weight for change in changes)
    if not weights:
        return told("No change: both sides say the same.")
    meaning, wording, drawn = (weights[one] for one in WEIGHTS)
    parts = [
        (meaning, counted("%(count)s change of meaning", "%(count)s changes of meaning", meaning)),
        (wording, counted("%(count)s of wording", "%(count)s of wording", wording)),
        (
            drawn,
            counted("%(count)s of the drawing alone", "%(count)s of the drawing alone", drawn),
        ),
    ]
    words = series(part for amount, part in parts if amount)
    return words if meaning else told("No change of meaning; %(changes)s.", changes=words)


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
        "parts": [[part.tone, part.text] for part in change.sentence.parts()],
    }
