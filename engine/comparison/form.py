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

FIELD: Final = "Question"
KEPT: Final = {
    "process": "the process, which sees it",
    "case": "the case file",
    "sensitive": "the case file, as sensitive",
    "source": "the case file, as part of the source",
}
TEMPLATES: Final[dict[str, tuple[str, Weight]]] = {
    "type": ("{here} is now asked as a {after} instead of a {before}.", "meaning"),
    "label": ("{here} was worded {before}.", "wording"),
    "text": ("{here} now says {after}; it said {before}.", "wording"),
    "hint": ("The hint of {here} is now {after}; it was {before}.", "wording"),
    "field_class": ("The answer to {here} goes to {after} instead of {before}.", "meaning"),
    "level": ("The answer to {here} is seen by {after} instead of {before}.", "meaning"),
    "hide": ("{here} is hidden when {after}; before, when {before}.", "meaning"),
    "default": ("{here} begins with {after} instead of {before}.", "meaning"),
    "prefill": ("{here} is filled in with {after} instead of {before}.", "meaning"),
    "formula": ("{here} calculates {after} instead of {before}.", "meaning"),
    "options_directory": ("{here} offers {after} instead of {before}.", "meaning"),
    "row_label": ("In {here}, each row is called {after} instead of {before}.", "wording"),
    "container": ("{here} moves from {before} to {after}.", "meaning"),
}
_OTHER: Final[tuple[str, Weight]] = (
    "{here} has the setting {attribute} {after} instead of {before}.",
    "meaning",
)
RULES: Final = {
    "minimum": "{here} takes numbers from {after} instead of {before}.",
    "maximum": "{here} takes numbers up to {after} instead of {before}.",
    "min_length": "{here} needs {after} characters at least instead of {before}.",
    "max_length": "{here} takes {after} characters at most instead of {before}.",
    "earliest": "{here} takes dates from {after} instead of {before}.",
    "latest": "{here} takes dates up to {after} instead of {before}.",
    "min_rows": "{here} needs {after} rows at least instead of {before}.",
    "max_rows": "{here} takes {after} rows at most instead of {before}.",
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
                "The form {before} is now called {after}.",
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
    words = {Type.TEXT: "Text", Type.GROUP: "Group", Type.DYNAMICLIST: "List"}
    word = words.get(component.type, FIELD if component.keyed else "Part")
    told = component.label or component.text or component.key or component.place
    return say("{word} {name}", word=word, name=named(excerpts(told, told)[0]))


def _questions(
    forms: Forms, old: Mapping[str, Placed], new: Mapping[str, Placed]
) -> Iterator[Change]:
    form = named(forms.after.title)
    for key, one in old.items():
        if key not in new:
            here = called(one.component)
            sentence = say("{here} of the form {form} is gone.", here=here, form=form)
            yield forms.change(key, "", (_summary(one), None), sentence, kind="removed")
    for key, one in new.items():
        if key not in old:
            here = called(one.component)
            must = one.component.rules.required
            sentence = say(
                "{here} of the form {form} is new{must}.",
                here=here,
                form=form,
                must=" and has to be answered" if must else "",
            )
            yield forms.change(key, "", (None, _summary(one)), sentence, kind="added")
        else:
            here = say("{here} of the form {form}", here=called(one.component), form=form)
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
        return KEPT.get(str(value), "nowhere")
    if attribute == "container":
        return value or "the form itself"
    if attribute == "hide":
        return condition(value.source) if value is not None else "never"
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
            template = "{here} must now be answered; before, it could be left open."
            if not after.rules.required:
                template = "{here} need no longer be answered; before, it had to be."
        else:
            template = RULES.get(one.name, _OTHER[0])
        shown = [_told(one.name, value) for value in values]
        sentence = say(
            template,
            here=here,
            attribute=valued(one.name.replace("_", " ")),
            before=valued(shown[0] or "any"),
            after=valued(shown[1] or "any"),
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
            "The form {form} asks its questions in another order.", form=named(forms.after.title)
        )
        yield forms.change("", "order", (orders[0], orders[1]), sentence, weight="layout")


def _beside(forms: Forms, old: Mapping[str, Placed], new: Mapping[str, Placed]) -> Iterator[Change]:
    """Yield what the files hold beside what the model of forms reads."""
    before, after = file_facts(forms.before.schema), file_facts(forms.after.schema)
    here = say("The file of the form {form}", form=named(forms.after.title))
    yield from _facts(forms, "", here, before, after)
    for key, one in new.items():
        if key in old:
            told = say(
                "{here} of the form {form}",
                here=called(one.component),
                form=named(forms.after.title),
            )
            facts = [raw_facts(side[key].component.raw) for side in (old, new)]
            yield from _facts(forms, key, told, facts[0], facts[1])


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
            "{here} differs in {path}: {after} instead of {before}.",
            here=here,
            path=valued(path),
            before=valued(shown[0]),
            after=valued(shown[1]),
        )
        yield forms.change(key, "other", values, sentence, weight=weight, aspect=path)
