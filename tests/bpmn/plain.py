"""Runs a diagram on the plain library, unpruned and never stored, as something to compare with."""

import warnings
from typing import Any

from lxml import etree
from SpiffWorkflow.bpmn import BpmnEvent
from SpiffWorkflow.bpmn.script_engine import BasePythonScriptEngineEnvironment, PythonScriptEngine
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.spiff.parser import SpiffBpmnParser
from SpiffWorkflow.spiff.specs.event_definitions import MessageEventDefinition
from SpiffWorkflow.util.task import TaskState

from engine.expression import compile_assignments, compile_expression


class _Feel(BasePythonScriptEngineEnvironment):  # type: ignore[misc]
    def evaluate(self, expression: str, context: Any, external_context: Any = None) -> Any:
        del external_context
        return compile_expression(expression).evaluate(context)

    def execute(self, script: str, context: Any, external_context: Any = None) -> bool:
        del external_context
        context.update(compile_assignments(script).evaluate(context))
        return True


class Plain:
    """One run of a diagram on the library as it is shipped."""

    def __init__(self, content: bytes) -> None:
        parser = SpiffBpmnParser()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parser.add_bpmn_xml(etree.fromstring(content))
            spec, specs = parser.get_spec("main"), parser.get_subprocess_specs("main")
        self.workflow = BpmnWorkflow(spec, specs, script_engine=PythonScriptEngine(_Feel()))
        self.workflow.do_engine_steps()

    def _open(self) -> list[Any]:
        return [
            task for task in self.workflow.get_tasks(state=TaskState.READY) if task.task_spec.manual
        ]

    def _name(self, task: Any) -> str:
        key = task.internal_data.get("key_or_index")
        return str(task.task_spec.bpmn_id) + (f"[{key}]" if key is not None else "")

    @property
    def owed(self) -> list[str]:
        return sorted(map(self._name, self._open()))

    @property
    def awaited(self) -> set[str]:
        found: set[str] = set()
        for task in self.workflow.get_tasks(state=TaskState.WAITING):
            definition = getattr(task.task_spec, "event_definition", None)
            for one in getattr(definition, "event_definitions", [definition]):
                if isinstance(one, MessageEventDefinition):
                    found.add(one.name)
        return found

    @property
    def completed(self) -> bool:
        return bool(self.workflow.completed)

    def complete(self, owed: str, data: dict[str, Any]) -> None:
        task = next(task for task in self._open() if self._name(task) == owed)
        task.data.update(data)
        task.run()
        self.workflow.do_engine_steps()

    def deliver(self, name: str) -> None:
        self.workflow.send_event(BpmnEvent(MessageEventDefinition(name), {}))
        self.workflow.do_engine_steps()
