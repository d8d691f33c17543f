"""Evaluates an expression's tree over plain data, within a budget of steps and sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final
from zoneinfo import ZoneInfo

from engine.expression import tree
from engine.expression.arithmetic import arithmetic, component, negative
from engine.expression.comparison import Budget, compare, equal, order
from engine.expression.function import FUNCTIONS
from engine.expression.value import (
    MAX_ITEMS,
    ValueRefusedError,
    kind,
    kind_words,
    number,
    text,
)
from engine.language.telling import told

MAX_LOOP: Final = 1_000


class _Scope:
    """Variables that see through to those around them; entries are never attributes."""

    __slots__ = ("around", "own")

    def __init__(self, own: Mapping[str, Any], around: "_Scope | None" = None) -> None:
        self.own = own
        self.around = around

    def find(self, name: str) -> Any:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.own:
                return scope.own[name]
            scope = scope.around
        return None

    def holds(self, name: str) -> bool:
        scope: _Scope | None = self
        while scope is not None:
            if name in scope.own:
                return True
            scope = scope.around
        return False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation: its budget, the instant it takes for now, and the zone of today."""

    budget: Budget
    now: datetime | None
    zone: ZoneInfo
    tested: Any = None

    def run(self, node: tree.Node, context: Mapping[str, Any]) -> Any:
        """Return the value of `node` over `context`; raise ValueRefusedError."""
        found = self._value(node, _Scope(context))
        _check_result(found)
        return found

    def matches(self, tests: tree.Tests, context: Mapping[str, Any]) -> bool:
        """Return whether the tested value passes one of `tests`, as in the editors."""
        scope = _Scope(context)
        # Every test is asked, so that a broken one is found whatever the others say.
        passed = [self._passes(test, scope) for test in tests.tests]
        return (any(passed) or not passed) != tests.negated

    def _passes(self, test: tree.Node, scope: _Scope) -> bool:
        if isinstance(test, tree.Literal | tree.ComparisonTest | tree.Range):
            return self._meets(test, self.tested, scope) is True
        found = self._value(test, scope)
        if isinstance(found, bool):
            if not _is_condition(test):
                raise ValueRefusedError(
                    told("a cell holds a value that is true or false; write `? = name` instead")
                )
            return found
        if found is None and self.tested is None and _is_condition(test):
            # The editors would let a missing value pass `? > 3`, as nothing equals nothing.
            raise ValueRefusedError(
                told("the tested value is missing; ask for null in its own cell")
            )
        if isinstance(found, list | tuple):
            return any(self._equals_simple(item) for item in found)
        return equal(self.budget, found, self.tested) is True

    def _equals_simple(self, item: Any) -> bool:
        if isinstance(item, bool | list | tuple):
            raise ValueRefusedError(told("a cell's list holds numbers, texts and dates only"))
        return equal(self.budget, item, self.tested) is True

    def _meets(self, test: tree.Node, value: Any, scope: _Scope) -> bool | None:
        """Return whether `value` meets one test of `in` or of a cell."""
        match test:
            case tree.ComparisonTest(operator=operator, operand=operand):
                return compare(self.budget, operator, value, self._value(operand, scope))
            case tree.Range():
                return self._within(test, value, scope)
        return equal(self.budget, self._value(test, scope), value)

    def _within(self, span: tree.Range, value: Any, scope: _Scope) -> bool | None:
        low, high = self._value(span.low, scope), self._value(span.high, scope)
        width = order(low, high)
        if width is None:
            raise ValueRefusedError(
                told("a range has no lower or no upper end; compare with >= or <=")
            )
        if width > 0:
            raise ValueRefusedError(told("a range runs backwards; put the smaller value first"))
        above, below = order(value, low), order(value, high)
        if above is None or below is None:
            return None
        return (above > 0 or (above == 0 and span.low_included)) and (
            below < 0 or (below == 0 and span.high_included)
        )

    def _value(self, node: tree.Node, scope: _Scope) -> Any:  # noqa: C901, PLR0911, PLR0912
        self.budget.spend(1)
        match node:
            case tree.Literal(value=value):
                return value
            case tree.Name(name=name):
                return _admit(scope.find(name))
            case tree.InputValue():
                return _admit(self.tested)
            case tree.Comparison(operator=operator, left=left, right=right):
                return compare(
                    self.budget, operator, self._value(left, scope), self._value(right, scope)
                )
            case tree.And(operands=operands):
                return self._connect(operands, scope, decisive=False)
            case tree.Or(operands=operands):
                return self._connect(operands, scope, decisive=True)
            case tree.Path(target=target, name=name):
                return self._entry(self._value(target, scope), name)
            case tree.Call():
                return self._call(node, scope)
            case tree.In():
                return self._in(node, scope)
            case tree.Between():
                return self._between(node, scope)
            case tree.Arithmetic(operator=operator, left=left, right=right):
                return self._charged(
                    arithmetic(operator, self._value(left, scope), self._value(right, scope))
                )
            case tree.Negation(operand=operand):
                return negative(self._value(operand, scope))
            case tree.If(condition=condition, consequence=consequence, alternative=alternative):
                chosen = consequence if self._truth(condition, scope) is True else alternative
                return self._value(chosen, scope)
            case tree.ListOf(items=items):
                return [self._value(item, scope) for item in items]
            case tree.ContextOf():
                return self._context(node, scope)
            case tree.Filter():
                return self._filter(node, scope)
            case tree.For():
                return self._for(node, scope)
            case tree.Quantified():
                return self._quantified(node, scope)
        raise ValueRefusedError(told("this part of an expression has no value of its own"))

    def _truth(self, node: tree.Node, scope: _Scope) -> bool | None:
        found = self._value(node, scope)
        if found is None or isinstance(found, bool):
            return found
        raise ValueRefusedError(
            told("a condition is needed, not a %(kind)s; compare it", kind=kind_words(kind(found)))
        )

    def _connect(
        self, operands: tuple[tree.Node, ...], scope: _Scope, *, decisive: bool
    ) -> bool | None:
        """Return the conjunction or disjunction; every operand is evaluated, as in the editors."""
        found = [self._value(operand, scope) for operand in operands]
        if any(item is decisive for item in found):
            return decisive
        return None if any(not isinstance(item, bool) for item in found) else not decisive

    def _entry(self, target: Any, name: str) -> Any:
        if target is None:
            return None
        if isinstance(target, list | tuple):
            self.budget.spend(len(target))
            if any(isinstance(item, list | tuple) for item in target):
                raise ValueRefusedError(
                    told("`.%(name)s` is asked of a list of lists; take an item", name=name)
                )
            return [self._entry(item, name) for item in target]
        if isinstance(target, Mapping):
            return _admit(target.get(name))
        return component(target, name)

    def _call(self, node: tree.Call, scope: _Scope) -> Any:
        if scope.holds(node.function):
            raise ValueRefusedError(
                told(
                    "a variable `%(function)s` hides the function; rename the variable",
                    function=node.function,
                )
            )
        if node.function in ("today", "now"):
            return self._present(node.function)
        arguments = [self._value(argument, scope) for argument in node.arguments]
        found = FUNCTIONS[node.function].call(self.budget, arguments)
        return self._charged(found)

    def _charged(self, found: Any) -> Any:
        """Return a computed value, taking the memory of a text from the budget of steps."""
        if isinstance(found, str):
            self.budget.spend(len(text(found)) // 50)
        return found

    def _present(self, function: str) -> date | datetime:
        if self.now is None:
            raise ValueRefusedError(
                told(
                    "`%(function)s()` cannot be used here, where time stands still",
                    function=function,
                )
            )
        local = self.now.astimezone(self.zone)
        if function == "today":
            return local.date()
        # A fixed offset keeps later arithmetic exact across summer time.
        return local.astimezone(timezone(local.utcoffset() or timedelta()))

    def _in(self, node: tree.In, scope: _Scope) -> bool | None:
        value = self._value(node.operand, scope)
        if not node.listed and not isinstance(node.tests[0], tree.ComparisonTest | tree.Range):
            return self._member(value, self._value(node.tests[0], scope))
        met = [self._meets_one(test, value, scope) for test in node.tests]
        return True if True in met else None if None in met else False

    def _meets_one(self, test: tree.Node, value: Any, scope: _Scope) -> bool | None:
        if isinstance(test, tree.ComparisonTest | tree.Range):
            return self._meets(test, value, scope)
        other = self._value(test, scope)
        if isinstance(other, list | tuple):
            raise ValueRefusedError(told("a list stands in parentheses after `in`; leave them out"))
        return equal(self.budget, other, value) is True

    def _member(self, value: Any, found: Any) -> bool | None:
        if found is None:
            return None
        if not isinstance(found, list | tuple):
            return equal(self.budget, found, value) is True
        return any(equal(self.budget, item, value) is True for item in found)

    def _between(self, node: tree.Between, scope: _Scope) -> bool | None:
        value = self._value(node.operand, scope)
        low, high = self._value(node.low, scope), self._value(node.high, scope)
        width = order(low, high)
        if width is None:
            return None
        if width > 0:
            raise ValueRefusedError(told("`between` runs backwards; put the smaller value first"))
        above, below = order(value, low), order(value, high)
        return None if above is None or below is None else above >= 0 and below <= 0

    def _context(self, node: tree.ContextOf, scope: _Scope) -> dict[str, Any]:
        found: dict[str, Any] = {}
        inner = _Scope(found, scope)
        for key, entry in node.entries:
            found[key] = self._value(entry, inner)
        return found

    def _filter(self, node: tree.Filter, scope: _Scope) -> Any:
        target = self._value(node.target, scope)
        if target is None:
            return None
        items = target if isinstance(target, list | tuple) else [target]
        if not is_test(node.condition):
            return _item(items, self._value(node.condition, scope))
        found = []
        for item in items:
            inner = _Scope({"item": item}, scope)
            if isinstance(item, Mapping):
                inner = _Scope(item, inner)
            if self._truth(node.condition, inner) is True:
                found.append(item)
        if any(item is None or item is False for item in found):
            raise ValueRefusedError(told("a filter cannot keep null or false items"))
        return found

    def _for(self, node: tree.For, scope: _Scope) -> list[Any] | None:
        scopes = self._scopes(node.iterations, scope)
        if scopes is None:
            return None
        return [self._value(node.result, inner) for inner in scopes]

    def _quantified(self, node: tree.Quantified, scope: _Scope) -> bool | None:
        scopes = self._scopes(node.iterations, scope)
        if scopes is None:
            return None
        decisive = node.quantifier == "some"
        for inner in scopes:
            if (self._truth(node.condition, inner) is True) == decisive:
                return decisive
        return not decisive

    def _scopes(self, iterations: Sequence[tree.Iteration], scope: _Scope) -> list[_Scope] | None:
        """Return one scope for each combination of items; None when a domain is no list."""
        scopes = [scope]
        for iteration in iterations:
            wider: list[_Scope] = []
            for inner in scopes:
                domain = self._domain(iteration.domain, inner)
                if domain is None:
                    return None
                self.budget.spend(len(domain))
                wider.extend(_Scope({iteration.name: item}, inner) for item in domain)
            scopes = wider
        return scopes

    def _domain(self, node: tree.Node, scope: _Scope) -> list[Any] | None:
        if not isinstance(node, tree.Range):
            found = self._value(node, scope)
            return list(found) if isinstance(found, list | tuple) else None
        low, high = self._value(node.low, scope), self._value(node.high, scope)
        if not all(isinstance(end, int) and not isinstance(end, bool) for end in (low, high)):
            raise ValueRefusedError(told("an iteration counts between two whole numbers"))
        if high == 0 or not (node.low_included and node.high_included):
            raise ValueRefusedError(told("an iteration counts like 1..5 and does not end at 0"))
        if abs(high - low) >= MAX_LOOP:
            raise ValueRefusedError(
                told("an iteration counts more than %(most)s numbers", most=MAX_LOOP)
            )
        return list(range(low, high + 1) if low <= high else range(low, high - 1, -1))


_TESTS: Final = (tree.Comparison, tree.And, tree.Or, tree.In, tree.Between, tree.Quantified)


def is_test(node: tree.Node) -> bool:
    """Tell whether a filter's condition is asked of each item (otherwise it is a number)."""
    if isinstance(node, tree.If):
        return is_test(node.consequence) and is_test(node.alternative)
    return isinstance(node, _TESTS)


def _is_condition(node: tree.Node) -> bool:
    """Tell whether a cell's true or false is the match itself and not a value to compare with."""
    return is_test(node) or any(isinstance(part, tree.InputValue) for part in tree.walk(node))


def _admit(value: Any) -> Any:
    """Return a variable's value if it is plain data that expressions can hold."""
    if kind(value) == "number":
        return number(value)
    return value


def _item(items: Sequence[Any], index: Any) -> Any:
    if isinstance(index, bool) or not isinstance(index, int | float):
        raise ValueRefusedError(
            told(
                "a list is filtered by a number or by a condition with a comparison, for example "
                "`[item = true]`"
            )
        )
    if isinstance(index, float):
        return None
    position = index - 1 if index > 0 else len(items) + index
    return _admit(items[position]) if index and 0 <= position < len(items) else None


def _check_result(value: Any) -> None:
    """Refuse results that are not plain data or hold too many items."""
    level, count, depth = [value], 0, 0
    while level:
        count += len(level)
        depth += 1
        if count > MAX_ITEMS or depth > 60:  # noqa: PLR2004 - deeper than an expression builds
            raise ValueRefusedError(
                told("the result holds more than %(most)s items", most=MAX_ITEMS)
            )
        below: list[Any] = []
        for item in level:
            if isinstance(item, Mapping):
                if not all(isinstance(key, str) for key in item):
                    raise ValueRefusedError(told("the keys of a context are texts"))
                below.extend(item.values())
            elif isinstance(item, list | tuple):
                below.extend(item)
            else:
                _admit(item)
            if count + len(below) > MAX_ITEMS:
                raise ValueRefusedError(
                    told("the result holds more than %(most)s items", most=MAX_ITEMS)
                )
        level = below
