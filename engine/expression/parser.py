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
        raise refuse(source, "`?` only stands in a cell of a decision table", source.find("?"))
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
        raise refuse(source, str(error), position) from None
    _check_size(source, node)
    return node


def _check_source(source: str) -> None:
    """Refuse what is too long, or nested too deep to be read by a person."""
    if not isinstance(source, str):
        raise ExpressionError("An expression is a text.")
    if len(source) > MAX_LENGTH:
        raise ExpressionError(
            f"The expression is longer than {MAX_LENGTH} characters; split it into steps."
        )
    if not source.strip():
        raise ExpressionError("The expression is empty; write a value or a condition.")
    depth = 0
    for position, character in enumerate(source):
        if character in "([{":
            depth += 1
            if depth > MAX_DEPTH:
                raise refuse(source, f"nested deeper than {MAX_DEPTH}; split it", position)
        elif character in ")]}":
            depth -= 1


def _check_size(source: str, root: tree.Node) -> None:
    """Refuse trees that evaluation could not walk in its budget."""
    level, count, depth = [root], 0, 0
    while level:
        count += len(level)
        depth += 1
        if count > MAX_NODES:
            raise refuse(source, f"more than {MAX_NODES} parts; split it into steps")
        if depth > MAX_DEPTH:
            raise refuse(source, f"nested deeper than {MAX_DEPTH}; split it into steps")
        level = [part for node in level for part in tree.children(node)]


def refuse(source: str, message: str, position: int | None = None) -> ExpressionError:
    """Return the error that names the expression, the place (counted from 1) and the mend."""
    place = "" if position is None or position < 0 else f" at position {position + 1}"
    shown = source if len(source) <= 120 else source[:117] + "..."  # noqa: PLR2004 - one line
    return ExpressionError(f"In the expression `{shown}`{place}: {message}.")


_HINTS: Final = {
    "'": "texts stand in double quotes",
    ";": "write one expression only",
    "%": "use the function modulo(dividend, divisor)",
    "!": "use not(...) or !=",
    "&": "use `and`",
    "|": "use `or`",
    "`": "names need no backticks",
    "^": "use `**`",
}


def _explain(source: str, error: UnexpectedInput) -> ExpressionError:
    position = error.pos_in_stream or 0
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return refuse(source, "it ends too early; complete it", len(source))
    found = source[position : position + 1]
    if isinstance(error, UnexpectedToken):
        return refuse(source, _unexpected(str(error.token)), position)
    hint = _HINTS.get(found, "remove it or write it as FEEL")
    return refuse(source, f"the character {found!a} is not expected; {hint}", position)


def _unexpected(found: str) -> str:
    if found in ("=", "!=", "<", "<=", ">", ">="):
        return f"`{found}` is not expected; a comparison has two sides and is not chained"
    return f"`{found[:40]}` is not expected here; remove it or complete what stands before it"
