"""Infers the kinds of an expression's parts, to find mistakes when a model is checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.expression import tree
from engine.expression.comparison import Budget
from engine.expression.evaluation import Evaluation, is_test
from engine.expression.function import FUNCTIONS
from engine.expression.program import UTC_ZONE, Assignments, Expression, UnaryTests
from engine.expression.value import ValueRefusedError, kind, kind_words, write
from engine.language import mark
from engine.language.telling import message_of, told

_ORDERED: Final = frozenset({"number", "string", "date", "time", "date and time", "duration"})
_MOVABLE: Final = frozenset({"date", "date and time", "duration"})
_LOOSE: Final = frozenset({"any", "null"})


@dataclass(frozen=True, slots=True)
class FeelType:
    """What a variable holds: a kind, and for closed variables the values it can take.

    `kind` is one of any, null, boolean, number, string, date, time, date and time, duration, list,
    context. `entries` are those of a context (None: any entries), `item` is the type of a list's
    items, `values` the only values possible (None: any).
    """

    kind: str = "any"
    values: tuple[Any, ...] | None = None
    entries: Mapping[str, "FeelType"] | None = field(default=None, hash=False)
    item: "FeelType | None" = None


ANY: Final = FeelType()
BOOLEAN: Final = FeelType("boolean")
NUMBER: Final = FeelType("number")
STRING: Final = FeelType("string")
NULL: Final = FeelType("null")


def infer(
    expression: Expression | UnaryTests | Assignments,
    declared: Mapping[str, FeelType],
    tested: FeelType = ANY,
) -> list[str]:
    """Return the mistakes as sentences: unknown names, kinds that do not fit, values never taken.

    `declared` are all variables that exist; `tested` is what a cell's column holds.
    """
    if isinstance(expression, Assignments):
        return _infer_lines(expression, declared)
    found = _Inference(tested)
    found.type_of(expression.tree, declared)
    return list(dict.fromkeys(found.problems))


def result_type(expression: Expression | UnaryTests, declared: Mapping[str, FeelType]) -> FeelType:
    """Return what the expression gives, as far as it can be known."""
    return _Inference(ANY).type_of(expression.tree, declared)


def _infer_lines(script: Assignments, declared: Mapping[str, FeelType]) -> list[str]:
    known = dict(declared)
    problems: list[str] = []
    for line in script.lines:
        problems += infer(line.expression, known)
        known[line.target] = result_type(line.expression, known)
    return problems


def _show(value: Any) -> str:
    if value is None:
        return "null"
    return f'"{value}"' if isinstance(value, str) else write(value)


def _kind_of(value: Any) -> str:
    found = kind(value)
    return "duration" if found.endswith("duration") else found


def _name(node: tree.Node) -> str:
    """Return how a message calls `node`."""
    match node:
        case tree.Name(name=name):
            return f"`{name}`"
        case tree.Path(target=target, name=name):
            return f"`{_name(target).strip('`')}.{name}`"
        case tree.Literal(value=value):
            return f"`{_show(value)}`"
        case tree.Call(function=function):
            return f"`{function}(...)`"
        case tree.InputValue():
            return told("the tested value")
    return told("a part")


class _Inference:
    """One pass over a tree; collects the mistakes."""

    def __init__(self, tested: FeelType) -> None:
        self.tested = tested
        self.problems: list[str] = []
        # Inside a filter a name may be an entry of items whose entries are not declared.
        self.open_names = 0

    def type_of(self, node: tree.Node, known: Mapping[str, FeelType]) -> FeelType:  # noqa: C901, PLR0911, PLR0912
        """Return the type of `node` and note its mistakes."""
        match node:
            case tree.Literal(value=value):
                return FeelType(_kind_of(value), None if value is None else (value,))
            case tree.Name(name=name):
                return self._variable(name, known)
            case tree.InputValue():
                return self.tested
            case tree.Path():
                return self._path(node, known)
            case tree.Comparison(operator=operator, left=left, right=right):
                self._compare(operator, left, right, known)
                return BOOLEAN
            case tree.Between(operand=operand, low=low, high=high):
                self._compare(">=", operand, low, known)
                self._compare("<=", operand, high, known)
                return BOOLEAN
            case tree.In(operand=operand, tests=tests):
                self._tests(operand, self.type_of(operand, known), tests, known)
                return BOOLEAN
            case tree.Tests(tests=tests):
                self._tests(tree.InputValue(), self.tested, tests, known)
                return BOOLEAN
            case tree.And(operands=operands) | tree.Or(operands=operands):
                for operand in operands:
                    self._condition(operand, known)
                return BOOLEAN
            case tree.Negation(operand=operand):
                self._expect(operand, known, "number", mark("the minus sign"))
                return NUMBER
            case tree.Arithmetic():
                return self._arithmetic(node, known)
            case tree.Call():
                return self._call(node, known)
            case tree.If():
                return self._if(node, known)
            case tree.For(iterations=iterations, result=result):
                return FeelType("list", item=self.type_of(result, self._bind(iterations, known)))
            case tree.Quantified(iterations=iterations, condition=condition):
                self._condition(condition, self._bind(iterations, known))
                return BOOLEAN
            case tree.Filter():
                return self._filter(node, known)
            case tree.ListOf(items=items):
                types = [self.type_of(item, known) for item in items]
                return FeelType("list", item=_common(types))
            case tree.ContextOf(entries=entries):
                return self._context(entries, known)
        return ANY

    def _variable(self, name: str, known: Mapping[str, FeelType]) -> FeelType:
        if name in known:
            return known[name]
        if not self.open_names:
            self.problems.append(
                told("There is no variable `%(name)s`; declare it or correct the name.", name=name)
            )
        return ANY

    def _path(self, node: tree.Path, known: Mapping[str, FeelType]) -> FeelType:
        target = self.type_of(node.target, known)
        if target.kind == "list" and target.item is not None:
            return FeelType("list", item=self._entry(node, target.item))
        return self._entry(node, target)

    def _entry(self, node: tree.Path, target: FeelType) -> FeelType:
        if target.kind in ("boolean", "number", "string"):
            self.problems.append(
                told(
                    "%(name)s is a %(kind)s and has no entry `%(other)s`.",
                    name=_name(node.target),
                    kind=kind_words(target.kind),
                    other=node.name,
                )
            )
        if target.entries is None or target.kind != "context":
            return NUMBER if target.kind in _MOVABLE else ANY
        if node.name not in target.entries:
            self.problems.append(
                told("%(name)s has no entry `%(other)s`.", name=_name(node.target), other=node.name)
            )
        return target.entries.get(node.name, ANY)

    def _compare(
        self, operator: str, left: tree.Node, right: tree.Node, known: Mapping[str, FeelType]
    ) -> None:
        self._fit(operator, (left, self.type_of(left, known)), (right, self.type_of(right, known)))

    def _fit(
        self, operator: str, left: tuple[tree.Node, FeelType], right: tuple[tree.Node, FeelType]
    ) -> None:
        """Note when two sides can never be compared, or never be equal."""
        (one, first), (other, second) = left, right
        if {first.kind, second.kind} & _LOOSE:
            return
        if first.kind != second.kind:
            self.problems.append(
                told(
                    "%(name)s is a %(kind)s and is compared with %(other)s, a %(other_kind)s.",
                    name=_name(one),
                    kind=kind_words(first.kind),
                    other=_name(other),
                    other_kind=kind_words(second.kind),
                )
            )
        elif operator not in ("=", "!=") and first.kind not in _ORDERED:
            self.problems.append(
                told(
                    "%(name)s is a %(kind)s and has no order.",
                    name=_name(one),
                    kind=kind_words(first.kind),
                )
            )
        elif operator in ("=", "!="):
            self._takes(one, first, other, second)
            self._takes(other, second, one, first)

    def _takes(self, node: tree.Node, closed: FeelType, other: tree.Node, value: FeelType) -> None:
        """Note when a closed variable is compared with a value it never takes."""
        if isinstance(node, tree.Literal) or not isinstance(other, tree.Literal):
            return
        if closed.values is not None and other.value not in closed.values and value.values:
            possible = ", ".join(map(_show, closed.values))
            self.problems.append(
                told(
                    "%(name)s is never %(value)s; it is one of %(possible)s.",
                    name=_name(node),
                    value=_show(other.value),
                    possible=possible,
                )
            )

    def _tests(
        self,
        node: tree.Node,
        tested: FeelType,
        tests: tuple[tree.Node, ...],
        known: Mapping[str, FeelType],
    ) -> None:
        for test in tests:
            match test:
                case tree.ComparisonTest(operator=operator, operand=operand):
                    self._fit(operator, (node, tested), (operand, self.type_of(operand, known)))
                case tree.Range(low=low, high=high):
                    self._fit(">=", (node, tested), (low, self.type_of(low, known)))
                    self._fit("<=", (node, tested), (high, self.type_of(high, known)))
                case tree.ListOf(items=items):
                    self._tests(node, tested, items, known)
                case _:
                    self._test(node, tested, test, known)

    def _test(
        self, node: tree.Node, tested: FeelType, test: tree.Node, known: Mapping[str, FeelType]
    ) -> None:
        found = self.type_of(test, known)
        if found.kind == "list" or is_test(test):
            return
        if any(isinstance(part, tree.InputValue) for part in tree.walk(test)):
            return
        self._fit("=", (node, tested), (test, found))

    def _condition(self, node: tree.Node, known: Mapping[str, FeelType]) -> None:
        self._expect(node, known, "boolean", mark("a condition"))

    def _expect(
        self, node: tree.Node, known: Mapping[str, FeelType], wanted: str, where: str
    ) -> None:
        found = self.type_of(node, known).kind
        if found not in (wanted, "any", "null"):
            self.problems.append(
                told(
                    "%(name)s is a %(found)s, but %(where)s needs a %(wanted)s.",
                    name=_name(node),
                    found=kind_words(found),
                    where=told(where),
                    wanted=kind_words(wanted),
                )
            )

    def _arithmetic(self, node: tree.Arithmetic, known: Mapping[str, FeelType]) -> FeelType:
        left, right = self.type_of(node.left, known), self.type_of(node.right, known)
        kinds = {left.kind, right.kind}
        if kinds & _LOOSE:
            return ANY
        if kinds == {"number"}:
            return NUMBER
        if kinds == {"string"} and node.operator == "+":
            return STRING
        if kinds <= _MOVABLE and node.operator in ("+", "-"):
            return _moved(node.operator, left.kind, right.kind)
        self.problems.append(
            told(
                "`%(operator)s` does not work on %(name)s, a %(kind)s, and "
                "%(other)s, a %(other_kind)s.",
                operator=node.operator,
                name=_name(node.left),
                kind=kind_words(left.kind),
                other=_name(node.right),
                other_kind=kind_words(right.kind),
            )
        )
        return ANY

    def _call(self, node: tree.Call, known: Mapping[str, FeelType]) -> FeelType:
        function = FUNCTIONS[node.function]
        before = len(self.problems)
        types = [self.type_of(argument, known) for argument in node.arguments]
        for position, (argument, found) in enumerate(zip(node.arguments, types, strict=True)):
            wanted = function.takes[min(position, len(function.takes) - 1)]
            if wanted != "any" and found.kind not in (wanted, "any", "null"):
                self.problems.append(
                    told(
                        "%(usage)s needs a %(wanted)s, but %(name)s is a %(kind)s.",
                        usage=function.usage,
                        wanted=kind_words(wanted),
                        name=_name(argument),
                        kind=kind_words(found.kind),
                    )
                )
        if len(self.problems) == before and node.arguments:
            self._try(node)
        return FeelType(function.gives)

    def _try(self, node: tree.Call) -> None:
        """Note what a call of constants refuses, such as a date that does not exist."""
        if not all(isinstance(argument, tree.Literal) for argument in node.arguments):
            return
        try:
            Evaluation(Budget(), None, UTC_ZONE).run(node, {})
        except ValueRefusedError as error:
            self.problems.append(
                told("%(name)s: %(error)s.", name=_name(node), error=message_of(error))
            )

    def _if(self, node: tree.If, known: Mapping[str, FeelType]) -> FeelType:
        self._condition(node.condition, known)
        types = [self.type_of(part, known) for part in (node.consequence, node.alternative)]
        return _common(types) or ANY

    def _bind(
        self, iterations: tuple[tree.Iteration, ...], known: Mapping[str, FeelType]
    ) -> dict[str, FeelType]:
        inner = dict(known)
        for iteration in iterations:
            inner[iteration.name] = self._item(iteration.domain, inner)
        return inner

    def _item(self, domain: tree.Node, known: Mapping[str, FeelType]) -> FeelType:
        if isinstance(domain, tree.Range):
            self._expect(domain.low, known, "number", mark("counting"))
            self._expect(domain.high, known, "number", mark("counting"))
            return NUMBER
        found = self.type_of(domain, known)
        if found.kind not in ("list", "any", "null"):
            self.problems.append(
                told(
                    "%(name)s is a %(kind)s; a list is needed.",
                    name=_name(domain),
                    kind=kind_words(found.kind),
                )
            )
        return found.item or ANY

    def _filter(self, node: tree.Filter, known: Mapping[str, FeelType]) -> FeelType:
        target = self.type_of(node.target, known)
        item = (target.item if target.kind == "list" else None) or ANY
        if not is_test(node.condition):
            self._expect(node.condition, known, "number", mark("the place in a list"))
            return item
        unknown = item.kind == "any" or (item.kind == "context" and item.entries is None)
        self.open_names += unknown
        self._condition(node.condition, {**known, "item": item, **(item.entries or {})})
        self.open_names -= unknown
        return target if target.kind == "list" else FeelType("list", item=target)

    def _context(
        self, entries: tuple[tuple[str, tree.Node], ...], known: Mapping[str, FeelType]
    ) -> FeelType:
        inner = dict(known)
        found: dict[str, FeelType] = {}
        for key, entry in entries:
            inner[key] = found[key] = self.type_of(entry, inner)
        return FeelType("context", entries=found)


def _moved(operator: str, left: str, right: str) -> FeelType:
    """Return what a sum or difference of dates and durations gives."""
    if left == right:
        return FeelType("duration")
    if operator == "-" and "duration" not in (left, right):
        return FeelType("duration")
    return FeelType(right if left == "duration" else left)


def _common(types: list[FeelType]) -> FeelType | None:
    """Return the type of values that each have one of `types`."""
    known = [found for found in types if found.kind != "null"]
    kinds = {found.kind for found in known}
    if len(kinds) != 1:
        return ANY if kinds else None
    values: list[Any] = []
    for found in known:
        if found.values is None:
            return FeelType(kinds.pop(), item=known[0].item, entries=known[0].entries)
        values.extend(found.values)
    return FeelType(kinds.pop(), tuple(dict.fromkeys(values)))
