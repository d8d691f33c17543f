"""Holds one decision table and evaluates it under its hit policy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.decision.coverage import DecisionFinding, find_flaws
from engine.errors import DecisionError, ExpressionError
from engine.expression import Expression, UnaryTests, to_json
from engine.expression.program import UTC_ZONE
from engine.language import mark
from engine.language.telling import Told, located, message_of, told

Place = Callable[[], Told]
"""Says which row and column: made only where something is wrong, as each cell is asked."""
HIT_POLICIES: Final = ("UNIQUE", "FIRST", "ANY", "PRIORITY", "RULE ORDER", "COLLECT")
AGGREGATIONS: Final = ("", "SUM", "COUNT", "MIN", "MAX")


@dataclass(frozen=True, slots=True)
class Column:
    """What input and output columns share: `kind` is a FEEL kind or "any", `values` if closed."""

    id: str
    label: str
    kind: str
    whole: bool
    values: UnaryTests | None
    allowed: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Input:
    """An input column and the expression whose value its cells test."""

    column: Column
    expression: Expression


@dataclass(frozen=True, slots=True)
class Output:
    """An output column, and what it gives when no rule matches."""

    column: Column
    name: str
    default: Expression | None


@dataclass(frozen=True, slots=True)
class TestCell:
    """An input cell as written, and what it compiled to; `error` says why it did not."""

    __test__ = False  # pytest must not take it for a test class

    source: str
    tests: UnaryTests | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class ValueCell:
    """An output cell as written; an empty one gives null."""

    source: str
    expression: Expression | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: all its cells must match for its outputs to count."""

    id: str
    number: int
    tests: tuple[TestCell, ...]
    outputs: tuple[ValueCell, ...]
    annotations: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A decision table as it was drawn."""

    id: str
    name: str
    file: str
    hit_policy: str
    aggregation: str
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    rules: tuple[Rule, ...]
    annotations: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Return the variables that the table reads."""
        found: set[str] = set()
        for column in self.inputs:
            found |= column.expression.names
        for rule in self.rules:
            for test in rule.tests:
                found |= test.tests.names if test.tests else frozenset()
            for value in rule.outputs:
                found |= value.expression.names if value.expression else frozenset()
        return frozenset(found)

    def findings(self) -> list[DecisionFinding]:
        """Return what is wrong with the table: bad cells, overlaps, gaps, rules never reached."""
        return find_flaws(self)

    def evaluate(
        self,
        context: Mapping[str, Any],
        *,
        now: datetime | None = None,
        zone: ZoneInfo = UTC_ZONE,
    ) -> dict[str, Any]:
        """Return the outputs by name as JSON values; lists for COLLECT and RULE ORDER.

        Raises DecisionError when no rule matches and the table has no default output, when the hit
        policy is broken, or when a cell cannot be evaluated.
        """
        return _Run(self, context, now, zone).outputs()


