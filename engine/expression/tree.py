"""Defines the syntax tree of an expression: frozen data for evaluation, checks and words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Literal as OneOf
from typing import TypeAlias

from engine.expression.value import YearsMonths

Scalar: TypeAlias = (
    bool | int | float | str | date | datetime | time | timedelta | YearsMonths | None
)
ArithmeticOperator: TypeAlias = OneOf["+", "-", "*", "/", "**"]
ComparisonOperator: TypeAlias = OneOf["=", "!=", "<", "<=", ">", ">="]


class Node:
    """One part of an expression."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A value that stands in the expression itself."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Name(Node):
    """A variable."""

    name: str


@dataclass(frozen=True, slots=True)
class InputValue(Node):
    """The `?` of a unary test: the value under test."""


@dataclass(frozen=True, slots=True)
class Path(Node):
    """An entry of a context: `plan.version`."""

    target: Node
    name: str


@dataclass(frozen=True, slots=True)
class Filter(Node):
    """The items of a list by number or by condition: `goals[1]`, `goals[status = "open"]`."""

    target: Node
    condition: Node


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A call of one of the fixed functions."""

    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negation(Node):
    """The unary minus."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """Two operands and `+ - * / **`."""

    operator: ArithmeticOperator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Comparison(Node):
    """Two operands and `= != < <= > >=`."""

    operator: ComparisonOperator
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Between(Node):
    """`operand between low and high`, both ends included."""

    operand: Node
    low: Node
    high: Node


@dataclass(frozen=True, slots=True)
class Range(Node):
    """`[low..high]` with its brackets; only after `in`, in unary tests and in iterations."""

    low: Node
    high: Node
    low_included: bool
    high_included: bool


@dataclass(frozen=True, slots=True)
class ComparisonTest(Node):
    """A comparison without its left side: `> 3`."""

    operator: ComparisonOperator
    operand: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    """`operand in test` or `operand in (test, test)`.

    `listed` tells whether the tests stood in parentheses; without them a single test may be a list
    and then means its members.
    """

    operand: Node
    tests: tuple[Node, ...]
    listed: bool


@dataclass(frozen=True, slots=True)
class And(Node):
    """A conjunction in three-valued logic."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or(Node):
    """A disjunction in three-valued logic."""

    operands: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class If(Node):
    """`if condition then consequence else alternative`."""

    condition: Node
    consequence: Node
    alternative: Node


@dataclass(frozen=True, slots=True)
class Iteration(Node):
    """`name in domain` of a `for`, `some` or `every`; the domain may be a Range."""

    name: str
    domain: Node


@dataclass(frozen=True, slots=True)
class For(Node):
    """`for name in domain return result`."""

    iterations: tuple[Iteration, ...]
    result: Node


@dataclass(frozen=True, slots=True)
class Quantified(Node):
    """`some` or `every` name in domain `satisfies` condition."""

    quantifier: OneOf["some", "every"]
    iterations: tuple[Iteration, ...]
    condition: Node


@dataclass(frozen=True, slots=True)
class ListOf(Node):
    """A list written out."""

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class ContextOf(Node):
    """A context written out; later entries may use earlier ones."""

    entries: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class Tests(Node):
    """The unary tests of a decision table's cell; no tests at all (`-`) match everything."""

    tests: tuple[Node, ...]
    negated: bool = False


def children(node: Node) -> tuple[Node, ...]:  # noqa: C901, PLR0911 - one line per kind of node
    """Return the direct parts of `node` in reading order."""
    match node:
        case Path(target=part) | Negation(operand=part) | ComparisonTest(operand=part):
            return (part,)
        case Iteration(domain=part):
            return (part,)
        case Filter(target=first, condition=second) | Range(low=first, high=second):
            return (first, second)
        case Arithmetic(left=first, right=second) | Comparison(left=first, right=second):
            return (first, second)
        case Between(operand=first, low=second, high=third):
            return (first, second, third)
        case If(condition=first, consequence=second, alternative=third):
            return (first, second, third)
        case In(operand=first, tests=parts):
            return (first, *parts)
        case For(iterations=iterations, result=last):
            return (*iterations, last)
        case Quantified(iterations=iterations, condition=last):
            return (*iterations, last)
        case And(operands=parts) | Or(operands=parts) | ListOf(items=parts) | Tests(tests=parts):
            return parts
        case Call(arguments=parts):
            return parts
        case ContextOf(entries=entries):
            return tuple(part for _, part in entries)
    return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield `node` and all its parts, without recursion."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(children(current)))
