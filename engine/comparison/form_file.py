"""Tells what a `.form` file holds besides what the model of forms reads."""

from collections.abc import Mapping
from typing import Any, Final

from engine.form.reader import TYPES, raw_components

IDLE: Final = frozenset(
    {"schemaVersion", "exporter", "executionPlatform", "executionPlatformVersion"}
)
"""What the editor says of itself."""
TEXTS: Final = [
    "type",
    "id",
    "label",
    "text",
    "description",
    "valuesKey",
    "subtype",
    "accept",
    "validate.pattern",
    "validate.patternErrorMessage",
    "properties.class",
    "properties.help",
    "properties.level",
    "properties.options",
    "properties.rowLabel",
    "appearance.prefixAdorner",
    "appearance.suffixAdorner",
]
"""What is read where it is a text."""
SWITCHES: Final = [
    "disabled",
    "serializeToString",
    "disallowPassedDates",
    "multiple",
    "validate.required",
    "allowAddRemove",
]
"""What is read where it is yes or no; anything else counts as the usual."""
OPEN: Final = frozenset({"defaultValue"})
"""What is read whatever it is."""
FORMULAS: Final = frozenset(
    {"conditional.hide", "valuesExpression", "properties.prefill", "readonly", "expression"}
)
"""What is read where it begins with `=`."""
LIMITS: Final = [
    "validate.min",
    "validate.max",
    "validate.minLength",
    "validate.maxLength",
    "properties.earliest",
    "properties.latest",
]
WHOLE: Final = ["decimalDigits", "defaultRepetitions", "properties.minRows", "properties.maxRows"]


def file_facts(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands in a form's file beside its components, id and title."""
    found = {
        path: value
        for path, value in _leaves(
            {key: value for key, value in schema.items() if key not in IDLE | {"components"}}
        ).items()
        if path not in ("id", "title") or not isinstance(value, str)
    }
    strangers = (
        (place, raw) for _, place, raw in raw_components(schema) if raw.get("type") not in TYPES
    )
    for place, raw in strangers:
        found |= {f"{place}.{path}": value for path, value in _leaves(raw).items()}
    return found


def raw_facts(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands in a component's JSON and is not read, by path."""
    kept = {key: value for key, value in raw.items() if key not in ("components", "values")}
    facts = {path: value for path, value in _leaves(kept).items() if not _is_read(raw, path, value)}
    values = raw.get("values")
    if isinstance(values, list):
        facts |= _unread_options(values)
    elif values is not None:
        facts["values"] = values
    return facts


def _unread_options(values: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for number, item in enumerate(values):
        if not isinstance(item, dict):
            continue
        for key, value in _leaves(item).items():
            told = key in ("value", "label") and isinstance(value, str | int | float)
            if not told or value == "":
                found[f"values {number + 1}.{key}"] = value
    return found


def _is_read(raw: Mapping[str, Any], path: str, value: Any) -> bool:  # noqa: PLR0911 - one a kind
    listed = raw.get("type") == "dynamiclist"
    if path in ("key", "path"):
        return isinstance(value, str) and (path == "path") == listed
    if path == "description" and _has_help(raw):
        return False
    if path == "columns":
        return isinstance(value, list) and all(map(_is_column, value))
    if path in TEXTS:
        return isinstance(value, str)
    if path in SWITCHES:
        return isinstance(value, bool)
    if path in FORMULAS or (path == "dataSource" and raw.get("type") == "table"):
        is_formula = isinstance(value, str) and value.startswith("=")
        return is_formula or (path == "readonly" and isinstance(value, bool))
    if path in LIMITS:
        return isinstance(value, str | int | float) and not isinstance(value, bool)
    if path in WHOLE:
        return isinstance(value, int) or (isinstance(value, str) and value.isdecimal())
    if path == "validate.validationType":
        return value in ("phone", "email")
    return path in OPEN or path == "increment"


def _has_help(raw: Mapping[str, Any]) -> bool:
    own = raw.get("properties")
    return isinstance(own, Mapping) and isinstance(own.get("help"), str) and own["help"] != ""


def _is_column(found: Any) -> bool:
    return isinstance(found, dict) and all(
        key in ("key", "label") and isinstance(value, str) for key, value in found.items()
    )


def _leaves(found: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Return every value below by its path; lists are one value, as written."""
    leaves: dict[str, Any] = {}
    for key, value in found.items():
        path = f"{above}.{key}" if above else str(key)
        if isinstance(value, Mapping) and value:
            leaves |= _leaves(value, path)
        else:
            leaves[path] = value
    return leaves
