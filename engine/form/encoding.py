"""Carries a form's answers through HTML: names such as `goals-0-title`, rows, repeated names.

Beside each checkbox, checklist and list the page posts a marker, so that "nothing ticked" and
"no row left" differ from "was not on the page":
    agreed=          agreed=true            a checkbox: empty marker, then its value when ticked
    needs=           needs=housing          a checklist or tag list: marker, then each choice
    goals-rows=2     goals-0-title=...      a list: the number of its rows, then their fields
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from engine.form.form import MULTIPLE_CHOICE, Component, Form, Type, code_of
from engine.form.formula import Moment
from engine.form.state import empty_row

# Names that the page itself posts beside the answers; a field's key must not be one of them.
PAGE_NAMES = frozenset({"csrf_token", "action", "submit"})
PAGE_PREFIX = "_"
ROWS = "rows"
ADD = "add-row"
REMOVE = "remove-row"


@runtime_checkable
class Multi(Protocol):
    """A mapping that may hold a name several times, such as werkzeug's MultiDict."""

    def getlist(self, key: str) -> list[Any]:
        """Return every value of a name."""
        ...

    def keys(self) -> Iterable[str]:
        """Return the names."""
        ...


@dataclass(frozen=True)
class Posted:
    """What came from the page: answers by key (only those posted), and names that no field has."""

    values: dict[str, Any]
    unexpected: tuple[str, ...] = ()


def decode(form: Form, fields: Multi | Mapping[str, Any]) -> Posted:
    """Return the answers of an HTML form, or of a plain mapping of values by key."""
    if not isinstance(fields, Multi):
        known = {c.key for c in _answers(form.components)}
        unexpected = tuple(name for name in fields if name not in known and not _is_page_name(name))
        return Posted({k: v for k, v in fields.items() if k in known}, unexpected)
    names = set(fields.keys())
    seen: set[str] = set()
    values = _decode(form.components, fields, names, "", seen)
    unexpected = tuple(sorted(n for n in names - seen if not _is_page_name(n)))
    return Posted(values, unexpected)


def _is_page_name(name: str) -> bool:
    return name in PAGE_NAMES or name.startswith(PAGE_PREFIX)


def _answers(components: Sequence[Component]) -> list[Component]:
    """Return the fields and lists of one level, looking through groups."""
    found: list[Component] = []
    for component in components:
        if component.keyed or component.type is Type.DYNAMICLIST:
            found.append(component)
        else:
            found.extend(_answers(component.components))
    return found


def _decode(
    components: Sequence[Component], fields: Multi, names: set[str], prefix: str, seen: set[str]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for component in _answers(components):
        name = prefix + component.key
        if component.type is Type.DYNAMICLIST:
            rows = _decode_rows(component, fields, names, name, seen)
            if rows is not None:
                values[component.key] = rows
            continue
        seen.add(name)
        if name in names:
            values[component.key] = _posted_value(component, fields.getlist(name))
    return values


def _posted_value(component: Component, posted: list[Any]) -> Any:
    if component.type in MULTIPLE_CHOICE:
        return [item for item in posted if item != ""]
    if component.type is Type.FILEPICKER:
        return [item for item in posted if item]
    # The marker of a checkbox comes first, so the last value is what the person chose.
    return posted[-1] if posted else None


def _decode_rows(
    component: Component, fields: Multi, names: set[str], name: str, seen: set[str]
) -> list[dict[str, Any]] | None:
    """Return the rows of a list, or None when the page did not show it."""
    marker = f"{name}-{ROWS}"
    seen.add(marker)
    if marker not in names:
        return None
    posted = str(fields.getlist(marker)[-1])
    # Threat: a count of a billion rows would be built before any rule could refuse it. One row
    # more than allowed is built, so that the rule about the number of rows still speaks.
    count = min(int(posted[:6]) if posted.isdecimal() else 0, component.rules.max_rows + 1)
    return [
        _decode(component.components, fields, names, f"{name}-{number}-", seen)
        for number in range(count)
    ]


def encode(form: Form, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the answers as the names and values that the page would post (no files)."""
    return _encode(form.components, values, "")


def _encode(
    components: Sequence[Component], values: Mapping[str, Any], prefix: str
) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for component in _answers(components):
        name, value = prefix + component.key, values.get(component.key)
        if component.key not in values or component.type in {Type.FILEPICKER, Type.EXPRESSION}:
            continue
        if component.type is Type.DYNAMICLIST:
            pairs.append((f"{name}-{ROWS}", str(len(value or []))))
            for number, row in enumerate(value or []):
                pairs.extend(_encode(component.components, row, f"{name}-{number}-"))
        elif component.type in MULTIPLE_CHOICE:
            pairs.extend((name, code_of(item)) for item in ["", *(value or [])])
        elif component.type is Type.CHECKBOX:
            pairs.extend((name, code) for code in ["", *(["true"] if value is True else [])])
        else:
            pairs.append((name, code_of(value)))
    return pairs


def change_rows(
    form: Form,
    values: dict[str, Any],
    action: str,
    *,
    context: Mapping[str, Any],
    moment: Moment,
) -> bool:
    """Do what a row button says, in place: `add-row:goals`, `remove-row:goals:1`.

    `action` is the value of the button; return False when it is no row button of this form.
    """
    verb, _, rest = action.partition(":")
    name, _, number = rest.partition(":")
    found = _find_list(form.components, values, name) if verb in {ADD, REMOVE} else None
    if found is None:
        return False
    component, rows = found
    if component.fixed_rows:
        return False
    if verb == ADD:
        if len(rows) < component.rules.max_rows:
            rows.append(empty_row(component, context, moment))
    elif number.isdecimal() and int(number) < len(rows):
        del rows[int(number)]
    return True


def _find_list(
    components: Sequence[Component], values: dict[str, Any], name: str
) -> tuple[Component, list[Any]] | None:
    """Return the list called `name` (`goals`, or `goals-0-actions` inside a row) and its rows."""
    for component in _answers(components):
        if component.type is not Type.DYNAMICLIST:
            continue
        rows = values.setdefault(component.key, [])
        if name == component.key:
            return component, rows
        head, _, rest = name.removeprefix(f"{component.key}-").partition("-")
        if name.startswith(f"{component.key}-") and head.isdecimal() and int(head) < len(rows):
            return _find_list(component.components, rows[int(head)], rest)
    return None
