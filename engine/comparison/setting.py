"""Compares the settings of a step: due date, form, operator, its parameters, its repetition."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Final

from engine.comparison.change import Change, Sentence, Weight, excerpts, say, valued
from engine.comparison.phrase import expression, plain, setting
from engine.comparison.place import Pair
from engine.comparison.side import Side
from engine.drawing import Element, MultiInstance
from engine.drawing.role import ROLE_PROPERTY
from engine.language import mark
from engine.language.telling import told

Told = Callable[[str, Side], str]


def _as_written(text: str, side: Side) -> str:
    del side
    return text


def _as_role(text: str, side: Side) -> str:
    return side.role(text) if text else ""


PROPERTIES: Final[dict[str, tuple[str, Told, Weight]]] = {
    "dueIn": (mark("%(here)s is due in %(after)s instead of %(before)s."), setting, "meaning"),
    "remindBefore": (
        mark("%(here)s is reminded of %(after)s before it is due instead of %(before)s."),
        setting,
        "meaning",
    ),
    "escalateTo": (
        mark("When %(here)s is late, %(after)s is told instead of %(before)s."),
        _as_role,
        "meaning",
    ),
    ROLE_PROPERTY: (
        mark("%(here)s names %(after)s as its role instead of %(before)s."),
        _as_role,
        "meaning",
    ),
    "formRef": (
        mark("%(here)s shows the form %(after)s instead of %(before)s."),
        _as_written,
        "meaning",
    ),
    "recordWith": (
        mark("%(here)s is recorded by %(after)s instead of %(before)s."),
        _as_written,
        "meaning",
    ),
    "notDoneBy": (
        mark(
            "%(here)s may not be done by whoever did %(after)s; before, by whoever did %(before)s."
        ),
        _as_written,
        "meaning",
    ),
    "milestone": (
        mark("%(here)s counts as the milestone %(after)s instead of %(before)s."),
        _as_written,
        "meaning",
    ),
    "stage": (
        mark("%(here)s belongs to the stage %(after)s instead of %(before)s."),
        _as_written,
        "meaning",
    ),
    "guidance": (
        mark("The guidance of %(here)s is now %(after)s; it was %(before)s."),
        _as_written,
        "wording",
    ),
    "consequence": (
        mark("The button of %(here)s now says %(after)s; it said %(before)s."),
        _as_written,
        "wording",
    ),
}
"""Our own settings (processes/README.md): the sentence, how a value is told, its weight."""
_OTHER: Final[tuple[str, Told, Weight]] = (
    mark("%(here)s has the setting %(name)s %(after)s instead of %(before)s."),
    _as_written,
    "meaning",
)

REPETITION: Final = {
    "sequential": mark("%(here)s is now done %(how)s."),
    "collection": mark("%(here)s is done once for each of %(after)s instead of %(before)s."),
    "item": mark("In %(here)s, each one is called %(after)s instead of %(before)s."),
    "output": mark("%(here)s collects its answers in %(after)s instead of %(before)s."),
    "output_item": mark("In %(here)s, each answer is called %(after)s instead of %(before)s."),
    "cardinality": mark("%(here)s is done %(after)s times instead of %(before)s."),
    "completion_condition": mark(
        "%(here)s is over as soon as %(after)s; before, as soon as %(before)s."
    ),
}


def compare_properties(
    pair: Pair, element: str, here: Sentence, old: Mapping[str, str], new: Mapping[str, str]
) -> Iterator[Change]:
    """Yield the settings that differ."""
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        template, told, weight = PROPERTIES.get(name, _OTHER)
        shown = excerpts(told(before or "", pair.old), told(after or "", pair.new))
        sentence = say(
            template,
            here=here,
            name=valued(name),
            before=valued(shown[0]),
            after=valued(shown[1]),
        )
        yield pair.change(
            element, "properties", (before, after), sentence, weight=weight, aspect=name
        )


def compare_parameters(pair: Pair, here: Sentence, old: Element, new: Element) -> Iterator[Change]:
    """Yield what the system is given otherwise for a step of its own."""
    before = {one.name: one for one in old.parameters}
    after = {one.name: one for one in new.parameters}
    for name in sorted({*before, *after}):
        left, right = before.get(name), after.get(name)
        if left == right:
            continue
        values = left and [left.type, left.value], right and [right.type, right.value]
        sentence = say(
            "%(here)s is given %(name)s: %(after)s instead of %(before)s.",
            here=here,
            name=valued(name),
            before=valued(expression(left.value, pair.old) if left else ""),
            after=valued(expression(right.value, pair.new) if right else ""),
        )
        if left and right and left.value == right.value:
            sentence = say(
                "%(here)s is given %(name)s as %(after)s instead of %(before)s.",
                here=here,
                name=valued(name),
                before=valued(left.type),
                after=valued(right.type),
            )
        yield pair.change(new.id, "parameters", values, sentence, aspect=name)
    if before == after or len(before) != len(old.parameters) or len(after) != len(new.parameters):
        yield from _repeated(pair, here, old, new)


def _repeated(pair: Pair, here: Sentence, old: Element, new: Element) -> Iterator[Change]:
    """Tell parameters of which two have one name, where the last does not say everything."""
    values = tuple(
        [[one.name, one.type, one.value] for one in side.parameters] for side in (old, new)
    )
    counts = [sorted(one) for one in values]
    if counts[0] != counts[1]:
        sentence = say(
            "%(here)s is given something else under a name that it has twice.", here=here
        )
        yield pair.change(new.id, "parameters", (values[0], values[1]), sentence)


def compare_repetition(
    pair: Pair, here: Sentence, old: Element, new: Element, attribute: str
) -> Iterator[Change]:
    """Yield how the repetition of a step differs."""
    before, after = old.multi_instance, new.multi_instance
    if before is None or after is None:
        each = valued((before or after or MultiInstance()).collection)
        template = mark("%(here)s is now done once for each of %(each)s, no longer once.")
        if after is None:
            template = mark("%(here)s is now done once, no longer once for each of %(each)s.")
        sentence = say(template, here=here, each=each)
        yield pair.change(new.id, attribute, (_listed(before), _listed(after)), sentence)
        return
    for one in fields(MultiInstance):
        values = getattr(before, one.name), getattr(after, one.name)
        if values[0] != values[1]:
            sentence = say(
                REPETITION[one.name],
                here=here,
                how=valued(
                    told("one after the other") if after.sequential else told("all at once")
                ),
                before=valued(plain(values[0])),
                after=valued(plain(values[1])),
            )
            yield pair.change(new.id, attribute, values, sentence, aspect=one.name)


def _listed(found: MultiInstance | None) -> list[str] | None:
    if found is None:
        return None
    return [f"{one.name}: {plain(getattr(found, one.name))}" for one in fields(MultiInstance)]
