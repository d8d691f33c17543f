"""Says an expression in plain English, for reports of what changed."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final

from engine.expression import tree
from engine.expression.value import YearsMonths, write

_COMPARED: Final = {
    "=": "is",
    "!=": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
}
_CALCULATED: Final = {
    "+": "plus",
    "-": "minus",
    "*": "times",
    "/": "divided by",
    "**": "to the power of",
}
_FUNCTIONS: Final[dict[str, Callable[..., str]]] = {
    "count": "the number of {}".format,
    "sum": "the sum of {}".format,
    "min": "the smallest of {}".format,
    "max": "the largest of {}".format,
    "mean": "the mean of {}".format,
    "contains": "{} contains {}".format,
    "list contains": "{} contains {}".format,
    "starts with": "{} starts with {}".format,
    "ends with": "{} ends with {}".format,
    "string length": "the length of {}".format,
    "is defined": "{} is given".format,
    "today": "today".format,
    "now": "now".format,
    "get value": "the entry {1} of {0}".format,
    "get entries": "the entries of {}".format,
}
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
            return "the value"
        case tree.Path(target=tree.Name() | tree.Path() as target, name=name):
            return f"{describe(target)}.{name}"
        case tree.Path(target=target, name=name):
            return f"the {name} of {_operand(target)}"
        case tree.Comparison(operator=operator, left=left, right=right):
            return f"{_operand(left)} {_compared(operator, right)}"
        case tree.ComparisonTest(operator=operator, operand=operand):
            return _compared(operator, operand)
        case tree.Range():
            return _range(node)
        case tree.Between(operand=operand, low=low, high=high):
            return f"{_operand(operand)} is from {_operand(low)} to {_operand(high)}"
        case tree.In():
            return f"{_operand(node.operand)} {_tests(node.tests)}"
        case tree.Tests():
            return _cell(node)
        case tree.And(operands=operands):
            return _joined(operands, " and ")
        case tree.Or(operands=operands):
            return _joined(operands, " or ")
        case tree.Negation(operand=operand):
            return f"minus {_operand(operand)}"
        case tree.Arithmetic(operator=operator, left=left, right=right):
            return f"{_operand(left)} {_CALCULATED[operator]} {_operand(right)}"
        case tree.Call():
            return _call(node)
        case tree.If(condition=condition, consequence=consequence, alternative=alternative):
            return (
                f"{_operand(consequence)} if {describe(condition)}, "
                f"otherwise {_operand(alternative)}"
            )
        case tree.For(iterations=iterations, result=result):
            return f"for each {_iterations(iterations)}: {describe(result)}"
        case tree.Quantified(quantifier=quantifier, iterations=iterations, condition=condition):
            which = "at least one" if quantifier == "some" else "every"
            return f"for {which} {_iterations(iterations)}: {describe(condition)}"
        case tree.Filter(target=target, condition=condition):
            if isinstance(condition, tree.Literal | tree.Name):
                return f"item {describe(condition)} of {_operand(target)}"
            return f"those of {_operand(target)} where {describe(condition)}"
        case tree.ListOf(items=items):
            return "the list of " + _listed(items) if items else "the empty list"
        case tree.ContextOf(entries=entries):
            inner = ", ".join(f"{key}: {describe(entry)}" for key, entry in entries)
            return "{" + inner + "}"
    return "an expression"


def _literal(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, YearsMonths):
        return _duration(value)
    if isinstance(value, timedelta) and value >= timedelta() and not value.seconds:
        return _amount(value.days, "day")
    return write(value)


def _duration(value: YearsMonths) -> str:
    if value.months % 12 == 0 and value.months:
        return _amount(value.months // 12, "year")
    return _amount(value.months, "month")


def _amount(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _operand(node: tree.Node) -> str:
    found = describe(node)
    return f"({found})" if isinstance(node, _LOOSE) else found


def _joined(operands: Iterable[tree.Node], word: str) -> str:
    return word.join(map(_operand, operands))


def _compared(operator: str, right: tree.Node) -> str:
    if isinstance(right, tree.Literal) and right.value is None and operator in ("=", "!="):
        return "is not given" if operator == "=" else "is given"
    return f"{_COMPARED[operator]} {_operand(right)}"


def _range(node: tree.Range) -> str:
    low, high = _operand(node.low), _operand(node.high)
    if node.low_included and node.high_included:
        return f"is from {low} to {high}"
    above = "is at least" if node.low_included else "is more than"
    below = "at most" if node.high_included else "less than"
    return f"{above} {low} and {below} {high}"


def _listed(nodes: tuple[tree.Node, ...]) -> str:
    parts = list(map(_operand, nodes))
    return " or ".join(parts) if len(parts) <= 2 else ", ".join(parts)  # noqa: PLR2004 - a pair


def _tests(tests: tuple[tree.Node, ...]) -> str:
    """Return the predicate of one or more tests."""
    if len(tests) == 1 and isinstance(tests[0], tree.ListOf) and tests[0].items:
        return f"is one of {', '.join(map(_operand, tests[0].items))}"
    plain = (tree.Literal, tree.Name, tree.Call)
    if len(tests) > 1 and all(isinstance(test, plain) for test in tests):
        return f"is one of {', '.join(map(describe, tests))}"
    return " or ".join(map(_predicate, tests))


def _predicate(test: tree.Node) -> str:
    if isinstance(test, tree.ComparisonTest | tree.Range):
        return describe(test)
    if isinstance(test, tree.Literal):
        return _compared("=", test)
    if isinstance(test, tree.Comparison | tree.And | tree.Or | tree.In | tree.Between):
        return f"fulfils: {describe(test)}"
    return f"is {_operand(test)}"


def _cell(node: tree.Tests) -> str:
    if not node.tests:
        return "is anything"
    found = _tests(node.tests)
    if not node.negated:
        return found
    return "is not " + found.removeprefix("is ")


def _call(node: tree.Call) -> str:
    parts = [_operand(argument) for argument in node.arguments]
    if node.function == "not":
        return f"not ({describe(node.arguments[0])})"
    if node.function in _CONVERSIONS and len(parts) == 1:
        return _converted(node.function, node.arguments[0])
    if node.function in _FUNCTIONS and len(parts) <= 2:  # noqa: PLR2004 - as the words take
        return _FUNCTIONS[node.function](*parts)
    return f"{node.function} of {', '.join(parts)}" if parts else node.function


def _converted(function: str, argument: tree.Node) -> str:
    """Return a date or duration written as text without the function around it."""
    from engine.expression.constant import constant

    value = constant(tree.Call(function, (argument,)))
    return _operand(argument) if value is None else _literal(value)


def _iterations(iterations: tuple[tree.Iteration, ...]) -> str:
    return " and ".join(f"{one.name} of {_domain(one.domain)}" for one in iterations)


def _domain(node: tree.Node) -> str:
    if isinstance(node, tree.Range):
        return f"{_operand(node.low)} to {_operand(node.high)}"
    return _operand(node)
