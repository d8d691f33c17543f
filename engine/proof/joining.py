"""Joins the variables of branches as engine.bpmn does: only what a branch changed counts."""

from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import Any, Final

from engine.proof.marking import Base, Values
from engine.proof.possible import OPEN, Open

_ABSENT: Final = object()
ALTERED: Final = Open()
"""Any value where branches parted, of which nobody knows whether a branch has changed it since."""
MOST_ORDERS: Final = 4
"""Above so many branches that contradict each other, each value is taken as possible alone."""

Branch = tuple[Values, Base | None]


def combined(branches: Sequence[Branch], live: Iterable[str]) -> list[Branch]:
    """Return the variables of branches that have ended, in every order that matters."""
    if len(branches) == 1:
        return [branches[0]]
    parted = _Parted(branches, frozenset(live))
    found: list[Branch] = []
    for order in _orders(parted.changes):
        branch = parted.after(order)
        if branch not in found:
            found.append(branch)
    return found


def united(branches: Sequence[Branch], live: Iterable[str]) -> Branch:
    """Return the variables of joined branches, the earliest first."""
    if len(branches) == 1:
        return branches[0]
    parted = _Parted(branches, frozenset(live))
    return parted.after(parted.changes)


class _Parted:
    """Branches with what each changed since they parted."""

    def __init__(self, branches: Sequence[Branch], live: frozenset[str]) -> None:
        base = _parting([branch for _, branch in branches])
        before = dict(base.values) if base is not None else {}
        doubtful = {name for name, value in before.items() if value is ALTERED} & live
        sure = live - doubtful
        self._before = {name: value for name, value in before.items() if name in sure}
        self._around = base.around if base is not None else None
        ends = [dict(values) for values, _ in branches]
        self._doubtful = {
            name: _any_of([end.get(name, _ABSENT) for end in ends]) for name in doubtful
        }
        self.changes = [_changes(before, end, sure) for end in ends]

    def after(self, order: Iterable[dict[str, Any]]) -> Branch:
        """Return the variables when the changes come in an order."""
        values = {**self._before, **self._doubtful}
        for change in order:
            for name, value in change.items():
                if value is _ABSENT:
                    values.pop(name, None)
                else:
                    values[name] = value
        return tuple(sorted(values.items())), self._around


def _any_of(ends: list[Any]) -> Any:
    """Return the value that all branches have, or that it may be any."""
    first, *others = ends
    same = first is not _ABSENT and all(_same(first, other) for other in others)
    return first if same else OPEN


def _changes(before: dict[str, Any], after: dict[str, Any], kept: frozenset[str]) -> dict[str, Any]:
    return {
        name: after.get(name, _ABSENT)
        for name in (before.keys() | after.keys()) & kept
        if not _same(before.get(name, _ABSENT), after.get(name, _ABSENT))
    }


def _same(left: Any, right: Any) -> bool:
    return left is right or (type(left) is type(right) and bool(left == right))


def _orders(changes: list[dict[str, Any]]) -> Iterable[Iterable[dict[str, Any]]]:
    contradict = [
        change
        for change in changes
        if any(other is not change and other.keys() & change.keys() for other in changes)
    ]
    if not contradict:
        return [changes]
    others = [change for change in changes if not any(change is one for one in contradict)]
    if len(contradict) > MOST_ORDERS:
        turned = (contradict[n:] + contradict[:n] for n in range(len(contradict)))
        return ([*others, *order] for order in turned)
    return ([*others, *order] for order in permutations(contradict))


def _parting(bases: Sequence[Base | None]) -> Base | None:
    """Return where branches parted: the nearest parting that all of them have."""
    first, *others = [_chain(base) for base in bases]
    for base in first:
        if all(base in chain for chain in others):
            return base
    shortest = min((first, *others), key=len)
    return shortest[0] if shortest else _deepest(first, others)


def _deepest(first: list[Base], others: list[list[Base]]) -> Base | None:
    """Return the innermost parting of a branch that met one which never parted."""
    longest = max((first, *others), key=len)
    return longest[-1] if longest else None


def _chain(base: Base | None) -> list[Base]:
    found = []
    while base is not None:
        found.append(base)
        base = base.around
    return found
