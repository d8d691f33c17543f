"""Finds flaws of a decision table: bad cells, overlaps, gaps, rules that are never reached.

Each input column is cut into finitely many samples such that every cell treats all values between
two samples alike; rules and columns are then compared on the samples only. This is exact for cells
that compare with constants; rows with other cells are left out of the comparison.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from engine.errors import ExpressionError
from engine.expression import UnaryTests, to_json, tree
from engine.expression.constant import constant
from engine.expression.value import kind, kind_words
from engine.language import mark
from engine.language.telling import told

if TYPE_CHECKING:
    from engine.decision.table import Column, DecisionTable, Rule

MAX_SPLITS: Final = 20_000
MAX_PAIRS_REPORTED: Final = 20

_MISSING: Final = object()
# A text that no table names, standing for all texts that are not named.
_OTHER: Final = "(any other text)"


@dataclass(frozen=True, slots=True)
class DecisionFinding:
    """One flaw, with the ids of the rules that have it (none for the table as a whole)."""

    rule_ids: tuple[str, ...]
    message: str


def find_flaws(table: "DecisionTable") -> list[DecisionFinding]:
    """Return the flaws of `table`; bad cells first."""
    found = list(_bad_cells(table))
    if found:
        return found
    found.extend(_wrong_kinds(table))
    if found:
        return found
    grid = _Grid(table)
    found.extend(_never(grid))
    found.extend(_overlaps(table, grid))
    found.extend(_unreached(table, grid))
    found.extend(_gaps(table, grid))
    return found


def _bad_cells(table: "DecisionTable") -> Iterator[DecisionFinding]:
    """Yield the cells that do not compile, by row and column."""
    if not table.rules:
        yield DecisionFinding((), told("The table has no rule; add one."))
    for rule in table.rules:
        for column, test in zip(table.inputs, rule.tests, strict=True):
            if test.error:
                yield _cell(rule, column.column.label, test.error)
        for output, value in zip(table.outputs, rule.outputs, strict=True):
            if value.error:
                yield _cell(rule, output.column.label, value.error)


def _cell(rule: "Rule", label: str, message: str) -> DecisionFinding:
    return DecisionFinding(
        (rule.id,),
        told(
            "Row %(number)s, column %(label)s: %(message)s",
            number=rule.number,
            label=label,
            message=message,
        ),
    )


def _wrong_kinds(table: "DecisionTable") -> Iterator[DecisionFinding]:
    """Yield constants of another kind than their column, and outputs that are not allowed."""
    for rule in table.rules:
        for column, test in zip(table.inputs, rule.tests, strict=True):
            for value in _constants(test.tests):
                if message := _misfit(column.column, value):
                    yield _cell(rule, column.column.label, message)
        for output, cell in zip(table.outputs, rule.outputs, strict=True):
            if cell.expression is None:
                continue
            value = constant(cell.expression.tree, _MISSING)
            if value is _MISSING or value is None:
                continue
            if message := _misfit(output.column, value) or _not_allowed(output.column, value):
                yield _cell(rule, output.column.label, message)


def _misfit(column: "Column", value: Any) -> str:
    if value is None or column.kind == "any" or isinstance(value, list | dict):
        return ""
    found = kind(value)
    if found != column.kind:
        return told(
            "holds a %(found)s, but the column is a %(kind)s; change one of them.",
            found=kind_words(found),
            kind=kind_words(column.kind),
        )
    if column.whole and not isinstance(value, int):
        return told("holds a number with decimals, but the column counts whole numbers.")
    return ""


def _not_allowed(column: "Column", value: Any) -> str:
    if column.values is None or _accepts(column.values, value):
        return ""
    return told(
        "gives %(value)s, which is none of the column's values %(source)s.",
        value=_show(value),
        source=column.values.source,
    )


def _accepts(tests: UnaryTests, value: Any) -> bool:
    try:
        return tests.matches(value, {})
    except ExpressionError:
        return False


def _constants(tests: UnaryTests | None) -> list[Any]:
    """Return the constants a cell compares with."""
    found = []
    for test in tests.tree.tests if tests else ():
        for part in _compared(test):
            value = constant(part, _MISSING)
            if value is not _MISSING:
                found.extend(value if isinstance(value, list) else [value])
    return found


def _compared(test: tree.Node) -> tuple[tree.Node, ...]:
    match test:
        case tree.ComparisonTest(operand=operand):
            return (operand,)
        case tree.Range(low=low, high=high):
            return (low, high)
    return (test,)


def _is_constant(tests: UnaryTests | None) -> bool:
    """Tell whether a cell depends on the tested value alone."""
    return tests is not None and all(
        constant(part, _MISSING) is not _MISSING
        for test in tests.tree.tests
        for part in _compared(test)
    )


@dataclass(frozen=True, slots=True)
class _Axis:
    """One input column cut into samples; `closed` when the samples stand for every value."""

    label: str
    samples: tuple[Any, ...]
    closed: bool


def _axis(column: "Column", cells: list[UnaryTests]) -> _Axis:
    constants = [value for cell in cells for value in _constants(cell)]
    kinds = {kind(value) for value in constants if value is not None}
    found = column.kind if column.kind != "any" or len(kinds) != 1 else kinds.pop()
    bounds = constants + (_constants(column.values) if column.values else [])
    samples, closed = _samples(found, bounds, whole=column.whole)
    if column.allowed:
        samples, closed = [value for value in column.allowed if value is not None], True
    elif column.values is not None:
        values = column.values
        samples = [sample for sample in samples if _accepts(values, sample)]
    if any(value is None for value in constants):
        samples.append(None)
    return _Axis(column.label, tuple(samples), closed)


def _samples(found: str, constants: list[Any], *, whole: bool) -> tuple[list[Any], bool]:
    """Return samples of all values of a kind as far as `constants` tell them apart."""
    same = [value for value in constants if value is not None and kind(value) == found]
    if found == "boolean":
        return [True, False], True
    if found == "number":
        return _number_samples(same, whole=whole), True
    if found in ("date", "date and time"):
        return _date_samples(same), bool(same)
    distinct = list(dict.fromkeys(same))
    return ([*distinct, _OTHER] if found in ("string", "any") else distinct), False


def _number_samples(bounds: list[Any], *, whole: bool) -> list[Any]:
    points = sorted(set(bounds)) or [0]
    if whole:
        near = {point + step for point in points for step in (-1, 0, 1)}
        return sorted(near)
    between = [(low + high) / 2 for low, high in pairwise(points)]
    return sorted({points[0] - 1, *points, *between, points[-1] + 1})


def _date_samples(bounds: list[date | datetime]) -> list[Any]:
    points = sorted(set(bounds))
    step = timedelta(days=1)
    between = {point + shift for point in points for shift in (-step, step)}
    if any(isinstance(point, datetime) for point in points):
        tick = timedelta(seconds=1)
        between |= {point + shift for point in points for shift in (-tick, tick)}
    return sorted({*points, *between})


class _Grid:
    """The samples of every column, and which of them each rule's cells match (as bits)."""

    def __init__(self, table: "DecisionTable") -> None:
        self.rules = [r for r in table.rules if all(_is_constant(cell.tests) for cell in r.tests)]
        self.exact = len(self.rules) == len(table.rules)
        self.axes = [
            _axis(column.column, [cell for rule in self.rules if (cell := rule.tests[i].tests)])
            for i, column in enumerate(table.inputs)
        ]
        self.closed = all(axis.closed and axis.samples for axis in self.axes)
        self.masks = {
            rule.id: [
                _mask(axis, cell.tests) for axis, cell in zip(self.axes, rule.tests, strict=True)
            ]
            for rule in self.rules
        }
        # A missing value is only asked about where a cell names it; it is no gap otherwise.
        self.everything = [
            sum(1 << i for i, sample in enumerate(axis.samples) if sample is not None)
            for axis in self.axes
        ]

    def example(self, masks: list[int]) -> str:
        """Return one input that lies in `masks`, in words."""
        parts = [
            f"{axis.label} = {_show(axis.samples[(mask & -mask).bit_length() - 1])}"
            for axis, mask in zip(self.axes, masks, strict=True)
        ]
        return ", ".join(parts) or told("any input")

    def uncovered(self, region: list[int], rules: list["Rule"]) -> list[int] | None:
        """Return a part of `region` that none of `rules` matches; None when there is none."""
        return _Search(self.masks).find(region, [rule.id for rule in rules])


