"""What must be mended in a form before it may be published."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

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


@dataclass(frozen=True)
class Finding:
    """One thing to mend, in one sentence; `element` is the key (or place) of the component."""

    file: str
    element: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.element}: {self.message}"


def findings(form: Form) -> list[Finding]:
    """Return everything that forbids publishing the form, in reading order."""
    found = [(place, message) for place, message in _unsupported(form.schema)]
    found += _duplicates(form.components)
    for component, inside in _all(form.components):
        found += [(component.place, m) for m in _of_component(component, inside)]
    return [Finding(form.file, place, message) for place, message in found]


def _unsupported(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for _, place, raw in raw_components(schema):
        kind = raw.get("type")
        if not isinstance(kind, str) or kind not in TYPES:
            yield place, f"component `{kind}` is not supported; use one of {', '.join(TYPES_SHOWN)}"
        path = raw.get("path")
        if kind == Type.GROUP and path:
            yield place, "a group with a path is not supported; remove the path"


TYPES_SHOWN = sorted(TYPES)


def _duplicates(components: tuple[Component, ...]) -> list[tuple[str, str]]:
    seen: set[tuple[tuple[str, ...], str]] = set()
    found = []
    for component, rows in walk(components):
        if (rows, component.key) in seen:
            message = f"key `{component.key}` is used twice; give one of them another key"
            found.append((component.place, message))
        seen.add((rows, component.key))
    return found


def _all(
    components: tuple[Component, ...], inside: bool = False
) -> Iterator[tuple[Component, bool]]:
    for component in components:
        yield component, inside
        deeper = inside or component.type is Type.DYNAMICLIST
        yield from _all(component.components, deeper)


def _of_component(component: Component, inside: bool) -> Iterator[str]:
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
        yield f"unknown property {', '.join(unknown)}; use one of {', '.join(sorted(OWN))}"


def _key(component: Component) -> Iterator[str]:
    key = component.key
    if not key:
        yield "has no key; give it one in the editor"
    elif key.startswith("_") or key in RESERVED:
        yield f"key `{key}` is reserved; choose another one"
    elif not KEY.fullmatch(key):
        yield f"key `{key}` is not a plain name; use letters, digits and _, at most 64"


def _label(component: Component) -> Iterator[str]:
    computed = component.type is Type.EXPRESSION
    if not component.label.strip() and not computed:
        yield "has no label; a screen reader would have nothing to say"
    for text in (component.label, component.hint):
        if text.startswith("=") or "{{" in text:
            yield "label and help are plain text here; remove the expression"


def _class(component: Component, inside: bool) -> Iterator[str]:
    if component.field_class is None:
        yield "has no class; set property `class` to process, case, sensitive or source"
        return
    if component.field_class is not FieldClass.PROCESS:
        return
    if component.type in FREE_TEXT or component.type is Type.FILEPICKER:
        yield "free text and files cannot enter the process; set class to case or sensitive"
    if inside:
        yield "a field in rows cannot enter the process; add an expression field that counts them"


def _formulas(component: Component) -> Iterator[str]:
    rules = component.rules
    condition = component.raw.get("conditional")
    hide = condition.get("hide") if isinstance(condition, Mapping) else None
    if hide and component.hide is None:
        yield "the condition is not an expression; begin it with ="
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
            yield f"{name}: {formula.problem}"


def _options(component: Component) -> Iterator[str]:
    directory = component.options_directory
    if directory and directory not in NAMES:
        yield f"directory `{directory}` does not exist; use one of {', '.join(NAMES)}"
    dynamic = directory or component.options_key or component.options_formula
    if not dynamic and not component.options:
        yield "has no options; list them or set property `options`"
    codes = [option.code for option in component.options]
    doubled = sorted({code for code in codes if codes.count(code) > 1})
    if doubled:
        yield f"option {', '.join(doubled)} is listed twice; remove one"


def _pattern(component: Component) -> Iterator[str]:
    if not component.rules.pattern:
        return
    try:
        compile_pattern(component.rules.pattern)
    except ValueError as error:
        yield f"the pattern cannot be run safely ({error}); write it without look-around"


def _text_limits(component: Component) -> Iterator[str]:
    least, most = component.rules.min_length, component.rules.max_length
    limit = MAX_CHARACTERS[component.type]
    if _contradict(least, most):
        yield f"asks for at least {least} and at most {most} characters; mend one of them"
    if isinstance(most, int) and most > limit:
        yield f"allows {most} characters; at most {limit} are taken"


def _number(component: Component) -> Iterator[str]:
    rules = component.rules
    if _contradict(rules.minimum, rules.maximum):
        yield f"asks for at least {rules.minimum} and at most {rules.maximum}; mend one of them"
    for name, limit in (("min", rules.minimum), ("max", rules.maximum)):
        if isinstance(limit, str) and _figure(limit) is None:
            yield f"{name} `{limit}` is not a number; mend it"
    if component.increment and not (_figure(component.increment) or 0) > 0:
        yield f"increment `{component.increment}` is not a number above 0; mend it"


def _datetime(component: Component) -> Iterator[str]:
    if component.subtype not in SUBTYPES:
        yield f"subtype `{component.subtype}` is not one of {', '.join(sorted(SUBTYPES))}"


def _list(component: Component) -> Iterator[str]:
    rules = component.rules
    if not component.components:
        yield "the list has no fields; add at least one"
    if rules.min_rows > rules.max_rows:
        yield f"asks for at least {rules.min_rows} and at most {rules.max_rows} rows; mend one"
    wanted = (component.raw.get("properties") or {}).get("maxRows")
    if isinstance(wanted, int | str) and str(wanted).isdecimal() and int(wanted) > MAX_ROWS:
        yield f"allows {wanted} rows; at most {MAX_ROWS} are taken"


def _needs_formula(component: Component) -> Iterator[str]:
    if component.formula is None:
        name = "dataSource" if component.type is Type.TABLE else "expression"
        yield f"has no {name}; write one that begins with ="
    if component.type is Type.TABLE and not component.columns:
        yield "the table has no columns; list them with key and label"


def _file(component: Component) -> Iterator[str]:
    if not accepted(component):
        yield "accepts no file type that we take; use .pdf, .png, .jpg, .txt, .docx, .odt"


def _shown_text(component: Component) -> Iterator[str]:
    if not component.text.strip():
        yield "the text is empty; write it or remove the component"
    if component.text.startswith("=") or "{{" in component.text:
        yield "text is plain here; use an expression field for a computed value"


def _required(component: Component) -> Iterator[str]:
    if component.rules.required and component.disabled:
        yield "is required and disabled, so nobody could answer it; mend one of them"
    if component.hide and component.hide.source == "true" and component.rules.required:
        yield "is required and always hidden, so it is never asked; remove it or the condition"


def _contradict(least: Any, most: Any) -> bool:
    low, high = _figure(least), _figure(most)
    return low is not None and high is not None and low > high


def _figure(value: Any) -> float | None:
    try:
        return float(value) if isinstance(value, int | float | str) else None
    except ValueError:
        return None


_CHECKS: tuple[tuple[frozenset[Type], Callable[[Component], Iterator[str]]], ...] = (
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
