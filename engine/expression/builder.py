"""Builds the tree of an expression from what the parser recognises, bottom up."""

# ruff: noqa: D102 - each method of the builder is named after the grammar rule that it builds

import re
from collections.abc import Iterable
from typing import Any

from lark import Token, Transformer

from engine.expression import tree
from engine.expression.function import FUNCTIONS
from engine.expression.value import (
    number,
    parse_date,
    parse_date_time,
    parse_duration,
    parse_time,
)
from engine.language.telling import told


class PartRefusedError(Exception):
    """A part of the source is well-formed but not allowed; carries where it is."""

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position


class _Group:
    """What stood in parentheses, until it is known whether it was one expression or tests."""

    def __init__(self, items: tuple[Any, ...]) -> None:
        self.items = items


class _Not(_Group):
    """What stood in `not(...)`: a call, or the negated tests of a cell."""


class _Open:
    """A condition that ends in `in` without parentheses.

    The editors read `x in list and y` as `x in (list and y)`, so nothing may follow it.
    """

    def __init__(self, node: tree.Node) -> None:
        self.node = node


class _Number:
    """A number as it stands in the source, until it is known whether a minus belongs to it."""

    def __init__(self, value: float, token: Token) -> None:
        self.value = value
        self.node = tree.Literal(value)
        self.position = token.start_pos


_Item = tree.Node | _Group | _Open | _Number
_Children = list[Any]


_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}(?![0-9a-fA-F])|.)", re.DOTALL)
_LETTERS = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}


def _unescape(token: Token) -> str:
    """Return the text between the quotes with its escapes resolved."""

    def letter(match: re.Match[str]) -> str:
        escape = match[1]
        if len(escape) > 1:
            return chr(int(escape[1:], 16))
        if escape not in _LETTERS:
            raise PartRefusedError(
                told('after a backslash only " \\ n r t or u with exactly four digits may follow'),
                (token.start_pos or 0) + match.start(),
            )
        return _LETTERS[escape]

    found = _ESCAPE.sub(letter, str(token)[1:-1])
    try:
        # Two escapes may together be one character; half of one is no character at all.
        found = found.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as error:
        raise PartRefusedError(told("a text contains half a character"), token.start_pos) from error
    if "\x00" in found:
        raise PartRefusedError(told("a text contains a zero character"), token.start_pos)
    return found


def _nodes(children: Iterable[Any]) -> list[Any]:
    return [child for child in children if not isinstance(child, Token)]


def as_operand(item: _Item) -> tree.Node:
    """Return `item` as an operand; tests, ranges and lists in parentheses are none."""
    if isinstance(item, _Group):
        if len(item.items) != 1:
            raise PartRefusedError(told("several values in parentheses only follow `in`"))
        inner = as_operand(item.items[0])
        return tree.Call("not", (inner,)) if isinstance(item, _Not) else inner
    if isinstance(item, _Open | _Number):
        return item.node
    if isinstance(item, tree.ComparisonTest):
        raise PartRefusedError(
            told("a comparison lacks its left side; write for example `score > 3`")
        )
    if isinstance(item, tree.Range):
        raise PartRefusedError(
            told("a range only follows `in`; write for example `score in [1..5]`")
        )
    return item


def as_test(item: _Item) -> tree.Node:
    """Return `item` as one test of `in` or of a decision table's cell."""
    if isinstance(item, tree.ComparisonTest | tree.Range):
        return item
    return as_operand(item)


def _connected(kind: type[tree.And | tree.Or], items: list[_Item]) -> tree.Node | _Open:
    """Return the conjunction or disjunction of `items`."""
    if any(isinstance(item, _Open) for item in items[:-1]):
        raise PartRefusedError(told("put `... in ...` in parentheses before `and` and `or`"))
    node = kind(tuple(map(as_operand, items)))
    return _Open(node) if isinstance(items[-1], _Open) else node


