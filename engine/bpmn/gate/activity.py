"""Refuses activities that lack what they need, or say what would be ignored."""

import re
from collections.abc import Iterator
from typing import Any, Final

from engine.bpmn import subset
from engine.bpmn.gate.scope import BPMN, SPIFF, Refusal, Scope, refuse_expression, text_of
from engine.errors import ExpressionError
from engine.expression import compile_assignments
from engine.language.telling import message_of, told

_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9]*", re.ASCII)


def refuse_activity(scope: Scope, node: Any, kind: str) -> Iterator[Refusal]:
    """Refuse an activity that lacks its script, operator, decision, process or collection."""
    if kind == "scriptTask":
        source = text_of(node, "script")
        if not source:
            yield scope.refuse(node, told("write lines of `name = expression`."))
        else:
            yield from _script(scope, node, source)
    elif kind == "serviceTask":
        yield from _service(scope, node)
    elif kind == "businessRuleTask":
        path = f"{{{BPMN}}}extensionElements/{{{SPIFF}}}calledDecisionId"
        if not (node.findtext(path) or "").strip():
            yield scope.refuse(node, told("choose the decision table."))
    elif kind == "callActivity" and not node.get("calledElement"):
        yield scope.refuse(node, told("choose the process that is called."))
    yield from _repetition(scope, node, kind)


def _service(scope: Scope, node: Any) -> Iterator[Refusal]:
    operator = node.find(f"{{{BPMN}}}extensionElements/{{{SPIFF}}}serviceTaskOperator")
    if operator is None or not operator.get("id"):
        yield scope.refuse(node, told("choose the operator."))
        return
    if operator.get("resultVariable"):
        yield scope.refuse(node, told("remove resultVariable; outputs are merged by their names."))
    for parameter in operator.iter(f"{{{SPIFF}}}parameter"):
        if not parameter.get("id") or not parameter.get("value") or not parameter.get("type"):
            yield scope.refuse(node, told("each parameter has an id, a type and a value."))
        else:
            yield from refuse_expression(scope, node, parameter.get("value"))


def _repetition(scope: Scope, node: Any, kind: str) -> Iterator[Refusal]:
    loop = node.find(f"{{{BPMN}}}standardLoopCharacteristics")
    if loop is not None:
        yield from _loop(scope, node, loop, kind)
    many = node.find(f"{{{BPMN}}}multiInstanceLoopCharacteristics")
    if many is None:
        return
    if kind not in subset.REPEATABLE or loop is not None:
        yield scope.refuse(node, told("only user tasks, call activities and sub-processes repeat."))
    if many.find(f"{{{BPMN}}}loopCardinality") is not None:
        yield scope.refuse(node, told("repeat over a collection, not a number of times."))
    elif not _variable(text_of(many, "loopDataInputRef")) or _item(many, "inputDataItem") is None:
        yield scope.refuse(node, told("name the collection and its item as plain variables."))
    results, result = text_of(many, "loopDataOutputRef"), _item(many, "outputDataItem")
    if (results is None) != (result is None) or (results is not None and not _variable(results)):
        yield scope.refuse(node, told("name both the collection of results and the item in it."))
    yield from _condition(scope, node, text_of(many, "completionCondition"))


def _loop(scope: Scope, node: Any, loop: Any, kind: str) -> Iterator[Refusal]:
    if kind != "userTask":
        yield scope.refuse(node, told("draw the loop with an exclusive gateway."))
    maximum, condition = loop.get("loopMaximum"), text_of(loop, "loopCondition")
    if maximum is None and condition is None:
        yield scope.refuse(node, told("say how often the loop repeats."))
    if maximum is not None and not (maximum.isascii() and maximum.isdigit()):
        yield scope.refuse(node, told("loopMaximum is a number."))
    yield from _condition(scope, node, condition)


def _condition(scope: Scope, node: Any, source: str | None) -> Iterator[Refusal]:
    if source is not None:
        yield from refuse_expression(scope, node, source)


def _variable(name: str | None) -> bool:
    return name is not None and _VARIABLE.fullmatch(name) is not None


def _item(many: Any, part: str) -> str | None:
    item = many.find(f"{{{BPMN}}}{part}")
    name = None if item is None else item.get("id")
    return name if _variable(name) else None


def _script(scope: Scope, node: Any, source: str) -> Iterator[Refusal]:
    try:
        compile_assignments(source)
    except ExpressionError as error:
        yield scope.refuse(node, message_of(error))
