"""Compiles expressions, cells and assignments once, and evaluates them as often as needed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.errors import ExpressionError
from engine.expression import parser, tree
from engine.expression.comparison import Budget
from engine.expression.evaluation import Evaluation
from engine.expression.function import FUNCTIONS
from engine.expression.grammar import KEYWORDS
from engine.expression.scope import free_names
from engine.expression.value import ValueRefusedError
from engine.language.telling import message_of, told

UTC_ZONE: Final = ZoneInfo("UTC")
MAX_LINES: Final = 100

_ASSIGNMENT = re.compile(r"\s*([A-Za-z_][A-Za-z_0-9]*)\s*=(?!=)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression: its source, its tree, and the names it reads from the context."""

    source: str
    tree: tree.Node
    names: frozenset[str]

    def evaluate(
        self,
        context: Mapping[str, Any],
        *,
        now: datetime | None = None,
        zone: ZoneInfo = UTC_ZONE,
    ) -> Any:
        """Return the value over `context`; raise ExpressionError.

        `now` is an aware instant, needed for `now()` and `today()`; today is the date in `zone`.
        """
        try:
            return Evaluation(Budget(), _aware(now), zone).run(self.tree, context)
        except ValueRefusedError as error:
            raise parser.refuse(self.source, message_of(error)) from error


@dataclass(frozen=True, slots=True)
class UnaryTests:
    """A compiled cell of a decision table's input column."""

    source: str
    tree: tree.Tests
    names: frozenset[str]

    def matches(
        self,
        value: Any,
        context: Mapping[str, Any],
        *,
        now: datetime | None = None,
        zone: ZoneInfo = UTC_ZONE,
    ) -> bool:
        """Return whether `value` (also named `?`) passes; raise ExpressionError."""
        try:
            return Evaluation(Budget(), _aware(now), zone, value).matches(self.tree, context)
        except ValueRefusedError as error:
            raise parser.refuse(self.source, message_of(error)) from error


@dataclass(frozen=True, slots=True)
class Assignment:
    """One line `target = expression` of a script."""

    target: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Assignments:
    """A compiled script: assignments in order; later lines see earlier results."""

    source: str
    lines: tuple[Assignment, ...]

    @property
    def targets(self) -> tuple[str, ...]:
        """Return the names that are set, each once, in order."""
        return tuple(dict.fromkeys(line.target for line in self.lines))

    @property
    def names(self) -> frozenset[str]:
        """Return the names that are read from the context before the script sets them."""
        read: set[str] = set()
        written: set[str] = set()
        for line in self.lines:
            read |= line.expression.names - written
            written.add(line.target)
        return frozenset(read)

    def evaluate(
        self,
        context: Mapping[str, Any],
        *,
        now: datetime | None = None,
        zone: ZoneInfo = UTC_ZONE,
    ) -> dict[str, Any]:
        """Return the values set, without changing `context`; raise ExpressionError."""
        seen = dict(context)
        found: dict[str, Any] = {}
        for line in self.lines:
            found[line.target] = line.expression.evaluate(seen, now=now, zone=zone)
            seen[line.target] = found[line.target]
        return found


def _aware(now: datetime | None) -> datetime | None:
    if now is not None and now.tzinfo is None:
        raise ExpressionError(told("The instant for `now` needs a zone, for example UTC."))
    return now


@lru_cache(maxsize=1024)
def compile_expression(source: str) -> Expression:
    """Return the compiled expression; raise ExpressionError with place and mend."""
    node = parser.parse_expression(source)
    return Expression(source, node, free_names(node))


@lru_cache(maxsize=1024)
def compile_unary_tests(source: str) -> UnaryTests:
    """Return the compiled cell; raise ExpressionError with place and mend."""
    node = parser.parse_unary_tests(source)
    return UnaryTests(source, node, free_names(node))


@lru_cache(maxsize=1024)
def compile_assignments(source: str) -> Assignments:
    """Return the compiled script: one `name = expression` per line, blank lines ignored."""
    if not isinstance(source, str) or len(source) > parser.MAX_LENGTH:
        raise ExpressionError(
            told(
                "The script is longer than %(most)s characters; split it into two tasks.",
                most=parser.MAX_LENGTH,
            )
        )
    lines = [line for line in source.splitlines() if line.strip()]
    if not lines or len(lines) > MAX_LINES:
        raise ExpressionError(
            told("A script has 1 to %(most)s lines `name = expression`.", most=MAX_LINES)
        )
    return Assignments(source, tuple(map(_compile_line, lines)))


def _compile_line(line: str) -> Assignment:
    match = _ASSIGNMENT.fullmatch(line)
    if match is None:
        raise parser.refuse(line.strip(), told("a script's line is written `name = expression`"))
    target = match[1]
    if target in KEYWORDS or target in FUNCTIONS or target == "item":
        raise parser.refuse(
            line.strip(),
            told("`%(target)s` is a word of the language; rename it", target=target),
            0,
        )
    return Assignment(target, compile_expression(match[2].strip()))
