"""Reads the text of an expression into its tree, within fixed limits of length, depth and size."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from lark import Lark
from lark.exceptions import UnexpectedInput, UnexpectedToken

from engine.errors import ExpressionError
from engine.expression import tree
from engine.expression.builder import Builder, PartRefusedError, as_operand, as_test
from engine.expression.grammar import GRAMMAR
from engine.expression.value import ValueRefusedError
from engine.language import mark
from engine.language.telling import message_of, told

MAX_LENGTH: Final = 4_000
MAX_NODES: Final = 600
MAX_DEPTH: Final = 40

_Parsed = TypeVar("_Parsed", bound=tree.Node)


def _parser(start: str) -> Lark:
    return Lark(
        GRAMMAR,
        parser="lalr",
        start=start,
        transformer=Builder(),
        maybe_placeholders=False,
        propagate_positions=False,
    )


_EXPRESSION: Final = _parser("expression")
_UNARY_TESTS: Final = _parser("unary_tests")


def parse_expression(source: str) -> tree.Node:
    """Return the tree of an expression; raise ExpressionError with place and mend."""
    node = _parse(_EXPRESSION, source, as_operand)
    if any(isinstance(part, tree.InputValue) for part in tree.walk(node)):
        raise refuse(
            source, told("`?` only stands in a cell of a decision table"), source.find("?")
        )
    return node


def parse_unary_tests(source: str) -> tree.Tests:
    """Return the tree of a decision table's cell; raise ExpressionError with place and mend."""
    return _parse(_UNARY_TESTS, source, _whole_cell)


def _whole_cell(found: Any) -> tree.Tests:
    return found if isinstance(found, tree.Tests) else tree.Tests((as_test(found),))


def _parse(parser: Lark, source: str, finish: Callable[[Any], _Parsed]) -> _Parsed:
    _check_source(source)
    try:
        node = finish(parser.parse(source))
    except UnexpectedInput as error:
        raise _explain(source, error) from None
    except (PartRefusedError, ValueRefusedError) as error:
        position = error.position if isinstance(error, PartRefusedError) else None
        raise refuse(source, message_of(error), position) from None
    _check_size(source, node)
    return node


def _check_source(source: str) -> None:
    """Refuse what is too long, or nested too deep to be read by a person."""
    if not isinstance(source, str):
        raise ExpressionError(told("An expression is a text."))
    if len(source) > MAX_LENGTH:
        raise ExpressionError(
            told(
                "The expression is longer than %(most)s characters; split it into steps.",
                most=MAX_LENGTH,
            )
        )
    if not source.strip():
        raise ExpressionError(told("The expression is empty; write a value or a condition."))
    depth = 0
    for position, character in enumerate(source):
        if character in "([{":
            depth += 1
            if depth > MAX_DEPTH:
                raise refuse(
                    source,
                    told("nested deeper than %(most)s; split it", most=MAX_DEPTH),
                    position,
                )
        elif character in ")]}":
            depth -= 1


def _check_size(source: str, root: tree.Node) -> None:
    """Refuse trees that evaluation could not walk in its budget."""
    level, count, depth = [root], 0, 0
    while level:
        count += len(level)
        depth += 1
        if count > MAX_NODES:
            raise refuse(
                source,
                told("more than %(most)s parts; split it into steps", most=MAX_NODES),
            )
        if depth > MAX_DEPTH:
            raise refuse(
                source,
                told("nested deeper than %(most)s; split it into steps", most=MAX_DEPTH),
            )
        level = [part for node in level for part in tree.children(node)]


def refuse(source: str, message: str, position: int | None = None) -> ExpressionError:
    """Return the error that names the expression, the place (counted from 1) and the mend."""
    shown = source if len(source) <= 120 else source[:117] + "..."  # noqa: PLR2004 - one line
    if position is None or position < 0:
        return ExpressionError(
            told("In the expression `%(shown)s`: %(message)s.", shown=shown, message=message)
        )
    return ExpressionError(
        told(
            "In the expression `%(shown)s` at position %(position)s: %(message)s.",
            shown=shown,
            position=position + 1,
            message=message,
        )
    )


_HINTS: Final = {
    "'": mark("texts stand in double quotes"),
    ";": mark("write one expression only"),
    "%": mark("use the function modulo(dividend, divisor)"),
    "!": mark("use not(...) or !="),
    "&": mark("use `and`"),
    "|": mark("use `or`"),
    "`": mark("names need no backticks"),
    "^": mark("use `**`"),
}


def _explain(source: str, error: UnexpectedInput) -> ExpressionError:
    position = error.pos_in_stream or 0
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return refuse(source, told("it ends too early; complete it"), len(source))
    found = source[position : position + 1]
    if isinstance(error, UnexpectedToken):
        return refuse(source, _unexpected(str(error.token)), position)
    hint = told(_HINTS.get(found, mark("remove it or write it as FEEL")))
    return refuse(
        source,
        told("the character %(found)s is not expected; %(hint)s", found=ascii(found), hint=hint),
        position,
    )


def _unexpected(found: str) -> str:
    if found in ("=", "!=", "<", "<=", ">", ">="):
        return told(
            "`%(found)s` is not expected; a comparison has two sides and is not chained",
            found=found,
        )
    return told(
        "`%(found)s` is not expected here; remove it or complete what stands before it",
        found=found[:40],
    )
