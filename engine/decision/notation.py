"""How DMN files write tables: name spaces, types, what is refused, and what stands in a cell."""

from typing import Any, Final

from engine.decision.table import TestCell, ValueCell
from engine.errors import ExpressionError
from engine.expression import UnaryTests, compile_expression, compile_unary_tests
from engine.expression.constant import constant
from engine.language import mark
from engine.language.telling import message_of

NAMESPACES: Final = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    }
)
MAX_RULES: Final = 500
MAX_COLUMNS: Final = 30

KINDS: Final = {
    "string": "string",
    "boolean": "boolean",
    "number": "number",
    "integer": "number",
    "long": "number",
    "double": "number",
    "date": "date",
    "time": "time",
    "dateTime": "date and time",
    "date and time": "date and time",
    "dayTimeDuration": "days and time duration",
    "yearMonthDuration": "years and months duration",
    "context": "context",
    "Any": "any",
    "any": "any",
    "": "any",
}
# Where DMN allows more than a table, say what it is and what to draw instead.
REFUSED: Final = {
    "literalExpression": mark("a literal expression; write it as a script task or as a table"),
    "invocation": mark("an invocation; use a decision table"),
    "context": mark("a boxed context; use a decision table"),
    "relation": mark("a relation; use a decision table"),
    "list": mark("a boxed list; use a decision table"),
    "functionDefinition": mark("a function definition; use a decision table"),
    "conditional": mark("a conditional; use a decision table"),
    "for": mark("an iteration; use a decision table"),
    "every": mark("a quantifier; use a decision table"),
    "some": mark("a quantifier; use a decision table"),
    "filter": mark("a filter; use a decision table"),
}

_MISSING: Final = object()


def listed(tests: UnaryTests) -> tuple[Any, ...]:
    """Return the values of a column if they are written out one by one."""
    found = tuple(constant(test, _MISSING) for test in tests.tree.tests)
    return () if tests.tree.negated or _MISSING in found else found


def test_cell(source: str) -> TestCell:
    """Return a cell of a condition; one that cannot be read keeps its error."""
    try:
        return TestCell(source, compile_unary_tests(source or "-"))
    except ExpressionError as error:
        return TestCell(source, None, message_of(error))


def value_cell(source: str) -> ValueCell:
    """Return a cell of a result; one that cannot be read keeps its error."""
    if not source:
        return ValueCell(source, None)
    try:
        return ValueCell(source, compile_expression(source))
    except ExpressionError as error:
        return ValueCell(source, None, message_of(error))
