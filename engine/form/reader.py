"""Reads a `.form` file (form-js schema) into a Form; what must not be published is only noted."""

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from engine.errors import InputError
from engine.form.form import MAX_ROWS, Component, FieldClass, Form, Option, Rules, Type
from engine.form.formula import Formula, compile_formula
from engine.language.telling import located, told

MAX_BYTES = 500_000
MAX_COMPONENTS = 300
MAX_DEPTH = 8

TYPES = frozenset(Type)


def parse_form(content: bytes, *, file: str = "") -> Form:
    """Return the form in `content`; raise InputError with the mend when it is not one.

    What can be read but must not be published (an unsupported component, a field without a
    class) is left out or kept harmless here and reported by `findings` in engine.form.finding.
    """
    schema = _load(content, file or "form")
    count = 0
    for depth, _, _ in raw_components(schema):
        count += 1
        if depth > MAX_DEPTH:
            raise InputError(
                located(
                    file,
                    told(
                        "nested deeper than %(most)s; flatten the form.",
                        most=MAX_DEPTH,
                    ),
                )
            )
    if count > MAX_COMPONENTS:
        raise InputError(
            located(
                file,
                told(
                    "more than %(most)s components; split the form.",
                    most=MAX_COMPONENTS,
                ),
            )
        )
    form_id = _text(schema, "id")
    return Form(
        id=form_id,
        title=_text(schema, "title") or form_id.replace("_", " ").capitalize(),
        components=_components(schema, ""),
        schema=schema,
        file=file,
    )


