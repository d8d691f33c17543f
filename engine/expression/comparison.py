"""Compares values the way the editors do, or refuses where their answer would mislead."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final

from engine.expression.value import ValueRefusedError, kind, kind_words
from engine.language.telling import told

MAX_STEPS: Final = 10_000
MAX_NESTING: Final = 60

_TEMPORAL: Final = frozenset({"date", "time", "date and time"})
_ORDERED: Final = frozenset(
    {
        "number",
        "string",
        "date",
        "time",
        "date and time",
        "days and time duration",
        "years and months duration",
    }
)


class Budget:
    """Counts the steps of one evaluation; each item that is touched is a step."""

    __slots__ = ("left",)

    def __init__(self, steps: int = MAX_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take `steps` from the budget; raise ValueRefusedError when it is used up."""
        self.left -= steps
        if self.left < 0:
            raise ValueRefusedError(
                told("more than %(most)s steps; compute less in one expression", most=MAX_STEPS)
            )


def equal(budget: Budget, left: Any, right: Any, nesting: int = 0) -> bool | None:
    """Return whether two values are equal; None when their kinds cannot be compared.

    Null equals only null. A list of one item equals that item (as in the editors).
    """
    budget.spend(1)
    if nesting > MAX_NESTING:
        raise ValueRefusedError(told("a value is nested too deep to be compared"))
    if (left is None) != (right is None):
        return False
    left, right = _unwrap(left), _unwrap(right)
    kinds = kind(left), kind(right)
    if kinds[0] != kinds[1]:
        _refuse_misleading(*kinds)
        return None
    match kinds[0]:
        case "list":
            return _equal_lists(budget, left, right, nesting)
        case "context":
            return _equal_contexts(budget, left, right, nesting)
        case "date and time" | "time":
            _refuse_mixed_zones(left, right)
        case "days and time duration" if left != right and abs(left) > timedelta(days=180):
            # The editors compare durations of more than half a year by months only.
            raise ValueRefusedError(
                told("durations of more than 180 days cannot be compared by `=`")
            )
        case "string":
            budget.spend(len(left) // 100)
    return bool(left == right)


def _unwrap(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) < 2:  # noqa: PLR2004 - none or one
        return value[0] if value else None
    return value


def _equal_lists(budget: Budget, left: Any, right: Any, nesting: int) -> bool:
    if len(left) != len(right):
        return False
    return all(
        equal(budget, one, other, nesting + 1) is True
        for one, other in zip(left, right, strict=True)
    )


def _equal_contexts(
    budget: Budget, left: Mapping[str, Any], right: Mapping[str, Any], nesting: int
) -> bool:
    if left.keys() != right.keys():
        return False
    return all(equal(budget, left[key], right[key], nesting + 1) is True for key in left)


def _refuse_misleading(left: str, right: str) -> None:
    """Refuse comparisons that would quietly never be true though they look as if they could be."""
    kinds = {left, right}
    if kinds & _TEMPORAL and (kinds <= _TEMPORAL or "string" in kinds):
        raise ValueRefusedError(
            told(
                "a %(kind)s is compared with a %(other_kind)s; convert with date(...) or date "
                "and time(...)",
                kind=kind_words(left),
                other_kind=kind_words(right),
            )
        )
    if kinds == {"days and time duration", "years and months duration"}:
        raise ValueRefusedError(told("days cannot be compared with months; use one of them"))


def _refuse_mixed_zones(left: datetime | time, right: datetime | time) -> None:
    if (left.tzinfo is None) != (right.tzinfo is None):
        raise ValueRefusedError(
            told(
                "a local time is compared with one that has a zone; write both with Z or an offset"
            )
        )


def unequal(budget: Budget, left: Any, right: Any) -> bool | None:
    """Return whether two values differ; refuse two kinds (the editors' versions disagree)."""
    result = equal(budget, left, right)
    if result is None:
        raise ValueRefusedError(
            told(
                "a %(kind)s is compared with a %(other_kind)s by `!=`; compare values of one kind",
                kind=kind_words(kind(left)),
                other_kind=kind_words(kind(right)),
            )
        )
    return not result


def order(left: Any, right: Any) -> int | None:
    """Return -1, 0 or 1 for two values of one kind; None when one of them is null."""
    kinds = kind(left), kind(right)
    if "null" in kinds:
        if not _ORDERED.issuperset({*kinds} - {"null"}):
            raise ValueRefusedError(
                told(
                    "a %(kind)s cannot be ordered against a %(other_kind)s",
                    kind=kind_words(kinds[0]),
                    other_kind=kind_words(kinds[1]),
                )
            )
        return None
    if kinds[0] != kinds[1]:
        _refuse_misleading(*kinds)
    if kinds[0] != kinds[1] or kinds[0] not in _ORDERED:
        raise ValueRefusedError(
            told(
                "a %(kind)s cannot be ordered against a %(other_kind)s",
                kind=kind_words(kinds[0]),
                other_kind=kind_words(kinds[1]),
            )
        )
    if kinds[0] in ("date and time", "time"):
        _refuse_mixed_zones(left, right)
    if isinstance(left, str) and isinstance(right, str):
        left, right = _units(left), _units(right)
    if left == right:
        return 0
    return 1 if left > right else -1


def _units(source: str) -> bytes:
    """Return the UTF-16 code units by which the editors order texts."""
    return source.encode("utf-16-be", "surrogatepass")


def compare(budget: Budget, operator: str, left: Any, right: Any) -> bool | None:
    """Return `left operator right` in three-valued logic."""
    budget.spend(1)
    if operator == "=":
        return equal(budget, left, right)
    if operator == "!=":
        return unequal(budget, left, right)
    found = order(left, right)
    return None if found is None else found in _SIGNS[operator]


_SIGNS: Final[Mapping[str, tuple[int, ...]]] = {
    "<": (-1,),
    "<=": (-1, 0),
    ">": (1,),
    ">=": (0, 1),
}
