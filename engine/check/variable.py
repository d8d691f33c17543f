"""What is known of the process variables of a deployment: where each comes from, its values."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine.check.context import CheckContext
from engine.check.folder import Folder
from engine.decision import DecisionTable
from engine.drawing import Element
from engine.errors import ExpressionError
from engine.expression import FeelType, compile_assignments
from engine.expression.constant import constant


@dataclass(frozen=True)
class Source:
    """One origin of a variable; `values` are all it can bring, None when that is not known."""

    name: str
    type: str = ""
    values: frozenset[Any] | None = None


@dataclass(frozen=True)
class Variables:
    """Every variable that something in the deployment sets."""

    sources: Mapping[str, tuple[Source, ...]]
    complete: bool = True
    """Whether every form, table and operator is there; without one, nothing is surely unknown."""

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Return those of the names that nothing sets."""
        return sorted(set(names) - self.sources.keys()) if self.complete else []

    def values_of(self, name: str) -> frozenset[Any] | None:
        """Return every value the variable can have, None when a source leaves it open."""
        if not self.complete:
            return None
        found: set[Any] = set()
        for source in self.sources.get(name, ()):
            if source.values is None:
                return None
            found |= source.values
        return frozenset(found) or None

    def type_of(self, name: str) -> FeelType:
        """Return the kind of the variable where all its sources agree on one."""
        kinds = {_kind(source) for source in self.sources.get(name, ())}
        return FeelType(kinds.pop()) if len(kinds) == 1 else FeelType()


# Dates reach the process as ISO text, which expressions turn into dates themselves.
_KINDS = {
    "str": "string",
    "int": "number",
    "float": "number",
    "number": "number",
    "bool": "boolean",
    "boolean": "boolean",
    "checkbox": "boolean",
}


def _kind(source: Source) -> str:
    if source.values:
        kinds = {type(value) for value in source.values}
        known = {str: "string", bool: "boolean", int: "number"}
        return known[kinds.pop()] if len(kinds) == 1 else "any"
    return _KINDS.get(source.type, "any")


def variables_of(folder: Folder, context: CheckContext) -> Variables:
    """Collect the variables from forms, operators, tables, scripts, repeated steps and messages."""
    found: dict[str, list[Source]] = {}
    for source in _sources(folder, context):
        if source.name:
            found.setdefault(source.name, []).append(source)
    sources = {name: tuple(origins) for name, origins in found.items()}
    return Variables(sources, complete=not any(_missing(folder, context)))


def _missing(folder: Folder, context: CheckContext) -> Iterator[str]:
    """Yield what is named in a diagram and not there: each is an error of its own already."""
    for drawing in folder.drawings:
        for element in drawing.elements:
            wanted = {
                "operator": (element.operator, context.operators),
                "recorder": (element.properties.get("recordWith"), context.operators),
                "form": (element.properties.get("formRef"), folder.forms),
                "decision": (element.decision_ref, folder.decisions),
            }
            yield from (name for name, known in wanted.values() if name and name not in known)


def _sources(folder: Folder, context: CheckContext) -> Iterator[Source]:
    for given in (context.start_data, context.message_data):
        yield from (Source(name, type_) for name, type_ in given.items())
    yield Source("profile")
    yield from _from_forms(folder)
    yield from _from_decisions(folder)
    for drawing in folder.drawings:
        for message in drawing.messages:
            yield Source(message.variable)
        for element in drawing.elements:
            yield from _from_element(element, context)


def _from_forms(folder: Folder) -> Iterator[Source]:
    for form in folder.forms.values():
        for field in form.fields():
            if field.field_class != "process" or field.in_rows:
                continue
            closed = bool(field.allowed) and not field.directory
            yield Source(field.key, field.type, _plain_values(field.allowed) if closed else None)


def _from_decisions(folder: Folder) -> Iterator[Source]:
    for table in folder.decisions.values():
        for place, output in enumerate(table.outputs):
            kind = "" if output.column.kind == "any" else output.column.kind
            yield Source(output.name, kind, _table_values(table, place))


def _table_values(table: DecisionTable, place: int) -> frozenset[Any] | None:
    """Return what an output column can give, None when a cell computes it or lists are made."""
    if table.hit_policy in {"COLLECT", "RULE ORDER"}:
        return None
    cells = [rule.outputs[place].expression for rule in table.rules]
    found = [cell for cell in (*cells, table.outputs[place].default) if cell is not None]
    values = [constant(cell.tree, missing=_OPEN) for cell in found]
    return _plain_values(value for value in values if value is not None)


_OPEN = object()


def _from_element(element: Element, context: CheckContext) -> Iterator[Source]:
    for name in (element.operator, element.properties.get("recordWith")):
        facts = context.operators.get(name or "")
        if facts is not None:
            yield from (Source(output, type_) for output, type_ in facts.outputs.items())
    many = element.multi_instance
    if many is not None:
        yield from (Source(name) for name in (many.item, many.output, many.output_item))
    yield from _from_script(element.script or "")


def _from_script(script: str) -> Iterator[Source]:
    try:
        lines = compile_assignments(script).lines
    except ExpressionError:
        return
    for line in lines:
        value = constant(line.expression.tree, missing=_OPEN)
        yield Source(line.target, "", frozenset() if value is None else _plain_values([value]))


def _plain_values(values: Iterable[Any]) -> frozenset[Any] | None:
    """Return the values as a set, None when one of them cannot be compared as a code."""
    found = list(values)
    return frozenset(found) if all(isinstance(value, str | bool | int) for value in found) else None
