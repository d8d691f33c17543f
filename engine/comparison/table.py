"""Compares two versions of a decision table: its columns, its rows cell by cell, how they count."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from engine.comparison.change import Change, Kind, Weight, named, say, valued
from engine.comparison.side import Side
from engine.comparison.table_file import compare_table_files
from engine.comparison.table_row import Cell, Tables, compare_rows
from engine.decision import DecisionTable
from engine.decision.table import Input, Output
from engine.expression.value import kind_words
from engine.language import mark
from engine.language.telling import told

Column = Input | Output
COLUMN: Final = mark(
    {
        "input": "In %(here)s, the input %(name)s",
        "output": "In %(here)s, the output %(name)s",
    }
)
COLUMNS: Final = mark(
    {
        ("input", True): "In %(here)s, the input %(name)s is new.",
        ("input", False): "In %(here)s, the input %(name)s is gone.",
        ("output", True): "In %(here)s, the output %(name)s is new.",
        ("output", False): "In %(here)s, the output %(name)s is gone.",
    }
)
"""What is said of a column that is new, or gone."""


def compare_tables(
    old: Side, new: Side, before: DecisionTable, after: DecisionTable
) -> Iterator[Change]:
    """Yield every difference of a decision table that is on both sides."""
    tables = Tables(before, after)
    yield from _head(tables)
    inputs = _paired(before.inputs, after.inputs)
    outputs = _paired(before.outputs, after.outputs)
    yield from _columns(tables, "input", inputs)
    yield from _columns(tables, "output", outputs)
    yield from compare_rows(tables, _cells(inputs, outputs))
    yield from compare_table_files(tables, old.files[before.file], new.files[after.file])


def _head(tables: Tables) -> Iterator[Change]:
    before, after = tables.before, tables.after
    if before.id != after.id:
        sentence = say(
            "The table %(name)s is called by the id %(after)s instead of %(before)s.",
            name=named(after.name),
            before=valued(before.id),
            after=valued(after.id),
        )
        yield tables.change("", "id", (before.id, after.id), sentence)
    if before.name != after.name:
        sentence = say(
            "The table %(before)s is now called %(after)s.",
            before=named(before.name),
            after=named(after.name),
        )
        values = before.name, after.name
        yield tables.change(after.id, "name", values, sentence, weight="wording")
    for attribute, template in (
        ("hit_policy", mark("In %(here)s, rows count as %(after)s instead of %(before)s.")),
        (
            "aggregation",
            mark("In %(here)s, the results of all rows become %(after)s instead of %(before)s."),
        ),
    ):
        values = getattr(before, attribute), getattr(after, attribute)
        if values[0] != values[1]:
            sentence = say(
                template, here=tables.here, before=valued(values[0]), after=valued(values[1])
            )
            yield tables.change(after.id, attribute, values, sentence)
    if before.annotations != after.annotations:
        sentence = say("In %(here)s, the columns of notes have other names.", here=tables.here)
        notes = list(before.annotations), list(after.annotations)
        yield tables.change(after.id, "annotations", notes, sentence, weight="wording")


Pairs = list[tuple[int | None, int | None, Any, Any]]
"""Place and column before and after; None where there is none."""


def _source(column: Column) -> str:
    return column.name if isinstance(column, Output) else column.expression.source


def _paired(old: Sequence[Column], new: Sequence[Column]) -> Pairs:
    """Pair columns by what they read or give, then by their id."""
    left, right = dict(enumerate(old)), dict(enumerate(new))
    found: Pairs = []
    for key in (_source, lambda column: column.column.id):
        for i, column in list(left.items()):
            j = next((j for j, other in right.items() if key(other) == key(column)), None)
            if j is not None and key(column):
                found.append((i, j, left.pop(i), right.pop(j)))
    found += [(i, None, column, None) for i, column in left.items()]
    found += [(None, j, None, column) for j, column in right.items()]
    return found


def _columns(tables: Tables, what: str, pairs: Pairs) -> Iterator[Change]:
    for i, j, before, after in pairs:
        if before is None or after is None:
            column, place = (after, j) if before is None else (before, i)
            table = tables.after if before is None else tables.before
            told = _with_cells(table, what, column, place or 0)
            text = COLUMNS[what, before is None]
            sentence = say(text, here=tables.here, name=named(column.column.label))
            kind: Kind = "added" if before is None else "removed"
            values = (None, told) if before is None else (told, None)
            yield tables.change(_source(column), what, values, sentence, kind=kind)
        else:
            yield from _column(tables, what, before, after)


def _with_cells(table: DecisionTable, what: str, column: Column, place: int) -> list[str]:
    rows = (rule.tests if what == "input" else rule.outputs for rule in table.rules)
    return [_source(column), *(cells[place].source for cells in rows)]


def _column(tables: Tables, what: str, before: Column, after: Column) -> Iterator[Change]:
    here = say(COLUMN[what], here=tables.here, name=named(after.column.label))
    for attribute, values, template, weight in (
        (
            "label",
            (before.column.label, after.column.label),
            mark("%(here)s was called %(before)s."),
            "wording",
        ),
        (
            "source",
            (_source(before), _source(after)),
            mark("%(here)s is %(after)s instead of %(before)s."),
            "",
        ),
        (
            "kind",
            (_kind(before), _kind(after)),
            mark("%(here)s is a %(after)s instead of a %(before)s."),
            "",
        ),
        (
            "values",
            (_values(before), _values(after)),
            mark("%(here)s may be %(after)s instead of %(before)s."),
            "",
        ),
        (
            "default",
            (_default(before), _default(after)),
            mark("%(here)s is %(after)s instead of %(before)s where no row applies."),
            "",
        ),
    ):
        if values[0] != values[1]:
            sentence = say(template, here=here, before=valued(values[0]), after=valued(values[1]))
            heavy: Weight = "wording" if weight else "meaning"
            yield tables.change(
                _identity(before, after), f"{what} {attribute}", values, sentence, weight=heavy
            )


def _identity(before: Column, after: Column) -> str:
    """Return what both columns have in common: what they read or give, else the id."""
    same = _source(before) == _source(after)
    return _source(after) if same else after.column.id


def _kind(column: Column) -> str:
    return told("whole number") if column.column.whole else kind_words(column.column.kind)


def _values(column: Column) -> str:
    return column.column.values.source if column.column.values else ""


def _default(column: Column) -> str:
    if isinstance(column, Output) and column.default is not None:
        return column.default.source
    return ""


def _cells(inputs: Pairs, outputs: Pairs) -> list[Cell]:
    return [
        Cell(new.column.label, is_input, i, j)
        for is_input, pairs in ((True, inputs), (False, outputs))
        for i, j, _, new in sorted(pairs, key=lambda pair: pair[1] or 0)
        if i is not None and j is not None
    ]
