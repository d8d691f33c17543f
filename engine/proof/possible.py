"""Evaluates expressions over variables of which some are open: returns every value possible.

An open variable stands for any value. What is returned is never too little; it may be too much,
so that a path may be explored that no case takes, and none is missed.
"""

from collections.abc import Mapping
from typing import Any, Final, final

from engine.errors import ExpressionError
from engine.expression import Expression, tree
from engine.expression.comparison import Budget
from engine.expression.evaluation import Evaluation
from engine.expression.program import UTC_ZONE
from engine.expression.scope import free_names
from engine.expression.value import ValueRefusedError, to_json
from engine.language.telling import message_of


@final
class Open:
    """Any value at all: an answer in free text, a number, a date."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "anything"


OPEN: Final = Open()
TRUTHS: Final = (True, False, None)
"""What a condition over an open value may give."""
Data = Mapping[str, Any]


def values_of(expression: Expression, data: Data) -> tuple[Any, ...]:
    """Return what an expression may give: its value, or OPEN, or the truths of a condition.

    Raise ExpressionError when the expression cannot be evaluated over closed values.
    """
    return _values(expression.tree, data)


def truths_of(expression: Expression, data: Data) -> frozenset[bool]:
    """Return whether a gateway's condition may hold; null counts as not holding."""
    return frozenset(value is True for value in truth_values(expression, data))


def truth_values(expression: Expression, data: Data) -> tuple[Any, ...]:
    """Return what a condition may give: true, false, and null where it has no value."""
    return _truths(expression.tree, data)


def _truths(node: tree.Node, data: Data) -> tuple[Any, ...]:
    found = _values(node, data)
    return TRUTHS if OPEN in found else found


def _values(node: tree.Node, data: Data) -> tuple[Any, ...]:  # noqa: PLR0911 - one line a kind
    if not any(data.get(name) is OPEN for name in free_names(node)) and not _varies(node):
        return (_closed(node, data),)
    match node:
        case tree.And(operands=operands):
            return _connected(operands, data, decisive=False)
        case tree.Or(operands=operands):
            return _connected(operands, data, decisive=True)
        case tree.If(condition=condition, consequence=consequence, alternative=alternative):
            found: tuple[Any, ...] = ()
            for truth in _truths(condition, data):
                found += _values(consequence if truth is True else alternative, data)
            return _each_once(found)
        case tree.Comparison() | tree.In() | tree.Between() | tree.Quantified():
            return TRUTHS
        case tree.Call(function="not", arguments=(inner,)):
            opposite = {True: False, False: True, None: None}
            return tuple(opposite[truth] for truth in _truths(inner, data))
        case tree.Call(function="is defined"):
            return (True, False)
    return (OPEN,)


def _connected(operands: tuple[tree.Node, ...], data: Data, *, decisive: bool) -> tuple[Any, ...]:
    """Return what a conjunction or disjunction may give, from what its parts may give."""
    possible: set[Any] = {not decisive}
    for operand in operands:
        possible = {
            _join(before, after, decisive)
            for before in possible
            for after in _truths(operand, data)
        }
    return tuple(sorted(possible, key=str))


def _join(before: Any, after: Any, decisive: bool) -> Any:
    if before is decisive or after is decisive:
        return decisive
    return None if not isinstance(before, bool) or not isinstance(after, bool) else not decisive


def _closed(node: tree.Node, data: Data) -> Any:
    try:
        return to_json(Evaluation(Budget(), None, UTC_ZONE).run(node, data))
    except ValueRefusedError as error:
        raise ExpressionError(message_of(error)) from error


def _varies(node: tree.Node) -> bool:
    """Say whether an expression depends on the day."""
    return any(
        isinstance(part, tree.Call) and part.function in {"today", "now"}
        for part in tree.walk(node)
    )


def _each_once(found: tuple[Any, ...]) -> tuple[Any, ...]:
    kept: list[Any] = []
    for value in found:
        if not any(
            value is other or (type(value) is type(other) and value == other) for other in kept
        ):
            kept.append(value)
    return tuple(kept)
