"""Evaluates everything that a diagram says, in the FEEL subset and nothing else."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from SpiffWorkflow.bpmn.script_engine import BasePythonScriptEngineEnvironment, PythonScriptEngine

from engine.bpmn.guard import refuse_python
from engine.bpmn.port import Port, Scope
from engine.errors import ExpressionError
from engine.expression import compile_assignments, compile_expression, to_json
from engine.expression.value import ValueRefusedError
from engine.language.telling import located, message_of, told


class _NoEnvironment(BasePythonScriptEngineEnvironment):  # type: ignore[misc]
    """What the library finds where it would look for an evaluator of Python."""

    evaluate = execute = call_service = refuse_python


class Interpreter(PythonScriptEngine):  # type: ignore[misc]
    """The script engine of one running instance: expressions over variables and scope."""

    def __init__(self, port: Port, scope: Scope) -> None:
        super().__init__(_NoEnvironment())
        self.port = port
        self.scope = scope

    validate = refuse_python

    def evaluate(self, task: Any, expression: str, external_context: Any = None) -> Any:
        """Return the JSON value of `expression` over the variables of `task`."""
        del external_context
        return self.value(expression, task.data, place(task))

    def value(
        self, source: str, data: Mapping[str, Any], where: str, now: datetime | None = None
    ) -> Any:
        """Return the JSON value of `source` over `data`; raise ExpressionError naming `where`.

        `now` is another instant than the turn's, for a rule that was first read at that instant.
        """
        scope = self.scope
        try:
            expression = compile_expression(source)
            context = _visible(expression.names, data, scope)
            return to_json(expression.evaluate(context, now=now or scope.now, zone=scope.zone))
        except (ExpressionError, ValueRefusedError) as error:
            raise ExpressionError(located(where, message_of(error))) from error

    def holds(self, task: Any, source: str) -> bool:
        """Return whether a condition is true; null counts as false, other values are refused."""
        verdict = self.evaluate(task, source)
        if verdict is None or isinstance(verdict, bool):
            return bool(verdict)
        raise ExpressionError(
            told(
                "%(place)s: the condition `%(source)s` gives %(verdict)s, not true or false.",
                place=place(task),
                source=source,
                verdict=repr(verdict),
            )
        )

    def execute(self, task: Any, script: str, external_context: Any = None) -> bool:
        """Carry out the assignments of a script task on the variables of `task`."""
        del external_context
        scope = self.scope
        try:
            assignments = compile_assignments(script)
            context = _visible(assignments.names, task.data, scope)
            found = assignments.evaluate(context, now=scope.now, zone=scope.zone)
            task.data.update({name: to_json(value) for name, value in found.items()})
        except (ExpressionError, ValueRefusedError) as error:
            raise ExpressionError(located(place(task), message_of(error))) from error
        return True

    def context(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return all that a decision sees."""
        return {**data, **self.scope.names}


def place(task: Any) -> str:
    """Name the step for a message, such as `action_plan:approve_action_plan`."""
    return f"{task.workflow.spec.name}:{task.task_spec.bpmn_id or task.task_spec.name}"


def _visible(names: frozenset[str], data: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Pick the names that an expression reads; the scope's names cannot be hidden by variables."""
    own = scope.names
    return {
        name: own[name] if name in own else data[name]
        for name in names
        if name in own or name in data
    }