def _mask(axis: _Axis, tests: UnaryTests | None) -> int:
    mask = 0
    for position, sample in enumerate(axis.samples):
        if tests is not None and _accepts(tests, sample):
            mask |= 1 << position
    return mask


class _TooLargeError(Exception):
    """The search for a gap was given up."""


class _Search:
    """Looks for a point outside all rules, column by column, remembering what is covered."""

    def __init__(self, masks: Mapping[str, list[int]]) -> None:
        self.masks = masks
        self.covered: set[tuple[int, tuple[str, ...]]] = set()
        self.splits = 0

    def find(self, region: list[int], rules: list[str], column: int = 0) -> list[int] | None:
        if not rules:
            return region[column:]
        if column == len(region):
            return None
        key = (column, tuple(rules))
        if key in self.covered:
            return None
        self.splits += 1
        if self.splits > MAX_SPLITS:
            raise _TooLargeError
        for bit, left in self.split(region[column], rules, column):
            rest = self.find(region, left, column + 1)
            if rest is not None:
                return [bit, *rest]
        self.covered.add(key)
        return None

    def split(self, mask: int, rules: list[str], column: int) -> Iterator[tuple[int, list[str]]]:
        """Yield one sample for each different set of rules that still match."""
        seen: set[tuple[str, ...]] = set()
        while mask:
            bit = mask & -mask
            mask ^= bit
            left = [rule for rule in rules if self.masks[rule][column] & bit]
            if tuple(left) not in seen:
                seen.add(tuple(left))
                yield bit, left


