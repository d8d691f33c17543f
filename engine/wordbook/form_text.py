"""The texts of a form that people see, to collect them and to show them in another language."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from engine.form import Component, Form, Option, Type, parse_form

Found = tuple[str, str, str]
Say = Callable[[str], str]


def texts_of_form(content: bytes, path: str) -> Iterator[Found]:
    """Yield text, key and kind of everything that a form shows; raise InputError for no form."""
    form = parse_form(content, file=path)
    # A form without a title is called by its id, which is no word.
    if form.schema.get("title"):
        yield form.title, form.id, "title of a form"
    for component in form.components:
        yield from _of_component(component)


def _of_component(component: Component) -> Iterator[Found]:
    place = component.place
    yield component.label, place, "label"
    yield component.hint, place, "help below a label"
    yield component.text, place, "text in a form"
    yield component.prefix, place, "sign before an answer"
    yield component.suffix, place, "sign after an answer"
    for option in component.options:
        yield option.label, place, "answer to choose"
    for column in component.columns:
        yield column.label, place, "heading of a column"
    yield component.rules.pattern_message, place, "what is wrong with an answer"
    if component.type is Type.DYNAMICLIST:
        yield component.row_label, place, "what one row is called"
    for inside in component.components:
        yield from _of_component(inside)


def spoken_form(form: Form, say: Say) -> Form:
    """Return the form with every text said by `say`; keys, values and rules are the same."""
    return replace(
        form,
        title=say(form.title),
        components=tuple(_spoken(component, say) for component in form.components),
    )


def _spoken(component: Component, say: Say) -> Component:
    message = component.rules.pattern_message
    return replace(
        component,
        label=say(component.label),
        hint=say(component.hint),
        text=say(component.text),
        prefix=say(component.prefix),
        suffix=say(component.suffix),
        options=tuple(_option(option, say) for option in component.options),
        columns=tuple(_option(column, say) for column in component.columns),
        rules=replace(component.rules, pattern_message=say(message)),
        row_label=say(component.row_label),
        components=tuple(_spoken(inside, say) for inside in component.components),
    )


def _option(option: Option, say: Say) -> Option:
    return replace(option, label=say(option.label))
