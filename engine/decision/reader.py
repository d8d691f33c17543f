"""Reads a decision table from a DMN file as dmn-js and Camunda Modeler write it."""

from typing import Any, Final

from lxml import etree

from engine.decision.table import (
    AGGREGATIONS,
    HIT_POLICIES,
    Column,
    DecisionTable,
    Input,
    Output,
    Rule,
    TestCell,
    ValueCell,
)
from engine.errors import DecisionError, ExpressionError
from engine.expression import (
    Expression,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
)
from engine.expression.constant import constant
from engine.expression.grammar import KEYWORDS
from engine.xml import parse_xml

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
    "literalExpression": "a literal expression; write it as a script task or as a table",
    "invocation": "an invocation; use a decision table",
    "context": "a boxed context; use a decision table",
    "relation": "a relation; use a decision table",
    "list": "a boxed list; use a decision table",
    "functionDefinition": "a function definition; use a decision table",
    "conditional": "a conditional; use a decision table",
    "for": "an iteration; use a decision table",
    "every": "a quantifier; use a decision table",
    "some": "a quantifier; use a decision table",
    "filter": "a filter; use a decision table",
}


def parse_decision(content: bytes, *, file: str = "decision.dmn") -> DecisionTable:
    """Return the one decision table in `content` (DMN 1.1 to 1.5).

    Raises XmlError when it is not XML, DecisionError with the mend when it is not one table. A cell
    that does not compile is kept with its error and reported by `findings`.
    """
    root = parse_xml(content, file=file)
    return _Reader(file or "decision.dmn", _namespace(root, file)).table(root)


def _namespace(root: etree._Element, file: str) -> str:
    name = etree.QName(root)
    if name.localname != "definitions" or name.namespace not in NAMESPACES:
        raise DecisionError(f"{file}: not a DMN 1.1 to 1.5 file; save it with the decision editor.")
    return name.namespace


