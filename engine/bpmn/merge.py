"""Joins the process variables of parallel branches without losing what one of them wrote.

SpiffWorkflow lets the branch that arrives last overwrite everything, also with values that it
never touched. Here only what a branch changed since the branches parted counts.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

_ABSENT: Final = object()
_CONTAINERS: Final = (dict, list)


def clone(value: Any) -> Any:
    """Copy JSON data, so that no step can rewrite the data of another one."""
    # Each step of each turn is copied: of most entries, which hold none, copy() takes the fewest.
    if isinstance(value, dict):
        copied = value.copy()
        for key, item in value.items():
            if isinstance(item, _CONTAINERS):
                copied[key] = clone(item)
        return copied
    if isinstance(value, list):
        return [clone(item) if isinstance(item, _CONTAINERS) else item for item in value]
    return value


def combine(base: Mapping[str, Any], branches: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return `base` with the changes of each branch; of two changes the later branch's counts.

    Contexts changed by several branches are merged entry by entry; lists that several branches
    extended hold the additions of all of them, in the order of the branches.
    """
    result: dict[str, Any] = clone(dict(base))
    for branch in branches:
        for key in branch.keys() | base.keys():
            before, after = base.get(key, _ABSENT), branch.get(key, _ABSENT)
            if _same(before, after):
                continue
            if after is _ABSENT:
                result.pop(key, None)
            else:
                result[key] = _both(before, result.get(key, _ABSENT), after)
    return result


def _same(left: Any, right: Any) -> bool:
    # True == 1 in Python, but a vote is not a number.
    return left is right or (type(left) is type(right) and bool(left == right))


def _both(before: Any, mine: Any, theirs: Any) -> Any:
    """Return the value when it was changed to `theirs`, and perhaps to `mine` before that."""
    if mine is _ABSENT or _same(before, mine):
        return clone(theirs)
    if isinstance(mine, dict) and isinstance(theirs, dict):
        return combine(before if isinstance(before, dict) else {}, [mine, theirs])
    if isinstance(mine, list) and isinstance(theirs, list):
        start = before if isinstance(before, list) else []
        if mine[: len(start)] == start and theirs[: len(start)] == start:
            return clone(mine + theirs[len(start) :])
    return clone(theirs)
