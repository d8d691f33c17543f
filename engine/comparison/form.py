"""Compares two versions of a form: its questions, and for each what is asked and when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from engine.comparison.change import Change, Sentence, Weight, excerpts, named, say, valued
from engine.comparison.form_file import file_facts, raw_facts
from engine.comparison.form_option import Forms, compare_options
from engine.comparison.phrase import condition, plain
from engine.comparison.side import Side
from engine.form import Component, Form, Type
from engine.form.formula import Formula
from engine.language import mark
from engine.language.telling import told

NAMED: Final = mark(
    {
        Type.TEXT: "Text %(name)s",
        Type.GROUP: "Group %(name)s",
        Type.DYNAMICLIST: "List %(name)s",
    }
)
FIELD: Final = mark("Question %(name)s")
PART: Final = mark("Part %(name)s")
KEPT: Final = mark(
    {
        "process": "the process, which sees it",
        "case": "the case file",
        "sensitive": "the case file, as sensitive",
        "source": "the case file, as part of the source",
    }
)
TEMPLATES: Final[dict[str, tuple[str, Weight]]] = {
    "type": (mark("%(here)s is now asked as a %(after)s instead of a %(before)s."), "meaning"),
    "label": (mark("%(here)s was worded %(before)s."), "wording"),
    "text": (mark("%(here)s now says %(after)s; it said %(before)s."), "wording"),
    "hint": (mark("The hint of %(here)s is now %(after)s; it was %(before)s."), "wording"),
    "field_class": (
        mark("The answer to %(here)s goes to %(after)s instead of %(before)s."),
        "meaning",
    ),
    "level": (
        mark("The answer to %(here)s is seen by %(after)s instead of %(before)s."),
        "meaning",
    ),
    "hide": (mark("%(here)s is hidden when %(after)s; before, when %(before)s."), "meaning"),
    "default": (mark("%(here)s begins with %(after)s instead of %(before)s."), "meaning"),
    "prefill": (mark("%(here)s is filled in with %(after)s instead of %(before)s."), "meaning"),
    "formula": (mark("%(here)s calculates %(after)s instead of %(before)s."), "meaning"),
    "options_directory": (mark("%(here)s offers %(after)s instead of %(before)s."), "meaning"),
    "row_label": (
        mark("In %(here)s, each row is called %(after)s instead of %(before)s."),
        "wording",
    ),
    "container": (mark("%(here)s moves from %(before)s to %(after)s."), "meaning"),
}
_OTHER: Final[tuple[str, Weight]] = (
    mark("%(here)s has the setting %(attribute)s %(after)s instead of %(before)s."),
    "meaning",
)
RULES: Final = {
    "minimum": mark("%(here)s takes numbers from %(after)s instead of %(before)s."),
    "maximum": mark("%(here)s takes numbers up to %(after)s instead of %(before)s."),
    "min_length": mark("%(here)s needs %(after)s characters at least instead of %(before)s."),
    "max_length": mark("%(here)s takes %(after)s characters at most instead of %(before)s."),
    "earliest": mark("%(here)s takes dates from %(after)s instead of %(before)s."),
    "latest": mark("%(here)s takes dates up to %(after)s instead of %(before)s."),
    "min_rows": mark("%(here)s needs %(after)s rows at least instead of %(before)s."),
    "max_rows": mark("%(here)s takes %(after)s rows at most instead of %(before)s."),
}
UNREAD: Final = frozenset(
    {"id", "place", "key", "components", "raw", "options", "rules", "columns"}
)
"""Fields of a component that are told in another way, or only say where it stands."""


@dataclass(frozen=True)
class Placed:
    """A component and the component around it, as its key in the report."""

    component: Component
    container: str


def compare_forms(old: Side, new: Side, before: Form, after: Form) -> Iterator[Change]:
    """Yield every difference of a form that is on both sides."""
    del old, new
    forms = Forms(before, after)
    for attribute, weight in (("title", "wording"), ("id", "meaning")):
        values = getattr(before, attribute), getattr(after, attribute)
        if values[0] != values[1]:
            sentence = say(
                "The form %(before)s is now called %(after)s.",
                before=named(values[0]),
                after=named(values[1]),
            )
            heavy: Weight = "wording" if weight == "wording" else "meaning"
            yield forms.change("", attribute, values, sentence, weight=heavy)
    earlier, later = placed(before), placed(after)
    yield from _questions(forms, earlier, later)
    yield from _order(forms, earlier, later)
    yield from _beside(forms, earlier, later)


def placed(form: Form) -> dict[str, Placed]:
    """Return the components by key, with the lists around it; those without a key by id."""
    found: dict[str, Placed] = {}
    pending = [(component, "", "") for component in reversed(form.components)]
    while pending:
        component, rows, container = pending.pop()
        own = component.key or component.id
        key = f"{rows}.{own}" if rows else own
        number = 1
        unique = key
        while unique in found:
            number += 1
            unique = f"{key} ({number})"
        found[unique] = Placed(component, container)
        inner = key if component.type is Type.DYNAMICLIST else rows
        pending += [(child, inner, unique) for child in reversed(component.components)]
    return found


def called(component: Component) -> Sentence:
    """Return `Question *Label*`, `Text *...*`, `List *...*`."""
    text = NAMED.get(component.type, FIELD if component.keyed else PART)
    name = component.label or component.text or component.key or component.place
    return say(text, name=named(excerpts(name, name)[0]))


def _questions(
    forms: Forms, old: Mapping[str, Placed], new: Mapping[str, Placed]
) -> Iterator[Change]:
    form = named(forms.after.title)
    for key, one in old.items():
        if key not in new:
            here = called(one.component)
            sentence = say("%(here)s of the form %(form)s is gone.", here=here, form=form)
            yield forms.change(key, "", (_summary(one), None), sentence, kind="removed")
    for key, one in new.items():
        if key not in old:
            here = called(one.component)
            template = mark("%(here)s of the form %(form)s is new.")
            if one.component.rules.required:
                template = mark("%(here)s of the form %(form)s is new and has to be answered.")
            sentence = say(template, here=here, form=form)
            yield forms.change(key, "", (None, _summary(one)), sentence, kind="added")
        else:
            here = say("%(here)s of the form %(form)s", here=called(one.component), form=form)
            yield from _question(forms, key, here, old[key], one)


def _summary(one: Placed) -> list[str]:
    found = one.component
    return [found.type.value, found.label or found.text, found.field_class or "", one.container]


def _question(forms: Forms, key: str, here: Sentence, old: Placed, new: Placed) -> Iterator[Change]:
    before, after = old.component, new.component
    listed = [one.name for one in fields(Component) if one.name not in UNREAD]
    pairs = {name: (getattr(before, name), getattr(after, name)) for name in listed}
    pairs["container"] = old.container, new.container
    for name, values in pairs.items():
        if repr(values[0]) != repr(values[1]):  # 1 and yes are equal, and not the same answer
            yield _setting(forms, key, here, name, values)
    yield from _rules(forms, key, here, before, after)
    yield from compare_options(forms, key, here, "options", (before.options, after.options))
    yield from compare_options(forms, key, here, "columns", (before.columns, after.columns))


def _setting(
    forms: Forms, key: str, here: Sentence, attribute: str, values: tuple[Any, Any]
) -> Change:
    template, weight = TEMPLATES.get(attribute, _OTHER)
    shown = excerpts(*(_told(attribute, value) for value in values))
    sentence = say(
        template,
        here=here,
        attribute=valued(attribute.replace("_", " ")),
        before=valued(shown[0]),
        after=valued(shown[1]),
    )
    return forms.change(key, attribute, values, sentence, weight=weight)


def _told(attribute: str, value: Any) -> str:
    if attribute == "field_class":
        return told(KEPT.get(str(value), mark("nowhere")))
    if attribute == "container":
        return value or told("the form itself")
    if attribute == "hide":
        return condition(value.source) if value is not None else told("never")
    if isinstance(value, Formula):
        return condition(value.source)
    return plain(value)


def _rules(
    forms: Forms, key: str, here: Sentence, before: Component, after: Component
) -> Iterator[Change]:
    for one in fields(before.rules):
        values = getattr(before.rules, one.name), getattr(after.rules, one.name)
        if repr(values[0]) == repr(values[1]):
            continue
        if one.name == "required":
            template = mark("%(here)s must now be answered; before, it could be left open.")
            if not after.rules.required:
                template = mark("%(here)s need no longer be answered; before, it had to be.")
        else:
            template = RULES.get(one.name, _OTHER[0])
        shown = [_told(one.name, value) for value in values]
        sentence = say(
            template,
            here=here,
            attribute=valued(one.name.replace("_", " ")),
            before=valued(shown[0] or told("any")),
            after=valued(shown[1] or told("any")),
        )
        weight: Weight = "wording" if one.name == "pattern_message" else "meaning"
        yield forms.change(key, one.name, values, sentence, weight=weight)


def _order(forms: Forms, old: Mapping[str, Placed], new: Mapping[str, Placed]) -> Iterator[Change]:
    """Yield that questions which stayed are asked in another order."""
    orders = [
        [
            key
            for key in one
            if key in old and key in new and old[key].container == new[key].container
        ]
        for one in (old, new)
    ]
    if orders[0] != orders[1]:
        sentence = say(
            "The form %(form)s asks its questions in another order.", form=named(forms.after.title)
        )
        yield forms.change("", "order", (orders[0], orders[1]), sentence, weight="layout")


def _beside(forms: Forms, old: Mapping[str, Placed], new: Mapping[str, Placed]) -> Iterator[Change]:
    """Yield what the files hold beside what the model of forms reads."""
    before, after = file_facts(forms.before.schema), file_facts(forms.after.schema)
    here = say("The file of the form %(form)s", form=named(forms.after.title))
    yield from _facts(forms, "", here, before, after)
    for key, one in new.items():
        if key in old:
            place = say(
                "%(here)s of the form %(form)s",
                here=called(one.component),
                form=named(forms.after.title),
            )
            facts = [raw_facts(side[key].component.raw) for side in (old, new)]
            yield from _facts(forms, key, place, facts[0], facts[1])


def _facts(
    forms: Forms, key: str, here: Sentence, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Change]:
    for path in sorted({*old, *new}):
        values = old.get(path), new.get(path)
        if repr(values[0]) == repr(values[1]):
            continue
        weight: Weight = "meaning"
        if path == "dateLabel":
            weight = "wording"
        elif path.split(".")[0] in ("layout", "showOutline", "verticalAlignment"):
            weight = "layout"
        shown = excerpts(plain(values[0]), plain(values[1]))
        sentence = say(
            "%(here)s differs in %(path)s: %(after)s instead of %(before)s.",
            here=here,
            path=valued(path),
            before=valued(shown[0]),
            after=valued(shown[1]),
        )
        yield forms.change(key, "other", values, sentence, weight=weight, aspect=path)