def _never(grid: _Grid) -> Iterator[DecisionFinding]:
    for rule in grid.rules:
        for axis, mask in zip(grid.axes, grid.masks[rule.id], strict=True):
            if axis.samples and not mask:
                yield _cell(rule, axis.label, told("never matches any value the column can have."))


def _overlaps(table: "DecisionTable", grid: _Grid) -> Iterator[DecisionFinding]:
    """Yield the pairs of rules that match at once though the hit policy forbids it."""
    if table.hit_policy not in ("UNIQUE", "ANY"):
        return
    reported = 0
    for position, first in enumerate(grid.rules):
        for second in grid.rules[position + 1 :]:
            common = [
                a & b for a, b in zip(grid.masks[first.id], grid.masks[second.id], strict=True)
            ]
            if not all(common) or (table.hit_policy == "ANY" and _agree(first, second)):
                continue
            reported += 1
            if reported > MAX_PAIRS_REPORTED:
                return
            yield DecisionFinding(
                (first.id, second.id),
                told(
                    "Rows %(first)s and %(second)s both match %(example)s; %(mend)s",
                    first=first.number,
                    second=second.number,
                    example=grid.example(common),
                    mend=told(_OVERLAP_MEND[table.hit_policy]),
                ),
            )


_OVERLAP_MEND: Final = {
    "UNIQUE": mark("make them exclude each other or choose the hit policy FIRST."),
    "ANY": mark("give them the same outputs or make them exclude each other."),
}


def _agree(first: "Rule", second: "Rule") -> bool:
    """Tell whether two rules certainly give the same outputs."""
    for one, other in zip(first.outputs, second.outputs, strict=True):
        trees = [cell.expression.tree if cell.expression else None for cell in (one, other)]
        if trees[0] != trees[1]:
            return False
    return True


def _unreached(table: "DecisionTable", grid: _Grid) -> Iterator[DecisionFinding]:
    """Yield the rules of a FIRST table whose every input an earlier rule takes."""
    if table.hit_policy != "FIRST":
        return
    for position, rule in enumerate(grid.rules):
        masks = grid.masks[rule.id]
        try:
            if all(masks) and grid.uncovered(masks, grid.rules[:position]) is None:
                yield DecisionFinding(
                    (rule.id,),
                    told(
                        "Row %(number)s is never reached: earlier rows match all its inputs; move "
                        "it up or remove it.",
                        number=rule.number,
                    ),
                )
        except _TooLargeError:
            return


def _gaps(table: "DecisionTable", grid: _Grid) -> Iterator[DecisionFinding]:
    """Yield an input that no rule matches, where all inputs have values that can be listed."""
    defaulted = any(output.default is not None for output in table.outputs)
    if table.hit_policy == "COLLECT" or defaulted or not (grid.exact and grid.closed):
        return
    try:
        missed = grid.uncovered(grid.everything, grid.rules)
    except _TooLargeError:
        yield DecisionFinding(
            (), told("The table is too large to prove complete; split the decision.")
        )
        return
    if missed is not None:
        yield DecisionFinding(
            (),
            told(
                "No row matches %(example)s; add a row or a default output.",
                example=grid.example(missed),
            ),
        )


def _show(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, str) and value != _OTHER:
        return f'"{value}"'
    return str(to_json(value))
