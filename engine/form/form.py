"""A form as it was read from a `.form` file: components, options, rules. Frozen and shareable."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from engine.form.formula import Formula


class FieldClass(StrEnum):
    """Where the answer to a field may go (design: data minimisation, L9)."""

    PROCESS = "process"  # may become a process variable: codes, dates, counts, booleans
    CASE = "case"  # the case file
    SENSITIVE = "sensitive"  # the case file, special categories of personal data
    SOURCE = "source"  # the case file, what identifies whoever reported


class Type(StrEnum):
    """The components that the pages can show and the server can check."""

    TEXT = "text"
    TEXTFIELD = "textfield"
    TEXTAREA = "textarea"
    NUMBER = "number"
    DATETIME = "datetime"
    CHECKBOX = "checkbox"
    CHECKLIST = "checklist"
    RADIO = "radio"
    SELECT = "select"
    TAGLIST = "taglist"
    TABLE = "table"
    GROUP = "group"
    DYNAMICLIST = "dynamiclist"
    FILEPICKER = "filepicker"
    EXPRESSION = "expression"
    SEPARATOR = "separator"


SINGLE_CHOICE = frozenset({Type.RADIO, Type.SELECT})
MULTIPLE_CHOICE = frozenset({Type.CHECKLIST, Type.TAGLIST})
CHOICE = SINGLE_CHOICE | MULTIPLE_CHOICE
FREE_TEXT = frozenset({Type.TEXTFIELD, Type.TEXTAREA})
KEYED = (
    CHOICE
    | FREE_TEXT
    | {
        Type.NUMBER,
        Type.DATETIME,
        Type.CHECKBOX,
        Type.FILEPICKER,
        Type.EXPRESSION,
    }
)
MAX_ROWS = 50


@dataclass(frozen=True)
class Option:
    """One allowed answer; `value` is a string, number or boolean."""

    value: Any
    label: str

    @property
    def code(self) -> str:
        """Return the value as HTML carries it."""
        return code_of(self.value)


def code_of(value: Any) -> str:
    """Return the text by which HTML and we recognise an option's value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


@dataclass(frozen=True)
class Rules:
    """What form-js calls `validate`, and the limits that only the server knows."""

    required: bool = False
    minimum: Any = None  # number or Formula
    maximum: Any = None
    min_length: Any = None
    max_length: Any = None
    pattern: str = ""
    pattern_message: str = ""
    validation_type: str = ""  # "phone", "email" or ""
    earliest: Any = None  # ISO date or Formula
    latest: Any = None
    min_rows: int = 0
    max_rows: int = MAX_ROWS


@dataclass(frozen=True)
class Component:
    """One component of a form. `place` is where it stands in the file, for messages."""

    type: Type
    id: str
    place: str
    key: str = ""
    label: str = ""
    text: str = ""
    hint: str = ""
    field_class: FieldClass | None = None
    level: str = ""
    hide: Formula | None = None
    rules: Rules = Rules()
    options: tuple[Option, ...] = ()
    options_directory: str = ""
    options_key: str = ""
    options_formula: Formula | None = None
    default: Any = None
    prefill: Formula | None = None
    disabled: bool = False
    readonly: bool | Formula = False
    decimal_digits: int | None = None
    increment: str = ""
    as_text: bool = False  # form-js serializeToString
    subtype: str = ""  # of datetime: date, time, datetime
    no_past: bool = False
    prefix: str = ""
    suffix: str = ""
    formula: Formula | None = None  # of expression and table
    columns: tuple[Option, ...] = ()  # of table: key and heading
    accept: tuple[str, ...] = ()
    multiple: bool = False
    initial_rows: int = 1
    fixed_rows: bool = False
    row_label: str = "row"
    components: tuple["Component", ...] = ()
    raw: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def keyed(self) -> bool:
        """Say whether the component carries an answer of its own."""
        return self.type in KEYED

    def row_title(self, number: int) -> str:
        """Return the title of a row, counted from 0: "Goal 1"."""
        return f"{self.row_label[:1].upper()}{self.row_label[1:]} {number + 1}"

    @property
    def empty(self) -> Any:
        """Return the value that form-js gives to a field nobody has touched."""
        if self.type is Type.CHECKBOX:
            return False
        if self.type in MULTIPLE_CHOICE:
            return []
        return "" if self.type in FREE_TEXT else None


@dataclass(frozen=True)
class Field:
    """What other parts of the system need to know about one field."""

    key: str
    path: str  # "goals.title" for a field in rows
    label: str
    type: str
    field_class: str
    required: bool
    allowed: tuple[Any, ...]
    directory: str
    in_rows: bool


@dataclass(frozen=True)
class Form:
    """A form: its components in order, and what the file looked like."""

    id: str
    title: str
    components: tuple[Component, ...]
    schema: dict[str, Any] = field(repr=False, compare=False)
    file: str = ""

    def fields(self) -> list[Field]:
        """Return every field that carries an answer, in reading order."""
        return [_field(component, rows) for component, rows in walk(self.components)]

    def field_keys(self, field_class: str) -> list[str]:
        """Return the keys of a class, e.g. "process": what a diagram may read."""
        return [f.key for f in self.fields() if f.field_class == field_class and not f.in_rows]

    def fixed_keys(self) -> frozenset[str]:
        """Return the keys whose answers are shown and not asked, lists of such fields included."""
        return frozenset(
            rows[0] if rows else component.key
            for component, rows in walk(self.components)
            if component.readonly or component.disabled
        )


def walk(
    components: tuple[Component, ...], rows: tuple[str, ...] = ()
) -> Iterator[tuple[Component, tuple[str, ...]]]:
    """Yield each field and list with the keys of the lists that it stands in."""
    for component in components:
        if component.keyed:
            yield component, rows
        elif component.type is Type.DYNAMICLIST:
            yield component, rows
            yield from walk(component.components, (*rows, component.key))
        else:
            yield from walk(component.components, rows)


def _field(component: Component, rows: tuple[str, ...]) -> Field:
    return Field(
        key=component.key,
        path=".".join((*rows, component.key)),
        label=component.label,
        type=component.type.value,
        field_class=component.field_class.value if component.field_class else "",
        required=component.rules.required,
        allowed=tuple(option.value for option in component.options),
        directory=component.options_directory,
        in_rows=bool(rows),
    )