@dataclass(frozen=True, slots=True)
class _Run:
    """One evaluation of a table."""

    table: DecisionTable
    context: Mapping[str, Any]
    now: datetime | None
    zone: ZoneInfo

    def outputs(self) -> dict[str, Any]:
        values = [self._input(column) for column in self.table.inputs]
        matched = [rule for rule in self.table.rules if self._matches(rule, values)]
        if self.table.hit_policy == "COLLECT":
            return self._collect(matched)
        if not matched:
            return self._defaults()
        chosen = {
            "UNIQUE": self._unique,
            "ANY": self._any,
            "PRIORITY": self._priority,
            "RULE ORDER": self._lists,
            "FIRST": self._first,
        }
        return chosen[self.table.hit_policy](matched)

    def _error(self, message: str) -> DecisionError:
        return DecisionError(
            told(
                "%(file)s: decision %(id)s: %(message)s",
                file=self.table.file,
                id=self.table.id,
                message=message,
            )
        )

    def _value(self, expression: Expression, place: Place) -> Any:
        try:
            return expression.evaluate(self.context, now=self.now, zone=self.zone)
        except ExpressionError as error:
            raise self._error(located(place(), message_of(error))) from error

    def _input(self, column: Input) -> Any:
        place = partial(told, mark("column %(label)s"), label=column.column.label)
        value = self._value(column.expression, place)
        allowed = column.column.values
        if value is not None and allowed is not None and not self._meets(allowed, value, place):
            raise self._error(
                told(
                    "%(place)s: the value is none of %(source)s.",
                    place=place(),
                    source=allowed.source,
                )
            )
        return value

    def _meets(self, tests: UnaryTests, value: Any, place: Place) -> bool:
        try:
            return tests.matches(value, self.context, now=self.now, zone=self.zone)
        except ExpressionError as error:
            raise self._error(located(place(), message_of(error))) from error

    def _matches(self, rule: Rule, values: list[Any]) -> bool:
        for column, cell, value in zip(self.table.inputs, rule.tests, values, strict=True):
            label = column.column.label
            place = partial(
                told, mark("row %(number)s, column %(label)s"), number=rule.number, label=label
            )
            if cell.tests is None:
                raise self._error(located(place(), cell.error))
            if not self._meets(cell.tests, value, place):
                return False
        return True

    def _row(self, rule: Rule) -> dict[str, Any]:
        found = {}
        for column, cell in zip(self.table.outputs, rule.outputs, strict=True):
            place = partial(
                told, mark("row %(number)s, output %(name)s"), number=rule.number, name=column.name
            )
            if cell.error:
                raise self._error(located(place(), cell.error))
            value = None if cell.expression is None else self._value(cell.expression, place)
            if value is not None and column.column.values is not None:
                self._check_output(column, value, place)
            found[column.name] = to_json(value)
        return found

    def _check_output(self, column: Output, value: Any, place: Place) -> None:
        allowed = column.column.values
        if allowed is not None and not self._meets(allowed, value, place):
            raise self._error(
                told(
                    "%(place)s: gives a value that is none of %(source)s.",
                    place=place(),
                    source=allowed.source,
                )
            )

    def _first(self, matched: list[Rule]) -> dict[str, Any]:
        return self._row(matched[0])

    def _unique(self, matched: list[Rule]) -> dict[str, Any]:
        if len(matched) > 1:
            rows = ", ".join(str(rule.number) for rule in matched)
            raise self._error(
                told("rows %(rows)s match at once; make the rules exclude each other.", rows=rows)
            )
        return self._row(matched[0])

    def _any(self, matched: list[Rule]) -> dict[str, Any]:
        rows = [self._row(rule) for rule in matched]
        if any(row != rows[0] for row in rows):
            numbers = ", ".join(str(rule.number) for rule in matched)
            raise self._error(
                told(
                    "rows %(numbers)s match with different outputs; make them agree.",
                    numbers=numbers,
                )
            )
        return rows[0]

    def _priority(self, matched: list[Rule]) -> dict[str, Any]:
        """Return the row whose outputs stand first in the lists of output values."""
        rows = [self._row(rule) for rule in matched]
        return min(rows, key=self._rank)

    def _rank(self, row: dict[str, Any]) -> list[int]:
        ranks = []
        for column in self.table.outputs:
            order = [to_json(value) for value in column.column.allowed]
            value = row[column.name]
            ranks.append(order.index(value) if value in order else len(order))
        return ranks

    def _lists(self, matched: list[Rule]) -> dict[str, Any]:
        rows = [self._row(rule) for rule in matched]
        return {column.name: [row[column.name] for row in rows] for column in self.table.outputs}

    def _collect(self, matched: list[Rule]) -> dict[str, Any]:
        lists = self._lists(matched)
        if not self.table.aggregation:
            return lists
        name = self.table.outputs[0].name
        return {name: self._aggregate(lists[name])}

    def _aggregate(self, found: list[Any]) -> Any:
        if self.table.aggregation == "COUNT":
            return len(found)
        numbers = [value for value in found if value is not None]
        if any(isinstance(value, bool) or not isinstance(value, int | float) for value in numbers):
            raise self._error(
                told(
                    "%(aggregation)s needs outputs that are numbers.",
                    aggregation=self.table.aggregation,
                )
            )
        if self.table.aggregation == "SUM":
            return sum(numbers)
        if not numbers:
            return None
        return min(numbers) if self.table.aggregation == "MIN" else max(numbers)

    def _defaults(self) -> dict[str, Any]:
        if all(column.default is None for column in self.table.outputs):
            raise self._error(told("no rule matches; add a rule or a default output."))
        return {
            column.name: to_json(
                None
                if column.default is None
                else self._value(
                    column.default, partial(told, mark("default of %(name)s"), name=column.name)
                )
            )
            for column in self.table.outputs
        }