def raw_components(
    schema: Mapping[str, Any], place: str = "", depth: int = 1
) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield depth, place and JSON of each component, also of those that are not supported."""
    components = schema.get("components", [])
    for number, raw in enumerate(components if isinstance(components, list) else []):
        if not isinstance(raw, dict):
            continue
        here = place_of(raw, place, number)
        yield depth, here, raw
        if depth <= MAX_DEPTH:
            yield from raw_components(raw, here, depth + 1)


def place_of(raw: Mapping[str, Any], parent: str, number: int) -> str:
    """Name a component the way its author knows it: key, path or id, else its position."""
    for name in ("key", "path", "id"):
        if _text(raw, name):
            return _text(raw, name)
    return f"{parent}/{number + 1}" if parent else str(number + 1)


def _load(content: bytes, file: str) -> dict[str, Any]:
    if len(content) > MAX_BYTES:
        raise InputError(
            located(
                file,
                told(
                    "larger than %(most)s kB; split the form.",
                    most=MAX_BYTES // 1000,
                ),
            )
        )
    try:
        schema = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InputError(
            located(file, told("not JSON (%(error)s); export the form again.", error=error))
        ) from error
    if not isinstance(schema, dict) or not isinstance(schema.get("components"), list):
        raise InputError(
            located(file, told("not a form: it has no list of components; export it again."))
        )
    if not _text(schema, "id"):
        raise InputError(located(file, told("the form has no id; set it in the editor.")))
    return schema


def _components(raw: Mapping[str, Any], place: str) -> tuple[Component, ...]:
    found = raw.get("components", [])
    return tuple(
        _component(item, place_of(item, place, number))
        for number, item in enumerate(found if isinstance(found, list) else [])
        if isinstance(item, dict) and _text(item, "type") in TYPES
    )


def _component(raw: dict[str, Any], place: str) -> Component:
    kind = Type(raw["type"])
    own = _table(raw, "properties")
    appearance = _table(raw, "appearance")
    hide = _table(raw, "conditional").get("hide")
    source = raw.get("dataSource") if kind is Type.TABLE else raw.get("expression")
    return Component(
        type=kind,
        id=_text(raw, "id") or place,
        place=place,
        key=_text(raw, "path" if kind is Type.DYNAMICLIST else "key"),
        label=_text(raw, "label"),
        text=_text(raw, "text"),
        hint=_text(own, "help") or _text(raw, "description"),
        field_class=_field_class(own),
        level=_text(own, "level"),
        # form-js ignores a condition that is not an expression, and so do we.
        hide=_formula(hide) if isinstance(hide, str) and hide.startswith("=") else None,
        rules=_rules(_table(raw, "validate"), own),
        options=_options(raw.get("values")),
        options_directory=_text(own, "options"),
        options_key=_text(raw, "valuesKey"),
        options_formula=_formula(raw.get("valuesExpression")),
        default=raw.get("defaultValue"),
        prefill=_formula(own.get("prefill")),
        disabled=raw.get("disabled") is True,
        readonly=_formula(raw.get("readonly")) or raw.get("readonly") is True,
        decimal_digits=_whole(raw.get("decimalDigits")),
        increment=_number_text(raw.get("increment")),
        as_text=raw.get("serializeToString") is True,
        subtype=_text(raw, "subtype") or "date",
        no_past=raw.get("disallowPassedDates") is True,
        prefix=_text(appearance, "prefixAdorner"),
        suffix=_text(appearance, "suffixAdorner"),
        formula=_formula(source),
        columns=_columns(raw.get("columns")),
        accept=tuple(
            part.strip().lower() for part in _text(raw, "accept").split(",") if part.strip()
        ),
        multiple=raw.get("multiple") is True,
        initial_rows=_whole(raw.get("defaultRepetitions"), 1) or 0,
        fixed_rows=raw.get("allowAddRemove") is False,
        row_label=_text(own, "rowLabel") or "row",
        components=_components(raw, place),
        raw=raw,
    )


def _rules(validate: Mapping[str, Any], own: Mapping[str, Any]) -> Rules:
    kind = _text(validate, "validationType")
    return Rules(
        required=validate.get("required") is True,
        minimum=_limit(validate.get("min")),
        maximum=_limit(validate.get("max")),
        min_length=_limit(validate.get("minLength")),
        max_length=_limit(validate.get("maxLength")),
        pattern=_text(validate, "pattern"),
        pattern_message=_text(validate, "patternErrorMessage"),
        validation_type=kind if kind in {"phone", "email"} else "",
        earliest=_limit(own.get("earliest")),
        latest=_limit(own.get("latest")),
        min_rows=_whole(own.get("minRows"), 0) or 0,
        max_rows=min(_whole(own.get("maxRows"), MAX_ROWS) or MAX_ROWS, MAX_ROWS),
    )


def _limit(value: Any) -> Any:
    """Return a limit: a formula, a plain value, or None where there is none."""
    if isinstance(value, str):
        return _formula(value) or value or None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _formula(value: Any) -> Formula | None:
    return compile_formula(value) if isinstance(value, str) and value.startswith("=") else None


def _field_class(own: Mapping[str, Any]) -> FieldClass | None:
    named = _text(own, "class")
    return FieldClass(named) if named in set(FieldClass) else None


def _options(values: Any) -> tuple[Option, ...]:
    return normalise_options(values) if isinstance(values, list) else ()


def normalise_options(values: list[Any]) -> tuple[Option, ...]:
    """Return options from primitives or {value, label}, leaving out what form-js leaves out."""
    found = []
    for item in values:
        value = item.get("value") if isinstance(item, dict) else item
        label = item.get("label") if isinstance(item, dict) else None
        if isinstance(value, str | int | float) and value != "":
            named = label if isinstance(label, str) and label else str(value)
            found.append(Option(value, named))
    return tuple(found)


def _columns(raw: Any) -> tuple[Option, ...]:
    rows = [item for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []
    return tuple(Option(_text(item, "key"), _text(item, "label")) for item in rows)


def _table(raw: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = raw.get(name)
    return value if isinstance(value, dict) else {}


def _text(raw: Mapping[str, Any], name: str) -> str:
    value = raw.get(name)
    return value if isinstance(value, str) else ""


def _whole(value: Any, otherwise: int | None = None) -> int | None:
    """Return a whole number that the editor may have written as a string."""
    if isinstance(value, bool):
        return otherwise
    if isinstance(value, int):
        return value if value >= 0 else otherwise
    return int(value) if isinstance(value, str) and value.isdecimal() else otherwise


def _number_text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return ""
    return str(value) if isinstance(value, int | float | str) else ""
