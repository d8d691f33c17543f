"""What must be mended in a form before it may be published."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from engine.form.cleaning import MAX_CHARACTERS
from engine.form.directory import NAMES
from engine.form.encoding import PAGE_NAMES
from engine.form.form import (
    CHOICE,
    FREE_TEXT,
    MAX_ROWS,
    Component,
    FieldClass,
    Form,
    Type,
    walk,
)
from engine.form.formula import Formula
from engine.form.reader import TYPES, raw_components
from engine.form.rule import compile_pattern
from engine.form.upload import accepted
from engine.language.telling import told

KEY = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}", re.ASCII)
# Names that the process engine, the expression language or the page uses for itself.
RESERVED = PAGE_NAMES | {
    "typename",
    "data_objects",
    "profile",
    "this",
    "parent",
    "i",
    "item",
    "true",
    "false",
    "null",
    "today",
    "now",
}
SUBTYPES = {"date", "time", "datetime"}
OWN = {
    "class",
    "help",
    "level",
    "options",
    "prefill",
    "earliest",
    "latest",
    "minRows",
    "maxRows",
    "rowLabel",
}
FIRST_TEXT = 60


class Flaw(NamedTuple):
    """What is wrong: a code that stays the same, and the sentence with the mend."""

    code: str
    message: str


@dataclass(frozen=True)
class Finding:
    """One thing to mend, in one sentence; `element` is the key (or place) of the component."""

    file: str
    element: str
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.element}: {self.message}"


def findings(form: Form) -> list[Finding]:
    """Return everything that forbids publishing the form, in reading order."""
    found = list(_unsupported(form.schema))
    found += _duplicates(form.components)
    for component, inside in _all(form.components):
        found += [(component.place, flaw) for flaw in _of_component(component, inside)]
    return [Finding(form.file, place, flaw.code, flaw.message) for place, flaw in found]


def _unsupported(schema: Mapping[str, Any]) -> Iterator[tuple[str, Flaw]]:
    for _, place, raw in raw_components(schema):
        kind = raw.get("type")
        if not isinstance(kind, str) or kind not in TYPES:
            yield (
                place,
                Flaw(
                    "unsupported_component",
                    told(
                        "component `%(kind)s` is not supported; use one of %(listed)s",
                        kind=kind,
                        listed=", ".join(TYPES_SHOWN),
                    ),
                ),
            )
        path = raw.get("path")
        if kind == Type.GROUP and path:
            yield (
                place,
                Flaw("group_path", told("a group with a path is not supported; remove the path")),
            )


TYPES_SHOWN = sorted(TYPES)


def _duplicates(components: tuple[Component, ...]) -> list[tuple[str, Flaw]]:
    seen: set[tuple[tuple[str, ...], str]] = set()
    found = []
    for component, rows in walk(components):
        if (rows, component.key) in seen:
            flaw = Flaw(
                "duplicate_key",
                told(
                    "key `%(key)s` is used twice; give one of them another key", key=component.key
                ),
            )
            found.append((component.place, flaw))
        seen.add((rows, component.key))
    return found


def _all(
    components: tuple[Component, ...], inside: bool = False
) -> Iterator[tuple[Component, bool]]:
    for component in components:
        yield component, inside
        deeper = inside or component.type is Type.DYNAMICLIST
        yield from _all(component.components, deeper)


def _of_component(component: Component, inside: bool) -> Iterator[Flaw]:
    if component.keyed or component.type is Type.DYNAMICLIST:
        yield from _key(component)
        yield from _label(component)
    if component.keyed:
        yield from _class(component, inside)
    yield from _formulas(component)
    for kinds, check in _CHECKS:
        if component.type in kinds:
            yield from check(component)
    unknown = sorted(set(component.raw.get("properties") or {}) - OWN)
    if unknown:
        yield Flaw(
            "unknown_property",
            told(
                "unknown property %(listed)s; use one of %(known)s",
                listed=", ".join(unknown),
                known=", ".join(sorted(OWN)),
            ),
        )


def _key(component: Component) -> Iterator[Flaw]:
    key = component.key
    if not key:
        yield Flaw("no_key", told("has no key; give it one in the editor"))
    elif key.startswith("_") or key in RESERVED:
        yield Flaw("reserved_key", told("key `%(key)s` is reserved; choose another one", key=key))
    elif not KEY.fullmatch(key):
        yield Flaw(
            "bad_key",
            told(
                "key `%(key)s` is not a plain name; use letters, digits and _, at most 64", key=key
            ),
        )


def _label(component: Component) -> Iterator[Flaw]:
    computed = component.type is Type.EXPRESSION
    if not component.label.strip() and not computed:
        yield Flaw("no_label", told("has no label; a screen reader would have nothing to say"))
    for text in (component.label, component.hint):
        if text.startswith("=") or "{{" in text:
            yield Flaw(
                "label_expression",
                told("label and help are plain text here; remove the expression"),
            )


def _class(component: Component, inside: bool) -> Iterator[Flaw]:
    if component.field_class is None:
        yield Flaw(
            "no_class",
            told("has no class; set property `class` to process, case, sensitive or source"),
        )
        return
    if component.field_class is not FieldClass.PROCESS:
        return
    if component.type in FREE_TEXT or component.type is Type.FILEPICKER:
        yield Flaw(
            "process_text",
            told("free text and files cannot enter the process; set class to case or sensitive"),
        )
    if inside:
        yield Flaw(
            "process_rows",
            told(
                "a field in rows cannot enter the process; add an expression field that counts them"
            ),
        )


def _formulas(component: Component) -> Iterator[Flaw]:
    rules = component.rules
    condition = component.raw.get("conditional")
    hide = condition.get("hide") if isinstance(condition, Mapping) else None
    if hide and component.hide is None:
        yield Flaw(
            "condition_no_expression", told("the condition is not an expression; begin it with =")
        )
    named: dict[str, Any] = {
        "condition": component.hide,
        "expression": component.formula,
        "options": component.options_formula,
        "prefill": component.prefill,
        "readonly": component.readonly,
        "min": rules.minimum,
        "max": rules.maximum,
        "minLength": rules.min_length,
        "maxLength": rules.max_length,
        "earliest": rules.earliest,
        "latest": rules.latest,
    }
    for name, formula in named.items():
        if isinstance(formula, Formula) and formula.problem:
            yield Flaw(
                "bad_formula", told("%(name)s: %(problem)s", name=name, problem=formula.problem)
            )


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


_CHECKS: tuple[tuple[frozenset[Type], Callable[[Component], Iterator[Flaw]]], ...] = (
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
