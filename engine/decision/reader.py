"""Reads a decision table from a DMN file as dmn-js and Camunda Modeler write it."""

from lxml import etree

from engine.decision.notation import (
    KINDS,
    MAX_COLUMNS,
    MAX_RULES,
    NAMESPACES,
    REFUSED,
    listed,
    test_cell,
    value_cell,
)
from engine.decision.table import (
    AGGREGATIONS,
    HIT_POLICIES,
    Column,
    DecisionTable,
    Input,
    Output,
    Rule,
)
from engine.errors import DecisionError, ExpressionError
from engine.expression import (
    Expression,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
)
from engine.expression.grammar import KEYWORDS
from engine.language import mark
from engine.language.telling import located, message_of, told
from engine.xml import parse_xml


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
        raise DecisionError(
            located(file, told("not a DMN 1.1 to 1.5 file; save it with the decision editor."))
        )
    return name.namespace


class _Reader:
    """Reads one file; knows its name for the errors and its namespace for the elements."""

    def __init__(self, file: str, namespace: str) -> None:
        self.file = file
        self.namespace = namespace

    def error(self, message: str) -> DecisionError:
        return DecisionError(located(self.file, message))

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
            (
                "businessKnowledgeModel",
                mark("business knowledge models are not supported; remove it."),
            ),
            ("decisionService", mark("decision services are not supported; remove it.")),
        ):
            if self.all(root, name):
                raise self.error(told(mend))
        decisions = self.all(root, "decision")
        if len(decisions) != 1:
            raise self.error(
                told(
                    "holds %(count)s decisions; keep one decision in each file.",
                    count=len(decisions),
                )
            )
        decision = decisions[0]
        if not decision.get("id"):
            raise self.error(told("the decision has no id; give it one, like propose_route."))
        if self.all(decision, "informationRequirement"):
            required = decision.find(f".//{{{self.namespace}}}requiredDecision")
            if required is not None:
                raise self.error(told("needs another decision; pass its result as a variable."))
        if len(self.all(decision, "decisionTable")) == 1:
            return decision
        for name, mend in REFUSED.items():
            if self.all(decision, name):
                raise self.error(
                    told("decision %(name)s is %(mend)s.", name=decision.get("id"), mend=told(mend))
                )
        raise self.error(told("decision %(name)s has no table; draw one.", name=decision.get("id")))

    def policy(self, table: etree._Element) -> tuple[str, str]:
        hit_policy, aggregation = table.get("hitPolicy", "UNIQUE"), table.get("aggregation", "")
        if hit_policy not in HIT_POLICIES:
            raise self.error(
                told(
                    "hit policy %(hit_policy)s is not supported; use one of %(listed)s.",
                    hit_policy=hit_policy,
                    listed=", ".join(HIT_POLICIES),
                )
            )
        if aggregation not in AGGREGATIONS or (aggregation and hit_policy != "COLLECT"):
            raise self.error(
                told(
                    "aggregation %(aggregation)s only goes with COLLECT; remove it.",
                    aggregation=aggregation,
                )
            )
        return hit_policy, aggregation

    def language(self, element: etree._Element, place: str) -> None:
        language = element.get("expressionLanguage", "feel")
        if not language.lower().rstrip("/").endswith("feel"):
            raise self.error(
                told(
                    "%(place)s: language %(language)s is not supported; write FEEL.",
                    place=place,
                    language=language,
                )
            )

    def column(self, element: etree._Element, label: str, typed: str, values: str) -> Column:
        if typed not in KINDS:
            raise self.error(
                told(
                    "column %(label)s: type %(typed)s is not known; choose one of the list.",
                    label=label,
                    typed=typed,
                )
            )
        source = self.text(element, values, "text")
        tests = self.unary(source, f"column {label}: values") if source else None
        allowed = listed(tests) if tests else ()
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
            raise self.error(
                told("%(place)s: %(error)s", place=place, error=message_of(error))
            ) from error

    def expression(self, source: str, place: str) -> Expression:
        try:
            return compile_expression(source)
        except ExpressionError as error:
            raise self.error(
                told("%(place)s: %(error)s", place=place, error=message_of(error))
            ) from error

    def input(self, element: etree._Element, number: int) -> Input:
        source = self.text(element, "inputExpression", "text")
        label = element.get("label") or source or f"input {number}"
        if not source:
            raise self.error(
                told(
                    "column %(label)s: has no expression; write the variable it tests.", label=label
                )
            )
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
                told(
                    "column %(label)s: its output name `%(name)s` is not a variable's "
                    "name; use letters, digits and underscores.",
                    label=label,
                    name=name,
                )
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
            raise self.error(
                told(
                    "row %(number)s has not one cell for each column; mend the table.",
                    number=number,
                )
            )
        for cell in (*tests, *values):
            self.language(cell, f"row {number}")
        return Rule(
            id=element.get("id", "") or f"row_{number}",
            number=number,
            tests=tuple(test_cell(self.text(cell, "text")) for cell in tests),
            outputs=tuple(value_cell(self.text(cell, "text")) for cell in values),
            annotations=tuple(self.text(e, "text") for e in self.all(element, "annotationEntry")),
            description=self.text(element, "description"),
        )

    def check(self, table: DecisionTable) -> None:
        """Refuse tables that no evaluation could give a meaning to."""
        if not table.outputs:
            raise self.error(told("the table has no output; add one."))
        if len(table.rules) > MAX_RULES or len(table.inputs) + len(table.outputs) > MAX_COLUMNS:
            raise self.error(
                told(
                    "more than %(max_rules)s rows or %(max_columns)s columns; split the decision.",
                    max_rules=MAX_RULES,
                    max_columns=MAX_COLUMNS,
                )
            )
        names = [column.name for column in table.outputs]
        if len(set(names)) != len(names):
            raise self.error(told("two outputs have the same name; rename one."))
        if table.aggregation and len(names) > 1:
            raise self.error(
                told(
                    "%(aggregation)s needs exactly one output; split the decision.",
                    aggregation=table.aggregation,
                )
            )
        if table.hit_policy == "PRIORITY" and not any(c.column.allowed for c in table.outputs):
            raise self.error(
                told("PRIORITY needs the list of output values, the most important first.")
            )