class Builder(Transformer[Token, Any]):
    """Turns what the parser recognised into our own nodes, bottom up and without recursion."""

    def if_(self, children: _Children) -> tree.Node:
        condition, consequence, alternative = map(as_operand, _nodes(children))
        return tree.If(condition, consequence, alternative)

    def iteration(self, children: _Children) -> tree.Node:
        name, first, *rest = [children[0], *_nodes(children)]
        if rest:
            domain: tree.Node = tree.Range(as_operand(first), as_operand(rest[0]), True, True)
        else:
            domain = as_test(first)
        return tree.Iteration(str(name), domain)

    def iterations(self, children: _Children) -> tuple[tree.Iteration, ...]:
        names = [child.name for child in children]
        if len(set(names)) != len(names):
            raise PartRefusedError(told("two iterations use the same name; rename one"))
        return tuple(children)

    def for_(self, children: _Children) -> tree.Node:
        iterations, result = _nodes(children)
        return tree.For(iterations, as_operand(result))

    def quantified(self, children: _Children) -> tree.Node:
        iterations, condition = _nodes(children)
        quantifier = "some" if children[0] == "some" else "every"
        return tree.Quantified(quantifier, iterations, as_operand(condition))  # type: ignore[arg-type]

    def or_(self, children: _Children) -> tree.Node | _Open:
        return _connected(tree.Or, _nodes(children))

    def and_(self, children: _Children) -> tree.Node | _Open:
        return _connected(tree.And, _nodes(children))

    def compare(self, children: _Children) -> tree.Node:
        left, operator, right = children
        return tree.Comparison(str(operator), as_operand(left), as_operand(right))  # type: ignore[arg-type]

    def test(self, children: _Children) -> tree.Node:
        operator, operand = children
        return tree.ComparisonTest(str(operator), as_operand(operand))  # type: ignore[arg-type]

    def between(self, children: _Children) -> tree.Node:
        return tree.Between(*map(as_operand, _nodes(children)))

    def in_(self, children: _Children) -> tree.Node | _Open:
        operand, tests = _nodes(children)
        if isinstance(tests, _Group) and not isinstance(tests, _Not):
            return tree.In(as_operand(operand), tuple(map(as_test, tests.items)), listed=True)
        return _Open(tree.In(as_operand(operand), (as_test(tests),), listed=False))

    def arithmetic(self, children: _Children) -> tree.Node:
        left, operator, right = children
        return tree.Arithmetic(str(operator), as_operand(left), as_operand(right))  # type: ignore[arg-type]

    def negation(self, children: _Children) -> tree.Node:
        minus, operand = children
        if not isinstance(operand, _Number):
            return tree.Negation(as_operand(operand))
        if minus.end_pos != operand.position:
            # The editors make no number of `- 3`.
            raise PartRefusedError(
                told("remove the space between the minus and its number"), minus.end_pos
            )
        return tree.Literal(-operand.value)

    def path(self, children: _Children) -> tree.Node:
        return tree.Path(as_operand(children[0]), str(children[1]))

    def filter(self, children: _Children) -> tree.Node:
        target, condition = children
        return tree.Filter(as_operand(target), as_operand(condition))

    def number(self, children: _Children) -> _Number:
        source = str(children[0])
        value = number(float(source) if "." in source else int(source))
        return _Number(value, children[0])

    def string(self, children: _Children) -> tree.Node:
        return tree.Literal(_unescape(children[0]))

    def at(self, children: _Children) -> tree.Node:
        source = str(children[0])[2:-1]
        if "P" in source:
            return tree.Literal(parse_duration(source))
        if "T" in source:
            return tree.Literal(parse_date_time(source))
        return tree.Literal(parse_time(source) if ":" in source else parse_date(source))

    def true(self, _: _Children) -> tree.Node:
        return tree.Literal(True)

    def false(self, _: _Children) -> tree.Node:
        return tree.Literal(False)

    def null(self, _: _Children) -> tree.Node:
        return tree.Literal(None)

    def name(self, children: _Children) -> tree.Node:
        return tree.Name(str(children[0]))

    def input_value(self, _: _Children) -> tree.Node:
        return tree.InputValue()

    def arguments(self, children: _Children) -> tuple[tree.Node, ...]:
        return tuple(as_operand(child) for child in children if child is not None)

    def call(self, children: _Children) -> tree.Node:
        token, arguments = children
        name = " ".join(str(token).split())
        function = FUNCTIONS.get(name)
        if function is None:
            raise PartRefusedError(
                told("there is no function `%(name)s`", name=name), token.start_pos
            )
        if not function.least <= len(arguments) <= function.most:
            raise PartRefusedError(
                told("`%(name)s` is written %(usage)s", name=name, usage=function.usage),
                token.start_pos,
            )
        return tree.Call(name, arguments)

    def negated(self, children: _Children) -> tree.Node | _Group:
        return _Not(children[1])

    def group(self, children: _Children) -> _Group:
        return _Group(children[0])

    def items(self, children: _Children) -> tuple[Any, ...]:
        return tuple(children)

    def empty_list(self, _: _Children) -> tree.Node:
        return tree.ListOf(())

    def list_of(self, children: _Children) -> tree.Node:
        return tree.ListOf(children[0])

    def range(self, children: _Children) -> tree.Node:
        opening, low, high, closing = children
        return tree.Range(as_operand(low), as_operand(high), opening == "[", closing == "]")

    def entry(self, children: _Children) -> tuple[str, tree.Node]:
        key, value = children
        return _unescape(key) if key.type == "STRING" else str(key), as_operand(value)

    def context(self, children: _Children) -> tree.Node:
        keys = [key for key, _ in children]
        if len(set(keys)) != len(keys):
            raise PartRefusedError(told("a context has the same key twice; remove one"))
        return tree.ContextOf(tuple(children))

    def wildcard(self, _: _Children) -> tree.Node:
        return tree.Tests(())

    def tests(self, children: _Children) -> tree.Node:
        items = children[0]
        if len(items) == 1 and isinstance(items[0], _Not):
            return tree.Tests(tuple(map(as_test, items[0].items)), negated=True)
        return tree.Tests(tuple(map(as_test, items)))
