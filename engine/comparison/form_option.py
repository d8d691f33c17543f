"""Compares the answers that a question offers, and the columns that a table shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.comparison.change import Change, Kind, Sentence, Weight, came_or_went, named, say
from engine.comparison.place import numbered
from engine.form import Form, Option, Type
from engine.form.formula import Formula
from engine.language import mark


@dataclass(frozen=True)
class Forms:
    """The two versions of a form."""

    before: Form
    after: Form

    def change(
        self,
        element: str,
        attribute: str,
        values: tuple[Any, Any],
        sentence: Sentence,
        *,
        weight: Weight = "meaning",
        kind: Kind = "changed",
        aspect: str = "",
    ) -> Change:
        """Return a difference; `values` are before and after."""
        return Change(
            kind,
            self.after.file,
            element,
            attribute,
            _data(values[0]),
            _data(values[1]),
            weight,
            aspect,
            sentence=sentence,
        )


def _data(value: Any) -> Any:
    """Return a value of the model as JSON has it."""
    if isinstance(value, Formula):
        return f"={value.source}"
    if isinstance(value, tuple):
        return [_data(one) for one in value]
    if isinstance(value, Option):
        return [value.value, value.label]
    return str(value) if isinstance(value, Type) else value


def compare_options(
    forms: Forms,
    place: str,
    here: Sentence,
    attribute: str,
    both: tuple[tuple[Option, ...], tuple[Option, ...]],
) -> Iterator[Change]:
    """Yield answers or columns that came, went or are worded otherwise, and another order."""
    old, new = (dict(zip(numbered(one.code for one in side), side, strict=True)) for side in both)
    for key in [*old, *(key for key in new if key not in old)]:
        before, after = old.get(key), new.get(key)
        if repr(before) == repr(after):
            continue
        option = after or before
        label = named(option.label if option else key[0])
        weight: Weight = "meaning"
        kind: Kind = "changed"
        if before is None or after is None:
            kind = came_or_went(before is None)
            template = mark("%(here)s offers %(label)s, which is new.")
            if after is None:
                template = mark("%(here)s no longer offers %(label)s.")
        elif before.label != after.label:
            weight, template = (
                "wording",
                mark("%(here)s calls the answer %(before)s now %(label)s."),
            )
        else:
            template = mark("%(here)s stores another kind of value for %(label)s.")
        sentence = say(
            template, here=here, label=label, before=named(before.label if before else "")
        )
        values = before and before.label, after and after.label
        yield forms.change(
            place, attribute, values, sentence, weight=weight, kind=kind, aspect=key[0]
        )
    orders = [[key for key in one if key in old and key in new] for one in (old, new)]
    if orders[0] != orders[1]:
        sentence = say("%(here)s offers its answers in another order.", here=here)
        codes = [one.code for one in both[0]], [one.code for one in both[1]]
        yield forms.change(place, f"{attribute} order", codes, sentence, weight="layout")
