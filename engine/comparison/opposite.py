"""Finds out whether one condition says exactly the opposite of another."""

from typing import Final

from engine.errors import ExpressionError
from engine.expression import compile_expression, tree

_TURNED: Final[dict[tree.ComparisonOperator, tree.ComparisonOperator]] = {
    "=": "!=",
    "!=": "=",
    "<": ">=",
    ">=": "<",
    ">": "<=",
    "<=": ">",
}


def are_opposite(before: str, after: str) -> bool:
    """Say whether exactly one of two conditions is true wherever all values are given.

    Only what can be seen from the words counts: `not(a)`, turned comparisons, `and` for `or`.
    `x = true` and `x = false` are opposites, as of any yes-or-no answer.
    """
    try:
        old, new = compile_expression(before).tree, compile_expression(after).tree
    except ExpressionError:
        return False
    return _normal(old, wanted=True) == _normal(new, wanted=False)


def _normal(node: tree.Node, *, wanted: bool) -> tree.Node:
    """Return `node`, or its negation where not wanted, with `not` pushed to the leaves."""
    if isinstance(node, tree.Call) and node.function == "not" and len(node.arguments) == 1:
        return _normal(node.arguments[0], wanted=not wanted)
    if isinstance(node, tree.And | tree.Or):
        parts = tuple(_normal(part, wanted=wanted) for part in node.operands)
        together = isinstance(node, tree.And) == wanted
        return tree.And(parts) if together else tree.Or(parts)
    if isinstance(node, tree.Comparison):
        return _comparison(node, wanted=wanted)
    return node if wanted else tree.Call("not", (node,))


def _comparison(node: tree.Comparison, *, wanted: bool) -> tree.Node:
    right = node.right.value if isinstance(node.right, tree.Literal) else None
    if isinstance(right, bool) and node.operator in ("=", "!="):
        return _normal(node.left, wanted=wanted == (right == (node.operator == "=")))
    turned = node.operator if wanted else _TURNED[node.operator]
    return tree.Comparison(turned, node.left, node.right)
