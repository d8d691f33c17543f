"""What must be mended in a form before it may be published."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.form.encoding import PAGE_NAMES
from engine.form.flaw import CHECKS, Flaw
from engine.form.form import (
    FREE_TEXT,
    Component,
    FieldClass,
    Form,
    Type,
    walk,
)
from engine.form.formula import Formula
from engine.form.reader import TYPES, raw_components
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
    for kinds, check in CHECKS:
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
