"""Computes the parts of an expression that are the same on every evaluation."""

from typing import Any

from engine.expression import tree
from engine.expression.comparison import Budget
from engine.expression.evaluation import Evaluation
from engine.expression.program import UTC_ZONE
from engine.expression.value import ValueRefusedError

_VARYING = (tree.Name, tree.InputValue, tree.ComparisonTest, tree.Range, tree.Tests)


def constant(node: tree.Node, missing: Any = None) -> Any:
    """Return the value of `node`, or `missing` when it depends on variables, time or a test."""
    for part in tree.walk(node):
        if isinstance(part, _VARYING):
            return missing
        if isinstance(part, tree.Call) and part.function in ("today", "now"):
            return missing
    try:
        return Evaluation(Budget(), None, UTC_ZONE).run(node, {})
    except ValueRefusedError:
        return missing
