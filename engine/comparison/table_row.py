"""Compares the rows of a decision table, cell by cell."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from engine.calendar import is_duration
from engine.comparison.change import Change, Kind, Sentence, Weight, excerpts, named, say, valued
from engine.comparison.phrase import duration, joined
from engine.comparison.place import numbered
from engine.decision import DecisionTable
from engine.decision.table import Rule, TestCell, ValueCell
from engine.expression import describe, tree
from engine.language import mark
from engine.language.telling import Told, told

IN_ORDER: Final = frozenset({"FIRST", "RULE ORDER", "COLLECT"})
"""Hit policies under which the order of the rows says something."""


@dataclass(frozen=True)
class Tables:
    """The two versions of a table."""

    before: DecisionTable
    after: DecisionTable

    @property
    def here(self) -> Sentence:
        """Return what the table is called."""
        return say("the table %(name)s", name=named(self.after.name))

    def change(
        self,
        element: str,
        attribute: str,
        values: tuple[Any, Any],
        sentence: Sentence,
        *,
        weight: Weight = "meaning",
        kind: Kind = "changed",
        aspect: str = "",
    ) -> Change:
        """Return a difference; `values` are before and after."""
        file = self.after.file
        return Change(kind, file, element, attribute, *values, weight, aspect, sentence=sentence)


@dataclass(frozen=True)
class Cell:
    """A column that is on both sides: its name, and where its cells are."""

    name: str
    is_input: bool
    before: int
    after: int


def compare_rows(tables: Tables, cells: list[Cell]) -> Iterator[Change]:
    """Yield rows that came or went, and of those that stayed each cell that is another."""
    pairs, gone, new = _paired_rows(tables.before.rules, tables.after.rules)
    for rule in gone:
        sentence = say(
            "Row %(number)s of %(here)s is gone: %(row)s.",
            number=str(rule.number),
            here=tables.here,
            row=valued(_row_words(tables.before, rule)),
        )
        yield tables.change(rule.id, "row", (_row(rule), None), sentence, kind="removed")
    for rule in new:
        sentence = say(
            "Row %(number)s of %(here)s is new: %(row)s.",
            number=str(rule.number),
            here=tables.here,
            row=valued(_row_words(tables.after, rule)),
        )
        yield tables.change(rule.id, "row", (None, _row(rule)), sentence, kind="added")
    for before, after in pairs:
        yield from _row_change(tables, cells, before, after)
    order = [after.number for _, after in pairs]
    if order != sorted(order):
        yield _reordered(tables, pairs)


def _paired_rows(
    old: Sequence[Rule], new: Sequence[Rule]
) -> tuple[list[tuple[Rule, Rule]], list[Rule], list[Rule]]:
    """Pair rows by id, in the order before; what is left by equal content."""
    left = dict(zip(numbered(rule.id for rule in old), old, strict=True))
    right = dict(zip(numbered(rule.id for rule in new), new, strict=True))
    pairs = {key: right.pop(key) for key in left if key in right}
    for key, rule in left.items():
        same = next((one for one, row in right.items() if _row(row) == _row(rule)), None)
        if key not in pairs and same is not None:
            pairs[key] = right.pop(same)
    return (
        [(rule, pairs[key]) for key, rule in left.items() if key in pairs],
        [rule for key, rule in left.items() if key not in pairs],
        list(right.values()),
    )


def _row(rule: Rule) -> list[str]:
    return [*(cell.source for cell in rule.tests), *(cell.source for cell in rule.outputs)]


def _row_words(table: DecisionTable, rule: Rule) -> str:
    tests = zip(table.inputs, rule.tests, strict=True)
    when = joined(
        Told("%(name)s %(test)s", {"name": column.column.label, "test": _test_words(cell)})
        for column, cell in tests
        if cell.source not in ("", "-")
    )
    outputs = zip(table.outputs, rule.outputs, strict=True)
    then = joined(
        Told("%(name)s: %(value)s", {"name": column.column.label, "value": _value_words(cell)})
        for column, cell in outputs
    )
    if not when:
        return told("always %(then)s", then=then)
    return told("if %(when)s, then %(then)s", when=when, then=then)


def _test_words(cell: Any) -> str:
    return describe(cell.tests.tree) if cell.tests is not None else cell.source


def _value_words(cell: Any) -> str:
    if cell.expression is None:
        return cell.source or told("nothing")
    node = cell.expression.tree
    if isinstance(node, tree.Literal) and isinstance(node.value, str) and is_duration(node.value):
        return duration(node.value)
    return describe(node)


def _cell(cell: Cell, rule: Rule, place: int) -> TestCell | ValueCell:
    return rule.tests[place] if cell.is_input else rule.outputs[place]


def _row_change(tables: Tables, cells: list[Cell], before: Rule, after: Rule) -> Iterator[Change]:
    for cell in cells:
        old, new = _cell(cell, before, cell.before), _cell(cell, after, cell.after)
        if old.source == new.source:
            continue
        words = _test_words if cell.is_input else _value_words
        shown = excerpts(words(old), words(new))
        if shown[0].text == shown[1].text:
            shown = excerpts(old.source, new.source)
        text = mark("In row %(number)s of %(here)s, %(column)s is %(after)s instead of %(before)s.")
        if cell.is_input:
            text = mark(
                "In row %(number)s of %(here)s, %(column)s %(after)s instead of %(before)s."
            )
        sentence = say(
            text,
            number=str(after.number),
            here=tables.here,
            column=named(cell.name),
            before=valued(shown[0]),
            after=valued(shown[1]),
        )
        values = old.source, new.source
        yield tables.change(after.id, "cell", values, sentence, aspect=cell.name)
    for attribute, left, right in (
        ("description", before.description, after.description),
        ("annotations", joined(before.annotations), joined(after.annotations)),
    ):
        if left != right:
            shown = excerpts(left, right)
            sentence = say(
                "The note on row %(number)s of %(here)s is now %(after)s; it was %(before)s.",
                number=str(after.number),
                here=tables.here,
                before=valued(shown[0]),
                after=valued(shown[1]),
            )
            yield tables.change(after.id, attribute, (left, right), sentence, weight="wording")


def _reordered(tables: Tables, pairs: list[tuple[Rule, Rule]]) -> Change:
    matters = {tables.before.hit_policy, tables.after.hit_policy} & IN_ORDER
    template = mark("The rows of %(here)s stand in another order, which changes nothing.")
    if matters:
        template = mark("The rows of %(here)s are tried in another order.")
    by_place = sorted(pairs, key=lambda pair: pair[1].number)
    values = [old.id for old, _ in pairs], [old.id for old, _ in by_place]
    sentence = say(template, here=tables.here)
    weight: Weight = "meaning" if matters else "layout"
    return tables.change(tables.after.id, "row order", values, sentence, weight=weight)
