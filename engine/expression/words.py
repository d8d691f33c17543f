"""Says an expression in plain words, for reports of what changed."""

from collections.abc import Iterable
from datetime import timedelta
from functools import reduce
from typing import Any, Final

from engine.expression import tree
from engine.expression.value import YearsMonths, write
from engine.language import mark
from engine.language.telling import Told, counted, series, told

_COMPARED: Final[dict[str, str]] = mark(
    {
        "=": "is %(value)s",
        "!=": "is not %(value)s",
        "<": "is less than %(value)s",
        "<=": "is at most %(value)s",
        ">": "is more than %(value)s",
        ">=": "is at least %(value)s",
    }
)
_CALCULATED: Final[dict[str, str]] = mark(
    {
        "+": "%(left)s plus %(right)s",
        "-": "%(left)s minus %(right)s",
        "*": "%(left)s times %(right)s",
        "/": "%(left)s divided by %(right)s",
        "**": "%(left)s to the power of %(right)s",
    }
)
_FUNCTIONS: Final[dict[str, str]] = mark(
    {
        "count": "the number of %(one)s",
        "sum": "the sum of %(one)s",
        "min": "the smallest of %(one)s",
        "max": "the largest of %(one)s",
        "mean": "the mean of %(one)s",
        "contains": "%(one)s contains %(other)s",
        "list contains": "%(one)s contains %(other)s",
        "starts with": "%(one)s starts with %(other)s",
        "ends with": "%(one)s ends with %(other)s",
        "string length": "the length of %(one)s",
        "is defined": "%(one)s is given",
        "today": "today",
        "now": "now",
        "get value": "the entry %(other)s of %(one)s",
        "get entries": "the entries of %(one)s",
    }
)
_CONVERSIONS: Final = frozenset({"date", "time", "date and time", "duration"})
_LOOSE: Final = (tree.And, tree.Or, tree.If, tree.For, tree.Quantified)


def describe(node: tree.Node) -> str:  # noqa: C901, PLR0911, PLR0912 - one line per kind of node
    """Return `node` in words: `route is "unfounded" and rounds is at least 3`."""
    match node:
        case tree.Literal(value=value):
            return _literal(value)
        case tree.Name(name=name):
            return name
        case tree.InputValue():
            return told("the value")
        case tree.Path(target=tree.Name() | tree.Path() as target, name=name):
            return f"{describe(target)}.{name}"
        case tree.Path(target=target, name=name):
            return told("the %(name)s of %(whole)s", name=name, whole=_operand(target))
        case tree.Comparison(operator=operator, left=left, right=right):
            return _predicated(left, _compared(operator, right))
        case tree.ComparisonTest(operator=operator, operand=operand):
            return _compared(operator, operand)
        case tree.Range():
            return _range(node)
        case tree.Between(operand=operand, low=low, high=high):
            return _predicated(
                operand, told("is from %(low)s to %(high)s", low=_operand(low), high=_operand(high))
            )
        case tree.In():
            return _predicated(node.operand, _tests(node.tests))
        case tree.Tests():
            return _cell(node)
        case tree.And(operands=operands):
            return _joined(operands, mark("%(one)s and %(other)s"))
        case tree.Or(operands=operands):
            return _joined(operands, mark("%(one)s or %(other)s"))
        case tree.Negation(operand=operand):
            return told("minus %(value)s", value=_operand(operand))
        case tree.Arithmetic(operator=operator, left=left, right=right):
            return told(_CALCULATED[operator], left=_operand(left), right=_operand(right))
        case tree.Call():
            return _call(node)
        case tree.If(condition=condition, consequence=consequence, alternative=alternative):
            return told(
                "%(one)s if %(condition)s, otherwise %(other)s",
                one=_operand(consequence),
                condition=describe(condition),
                other=_operand(alternative),
            )
        case tree.For(iterations=iterations, result=result):
            return told(
                "for each %(items)s: %(result)s",
                items=_iterations(iterations),
                result=describe(result),
            )
        case tree.Quantified(quantifier=quantifier, iterations=iterations, condition=condition):
            text = mark("for every %(items)s: %(condition)s")
            if quantifier == "some":
                text = mark("for at least one %(items)s: %(condition)s")
            return told(text, items=_iterations(iterations), condition=describe(condition))
        case tree.Filter(target=target, condition=condition):
            if isinstance(condition, tree.Literal | tree.Name):
                return told(
                    "item %(number)s of %(whole)s",
                    number=describe(condition),
                    whole=_operand(target),
                )
            return told(
                "those of %(whole)s where %(condition)s",
                whole=_operand(target),
                condition=describe(condition),
            )
        case tree.ListOf(items=items):
            if not items:
                return told("the empty list")
            return told("the list of %(items)s", items=_listed(items))
        case tree.ContextOf(entries=entries):
            inner = series(
                Told("%(key)s: %(entry)s", {"key": key, "entry": describe(entry)})
                for key, entry in entries
            )
            return Told("{%(inner)s}", {"inner": inner})
    return told("an expression")


