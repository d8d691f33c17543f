"""What may be wrong with a field of a form, by its type."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from engine.form.cleaning import MAX_CHARACTERS
from engine.form.directory import NAMES
from engine.form.form import CHOICE, FREE_TEXT, MAX_ROWS, Component, Type
from engine.form.rule import compile_pattern
from engine.form.upload import accepted
from engine.language.telling import told

SUBTYPES = {"date", "time", "datetime"}


class Flaw(NamedTuple):
    """What is wrong: a code that stays the same, and the sentence with the mend."""

    code: str
    message: str


def _options(component: Component) -> Iterator[Flaw]:
    directory = component.options_directory
    if directory and directory not in NAMES:
        yield Flaw(
            "unknown_directory",
            told(
                "directory `%(directory)s` does not exist; use one of %(listed)s",
                directory=directory,
                listed=", ".join(NAMES),
            ),
        )
    dynamic = directory or component.options_key or component.options_formula
    if not dynamic and not component.options:
        yield Flaw("no_options", told("has no options; list them or set property `options`"))
    codes = [option.code for option in component.options]
    doubled = sorted({code for code in codes if codes.count(code) > 1})
    if doubled:
        yield Flaw(
            "doubled_option",
            told("option %(listed)s is listed twice; remove one", listed=", ".join(doubled)),
        )


def _pattern(component: Component) -> Iterator[Flaw]:
    if not component.rules.pattern:
        return
    try:
        compile_pattern(component.rules.pattern)
    except ValueError as error:
        yield Flaw(
            "unsafe_pattern",
            told(
                "the pattern cannot be run safely (%(error)s); write it without look-around",
                error=error,
            ),
        )


def _text_limits(component: Component) -> Iterator[Flaw]:
    least, most = component.rules.min_length, component.rules.max_length
    limit = MAX_CHARACTERS[component.type]
    if _contradict(least, most):
        yield Flaw(
            "contradicting_lengths",
            told(
                "asks for at least %(least)s and at most %(most)s characters; mend one of them",
                least=least,
                most=most,
            ),
        )
    if isinstance(most, int) and most > limit:
        yield Flaw(
            "length_too_large",
            told("allows %(most)s characters; at most %(limit)s are taken", most=most, limit=limit),
        )


def _number(component: Component) -> Iterator[Flaw]:
    rules = component.rules
    if _contradict(rules.minimum, rules.maximum):
        yield Flaw(
            "contradicting_limits",
            told(
                "asks for at least %(minimum)s and at most %(maximum)s; mend one of them",
                minimum=rules.minimum,
                maximum=rules.maximum,
            ),
        )
    for name, limit in (("min", rules.minimum), ("max", rules.maximum)):
        if isinstance(limit, str) and _figure(limit) is None:
            yield Flaw(
                "limit_no_number",
                told("%(name)s `%(limit)s` is not a number; mend it", name=name, limit=limit),
            )
    if component.increment and not (_figure(component.increment) or 0) > 0:
        yield Flaw(
            "bad_increment",
            told(
                "increment `%(increment)s` is not a number above 0; mend it",
                increment=component.increment,
            ),
        )


def _datetime(component: Component) -> Iterator[Flaw]:
    if component.subtype not in SUBTYPES:
        yield Flaw(
            "bad_subtype",
            told(
                "subtype `%(subtype)s` is not one of %(listed)s",
                subtype=component.subtype,
                listed=", ".join(sorted(SUBTYPES)),
            ),
        )


def _list(component: Component) -> Iterator[Flaw]:
    rules = component.rules
    if not component.components:
        yield Flaw("list_empty", told("the list has no fields; add at least one"))
    if rules.min_rows > rules.max_rows:
        yield Flaw(
            "contradicting_rows",
            told(
                "asks for at least %(min_rows)s and at most %(max_rows)s rows; mend one",
                min_rows=rules.min_rows,
                max_rows=rules.max_rows,
            ),
        )
    wanted = (component.raw.get("properties") or {}).get("maxRows")
    if isinstance(wanted, int | str) and str(wanted).isdecimal() and int(wanted) > MAX_ROWS:
        yield Flaw(
            "rows_too_many",
            told(
                "allows %(wanted)s rows; at most %(max_rows)s are taken",
                wanted=wanted,
                max_rows=MAX_ROWS,
            ),
        )


def _needs_formula(component: Component) -> Iterator[Flaw]:
    if component.formula is None:
        name = "dataSource" if component.type is Type.TABLE else "expression"
        yield Flaw("no_formula", told("has no %(name)s; write one that begins with =", name=name))
    if component.type is Type.TABLE and not component.columns:
        yield Flaw(
            "table_without_columns", told("the table has no columns; list them with key and label")
        )


def _file(component: Component) -> Iterator[Flaw]:
    if not accepted(component):
        yield Flaw(
            "no_file_type",
            told("accepts no file type that we take; use .pdf, .png, .jpg, .txt, .docx, .odt"),
        )


def _shown_text(component: Component) -> Iterator[Flaw]:
    if not component.text.strip():
        yield Flaw("empty_text", told("the text is empty; write it or remove the component"))
    if component.text.startswith("=") or "{{" in component.text:
        yield Flaw(
            "text_expression",
            told("text is plain here; use an expression field for a computed value"),
        )


def _required(component: Component) -> Iterator[Flaw]:
    if component.rules.required and component.disabled:
        yield Flaw(
            "required_disabled",
            told("is required and disabled, so nobody could answer it; mend one of them"),
        )
    if component.hide and component.hide.source == "true" and component.rules.required:
        yield Flaw(
            "required_hidden",
            told("is required and always hidden, so it is never asked; remove it or the condition"),
        )


def _contradict(least: Any, most: Any) -> bool:
    low, high = _figure(least), _figure(most)
    return low is not None and high is not None and low > high


def _figure(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None


CHECKS: tuple[tuple[frozenset[Type], Callable[[Component], Iterator[Flaw]]], ...] = (
    (frozenset(Type), _required),
    (CHOICE, _options),
    (FREE_TEXT, _pattern),
    (FREE_TEXT, _text_limits),
    (frozenset({Type.NUMBER}), _number),
    (frozenset({Type.DATETIME}), _datetime),
    (frozenset({Type.DYNAMICLIST}), _list),
    (frozenset({Type.EXPRESSION, Type.TABLE}), _needs_formula),
    (frozenset({Type.FILEPICKER}), _file),
    (frozenset({Type.TEXT}), _shown_text),
)