class _Reader:
    """Reads one file; knows its name for the errors and its namespace for the elements."""

    def __init__(self, file: str, namespace: str) -> None:
        self.file = file
        self.namespace = namespace

    def error(self, message: str) -> DecisionError:
        return DecisionError(f"{self.file}: {message}")

    def all(self, element: etree._Element, name: str) -> list[etree._Element]:
        return element.findall(f"{{{self.namespace}}}{name}")

    def text(self, element: etree._Element, *path: str) -> str:
        """Return the text below `element`, empty when there is none."""
        found = element.find("/".join(f"{{{self.namespace}}}{name}" for name in path))
        return (found.text or "").strip() if found is not None else ""

    def table(self, root: etree._Element) -> DecisionTable:
        decision = self.decision(root)
        table = self.all(decision, "decisionTable")[0]
        hit_policy, aggregation = self.policy(table)
        inputs = tuple(self.input(e, i) for i, e in enumerate(self.all(table, "input"), start=1))
        outputs = tuple(self.output(e, i) for i, e in enumerate(self.all(table, "output"), start=1))
        rules = self.all(table, "rule")
        found = DecisionTable(
            id=decision.get("id", ""),
            name=decision.get("name", "") or decision.get("id", ""),
            file=self.file,
            hit_policy=hit_policy,
            aggregation=aggregation,
            inputs=inputs,
            outputs=outputs,
            rules=tuple(self.rule(e, i, inputs, outputs) for i, e in enumerate(rules, start=1)),
            annotations=tuple(e.get("name", "") for e in self.all(table, "annotation")),
        )
        self.check(found)
        return found

    def decision(self, root: etree._Element) -> etree._Element:
        """Return the file's only decision, which must be a table."""
        for name, mend in (
            ("businessKnowledgeModel", "business knowledge models are not supported; remove it"),
            ("decisionService", "decision services are not supported; remove it"),
        ):
            if self.all(root, name):
                raise self.error(f"{mend}.")
        decisions = self.all(root, "decision")
        if len(decisions) != 1:
            raise self.error(f"holds {len(decisions)} decisions; keep one decision in each file.")
        decision = decisions[0]
        if not decision.get("id"):
            raise self.error("the decision has no id; give it one, like propose_route.")
        if self.all(decision, "informationRequirement"):
            required = decision.find(f".//{{{self.namespace}}}requiredDecision")
            if required is not None:
                raise self.error("needs another decision; pass its result as a variable.")
        if len(self.all(decision, "decisionTable")) == 1:
            return decision
        for name, mend in REFUSED.items():
            if self.all(decision, name):
                raise self.error(f"decision {decision.get('id')} is {mend}.")
        raise self.error(f"decision {decision.get('id')} has no table; draw one.")

    def policy(self, table: etree._Element) -> tuple[str, str]:
        hit_policy, aggregation = table.get("hitPolicy", "UNIQUE"), table.get("aggregation", "")
        if hit_policy not in HIT_POLICIES:
            raise self.error(
                f"hit policy {hit_policy} is not supported; use one of {', '.join(HIT_POLICIES)}."
            )
        if aggregation not in AGGREGATIONS or (aggregation and hit_policy != "COLLECT"):
            raise self.error(f"aggregation {aggregation} only goes with COLLECT; remove it.")
        return hit_policy, aggregation

    def language(self, element: etree._Element, place: str) -> None:
        language = element.get("expressionLanguage", "feel")
        if not language.lower().rstrip("/").endswith("feel"):
            raise self.error(f"{place}: language {language} is not supported; write FEEL.")

    def column(self, element: etree._Element, label: str, typed: str, values: str) -> Column:
        if typed not in KINDS:
            raise self.error(f"column {label}: type {typed} is not known; choose one of the list.")
        source = self.text(element, values, "text")
        tests = self.unary(source, f"column {label}: values") if source else None
        allowed = _listed(tests) if tests else ()
        return Column(
            id=element.get("id", ""),
            label=label,
            kind=KINDS[typed],
            whole=typed in ("integer", "long"),
            values=tests,
            allowed=allowed,
        )

    def unary(self, source: str, place: str) -> UnaryTests:
        try:
            return compile_unary_tests(source)
        except ExpressionError as error:
            raise self.error(f"{place}: {error}") from error

    def expression(self, source: str, place: str) -> Expression:
        try:
            return compile_expression(source)
        except ExpressionError as error:
            raise self.error(f"{place}: {error}") from error

    def input(self, element: etree._Element, number: int) -> Input:
        source = self.text(element, "inputExpression", "text")
        label = element.get("label") or source or f"input {number}"
        if not source:
            raise self.error(f"column {label}: has no expression; write the variable it tests.")
        inner = self.all(element, "inputExpression")[0]
        self.language(inner, f"column {label}")
        return Input(
            self.column(element, label, inner.get("typeRef", ""), "inputValues"),
            self.expression(source, f"column {label}"),
        )

    def output(self, element: etree._Element, number: int) -> Output:
        name = element.get("name", "")
        label = element.get("label") or name or f"output {number}"
        if not name.isidentifier() or not name.isascii() or name in KEYWORDS:
            raise self.error(
                f"column {label}: its output name `{name}` is not a variable's name; "
                "use letters, digits and underscores."
            )
        default = self.text(element, "defaultOutputEntry", "text")
        return Output(
            self.column(element, label, element.get("typeRef", ""), "outputValues"),
            name,
            self.expression(default, f"default of {label}") if default else None,
        )

    def rule(
        self,
        element: etree._Element,
        number: int,
        inputs: tuple[Input, ...],
        outputs: tuple[Output, ...],
    ) -> Rule:
        tests, values = self.all(element, "inputEntry"), self.all(element, "outputEntry")
        if len(tests) != len(inputs) or len(values) != len(outputs):
            raise self.error(f"row {number} has not one cell for each column; mend the table.")
        for cell in (*tests, *values):
            self.language(cell, f"row {number}")
        return Rule(
            id=element.get("id", "") or f"row_{number}",
            number=number,
            tests=tuple(_test_cell(self.text(cell, "text")) for cell in tests),
            outputs=tuple(_value_cell(self.text(cell, "text")) for cell in values),
            annotations=tuple(self.text(e, "text") for e in self.all(element, "annotationEntry")),
            description=self.text(element, "description"),
        )

    def check(self, table: DecisionTable) -> None:
        """Refuse tables that no evaluation could give a meaning to."""
        if not table.outputs:
            raise self.error("the table has no output; add one.")
        if len(table.rules) > MAX_RULES or len(table.inputs) + len(table.outputs) > MAX_COLUMNS:
            raise self.error(
                f"more than {MAX_RULES} rows or {MAX_COLUMNS} columns; split the decision."
            )
        names = [column.name for column in table.outputs]
        if len(set(names)) != len(names):
            raise self.error("two outputs have the same name; rename one.")
        if table.aggregation and len(names) > 1:
            raise self.error(f"{table.aggregation} needs exactly one output; split the decision.")
        if table.hit_policy == "PRIORITY" and not any(c.column.allowed for c in table.outputs):
            raise self.error("PRIORITY needs the list of output values, the most important first.")


_MISSING: Final = object()


def _listed(tests: UnaryTests) -> tuple[Any, ...]:
    """Return the values of a column if they are written out one by one."""
    found = tuple(constant(test, _MISSING) for test in tests.tree.tests)
    return () if tests.tree.negated or _MISSING in found else found


def _test_cell(source: str) -> TestCell:
    try:
        return TestCell(source, compile_unary_tests(source or "-"))
    except ExpressionError as error:
        return TestCell(source, None, str(error))


def _value_cell(source: str) -> ValueCell:
    if not source:
        return ValueCell(source, None)
    try:
        return ValueCell(source, compile_expression(source))
    except ExpressionError as error:
        return ValueCell(source, None, str(error))