def _predicated(subject: tree.Node, predicate: str) -> str:
    return Told("%(subject)s %(predicate)s", {"subject": _operand(subject), "predicate": predicate})


def _literal(value: Any) -> str:
    if value is None:
        return told("nothing")
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, YearsMonths):
        return _duration(value)
    if isinstance(value, timedelta) and value >= timedelta() and not value.seconds:
        return counted("%(count)s day", "%(count)s days", value.days)
    return write(value)


def _duration(value: YearsMonths) -> str:
    if value.months % 12 == 0 and value.months:
        return counted("%(count)s year", "%(count)s years", value.months // 12)
    return counted("%(count)s month", "%(count)s months", value.months)


def _operand(node: tree.Node) -> str:
    found = describe(node)
    return Told("(%(inner)s)", {"inner": found}) if isinstance(node, _LOOSE) else found


def _joined(operands: Iterable[tree.Node], text: str) -> str:
    return reduce(lambda one, other: told(text, one=one, other=other), map(_operand, operands))


def _compared(operator: str, right: tree.Node) -> str:
    if isinstance(right, tree.Literal) and right.value is None and operator in ("=", "!="):
        return told("is not given") if operator == "=" else told("is given")
    return told(_COMPARED[operator], value=_operand(right))


def _range(node: tree.Range) -> str:
    text = {
        (True, True): mark("is from %(low)s to %(high)s"),
        (True, False): mark("is at least %(low)s and less than %(high)s"),
        (False, True): mark("is more than %(low)s and at most %(high)s"),
        (False, False): mark("is more than %(low)s and less than %(high)s"),
    }[node.low_included, node.high_included]
    return told(text, low=_operand(node.low), high=_operand(node.high))


def _listed(nodes: tuple[tree.Node, ...]) -> str:
    if len(nodes) == 2:  # noqa: PLR2004 - a pair
        return _joined(nodes, mark("%(one)s or %(other)s"))
    return series(map(_operand, nodes))


def _tests(tests: tuple[tree.Node, ...], *, negated: bool = False) -> str:
    """Return the predicate of one or more tests."""
    one_of = mark("is not one of %(items)s") if negated else mark("is one of %(items)s")
    if len(tests) == 1 and isinstance(tests[0], tree.ListOf) and tests[0].items:
        return told(one_of, items=series(map(_operand, tests[0].items)))
    plain = (tree.Literal, tree.Name, tree.Call)
    if len(tests) > 1 and all(isinstance(test, plain) for test in tests):
        return told(one_of, items=series(map(describe, tests)))
    return _any_of(tests, negated=negated)


def _any_of(tests: tuple[tree.Node, ...], *, negated: bool) -> str:
    if not negated:
        parts = map(_predicate, tests)
        return reduce(lambda one, other: told("%(one)s or %(other)s", one=one, other=other), parts)
    if len(tests) == 1 and isinstance(tests[0], tree.Literal) and tests[0].value is not None:
        return told(_COMPARED["!="], value=_operand(tests[0]))
    return told("is not so: %(predicate)s", predicate=_any_of(tests, negated=False))


def _predicate(test: tree.Node) -> str:
    if isinstance(test, tree.ComparisonTest | tree.Range):
        return describe(test)
    if isinstance(test, tree.Literal):
        return _compared("=", test)
    if isinstance(test, tree.Comparison | tree.And | tree.Or | tree.In | tree.Between):
        return told("fulfils: %(condition)s", condition=describe(test))
    return told("is %(value)s", value=_operand(test))


def _cell(node: tree.Tests) -> str:
    if not node.tests:
        return told("is anything")
    return _tests(node.tests, negated=node.negated)


def _call(node: tree.Call) -> str:
    parts = [_operand(argument) for argument in node.arguments]
    if node.function == "not":
        return told("not (%(condition)s)", condition=describe(node.arguments[0]))
    if node.function in _CONVERSIONS and len(parts) == 1:
        return _converted(node.function, node.arguments[0])
    if node.function in _FUNCTIONS and len(parts) <= 2:  # noqa: PLR2004 - as the words take
        return told(_FUNCTIONS[node.function], **dict(zip(("one", "other"), parts, strict=False)))
    if not parts:
        return node.function
    return told("%(function)s of %(arguments)s", function=node.function, arguments=series(parts))


def _converted(function: str, argument: tree.Node) -> str:
    """Return a date or duration written as text without the function around it."""
    from engine.expression.constant import constant

    value = constant(tree.Call(function, (argument,)))
    return _operand(argument) if value is None else _literal(value)


def _iterations(iterations: tuple[tree.Iteration, ...]) -> str:
    parts = (
        told("%(name)s of %(domain)s", name=one.name, domain=_domain(one.domain))
        for one in iterations
    )
    return reduce(lambda one, other: told("%(one)s and %(other)s", one=one, other=other), parts)


def _domain(node: tree.Node) -> str:
    if isinstance(node, tree.Range):
        return told("%(low)s to %(high)s", low=_operand(node.low), high=_operand(node.high))
    return _operand(node)
