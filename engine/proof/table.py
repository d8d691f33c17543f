"""What a decision table can give over variables of which some are open."""

from collections.abc import Iterator
from itertools import product
from typing import Any, Final

from engine.decision import DecisionTable
from engine.decision.table import Rule
from engine.expression import Expression
from engine.proof.possible import OPEN, Data, values_of

_UNKNOWN: Final = object()


def possible_outputs(table: DecisionTable, seen: Data, outputs: list[str]) -> list[dict[str, Any]]:
    """Return every combination of the outputs that some matching row can give, each once."""
    given: list[dict[str, Any]] = []
    for row in _rows(table, seen):
        if all(cell is None for cell in row.values()):
            continue
        for values in product(*(_cell(row[name], seen) for name in outputs)):
            change = dict(zip(outputs, values, strict=True))
            if change not in given:
                given.append(change)
    return given


def switched_off(table: DecisionTable, names: Data) -> Iterator[tuple[str, Any]]:
    """Yield the outputs of rows that the values of the profile leave out; others let them in."""
    for rule in table.rules:
        if any(
            column.expression.names
            and column.expression.names <= names.keys()
            and cell.tests is not None
            and not cell.tests.matches(column.expression.evaluate(names), names)
            for column, cell in zip(table.inputs, rule.tests, strict=True)
        ):
            for output, value in zip(table.outputs, rule.outputs, strict=True):
                if value.expression is not None and not value.expression.names:
                    yield output.name, value.expression.evaluate({})


def _rows(table: DecisionTable, seen: Data) -> Iterator[dict[str, Expression | None]]:
    """Yield the outputs of the rows that may match, and the defaults unless one surely does."""
    closed = [
        _UNKNOWN if _is_open(column.expression.names, seen) else column.expression.evaluate(seen)
        for column in table.inputs
    ]
    for rule in table.rules:
        truths = _truths(rule, closed, seen)
        if False in truths:
            continue
        cells = zip(table.outputs, rule.outputs, strict=True)
        yield {column.name: cell.expression for column, cell in cells}
        if truths <= {True} and table.hit_policy == "FIRST":
            return
    yield {column.name: column.default for column in table.outputs}


def _truths(rule: Rule, closed: list[Any], seen: Data) -> set[bool | None]:
    """Return whether each cell of a row matches; None where that is open."""
    found: set[bool | None] = set()
    for cell, value in zip(rule.tests, closed, strict=True):
        if cell.source.strip() in {"", "-"}:
            continue
        if cell.tests is None or value is _UNKNOWN or _is_open(cell.tests.names, seen):
            found.add(None)
        else:
            found.add(cell.tests.matches(value, seen))
    return found


def _is_open(names: frozenset[str], seen: Data) -> bool:
    return any(seen.get(name) is OPEN for name in names)


def _cell(expression: Expression | None, seen: Data) -> tuple[Any, ...]:
    return (None,) if expression is None else values_of(expression, seen)
