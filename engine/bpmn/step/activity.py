"""Activities: what people do, what operators do, decisions, scripts, and called processes."""

from typing import Any

from SpiffWorkflow.bpmn.specs.event_definitions import ErrorEventDefinition
from SpiffWorkflow.spiff.specs.defaults import BusinessRuleTask as LibraryBusinessRuleTask
from SpiffWorkflow.spiff.specs.defaults import CallActivity as LibraryCallActivity
from SpiffWorkflow.spiff.specs.defaults import ManualTask as LibraryManualTask
from SpiffWorkflow.spiff.specs.defaults import ScriptTask as LibraryScriptTask
from SpiffWorkflow.spiff.specs.defaults import ServiceTask as LibraryServiceTask
from SpiffWorkflow.spiff.specs.defaults import SubWorkflowTask as LibrarySubWorkflowTask
from SpiffWorkflow.spiff.specs.defaults import UserTask as LibraryUserTask
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.event import throw_code
from engine.bpmn.interpreter import place
from engine.bpmn.merge import clone
from engine.bpmn.step.base import Step
from engine.bpmn.variable import clean
from engine.errors import BpmnError, OperatorError
from engine.language import gettext


class UserTask(Step, LibraryUserTask):  # type: ignore[misc]
    """Waits for a person."""


class ManualTask(Step, LibraryManualTask):  # type: ignore[misc]
    """Waits for a person who does something outside the system and says so."""


class ScriptTask(Step, LibraryScriptTask):  # type: ignore[misc]
    """Sets process variables: lines of `name = expression`."""

    def _run_hook(self, my_task: Any) -> bool:
        done: bool = my_task.workflow.script_engine.execute(my_task, self.script)
        return done


class BusinessRuleTask(Step, LibraryBusinessRuleTask):  # type: ignore[misc]
    """Asks a decision table and merges its outputs into the process variables."""

    def _run_hook(self, my_task: Any) -> bool:
        engine = my_task.workflow.script_engine
        # The parser keeps the id of the decision where the library keeps its own evaluator.
        found = engine.port.decide(self.dmnEngine, engine.context(my_task.data))
        my_task.data.update(clean(found, engine.scope.names, what=place(my_task)))
        return True


class ServiceTask(Step, LibraryServiceTask):  # type: ignore[misc]
    """Calls an operator, in the turn or as an effect after it."""

    def _run_hook(self, my_task: Any) -> bool | None:
        engine = my_task.workflow.script_engine
        inputs = {
            name: engine.evaluate(my_task, parameter["value"])
            for name, parameter in self.operation_params.items()
        }
        if engine.port.is_deferred(self.operation_name):
            my_task.internal_data["inputs"] = inputs
            return None
        try:
            outputs = engine.port.call_operator(self.operation_name, inputs)
        except BpmnError as error:
            self.fail(my_task, error)
            return None
        self.accept(my_task, outputs)
        return True

    def accept(self, my_task: Any, outputs: dict[str, Any]) -> None:
        """Merge the operator's outputs into the process variables."""
        names = my_task.workflow.script_engine.scope.names
        my_task.data.update(clean(outputs, names, what=place(my_task)))

    def fail(self, my_task: Any, error: BpmnError) -> None:
        """Let the diagram catch a modelled problem; raise OperatorError when it does not."""
        if not throw_code(my_task, error.code, ErrorEventDefinition):
            raise OperatorError(
                gettext(
                    "%(place)s: nobody catches the error %(error)s of the operator %(operator)s; "
                    "draw an error boundary event.",
                    place=place(my_task),
                    error=repr(error.code),
                    operator=self.operation_name,
                ),
                retryable=False,
            ) from error


class _Calling(Step):
    """Runs another process inside the step."""

    def _update_hook(self, my_task: Any) -> bool:
        my_task._inherit_data()  # noqa: SLF001
        tree = my_task.workflow.top_workflow.create_subprocess(my_task, self.spec)
        tree.plant().data = clone(my_task.data)
        my_task._set_state(TaskState.STARTED)  # noqa: SLF001
        return False

    def _on_cancel(self, my_task: Any) -> None:
        my_task.workflow.top_workflow.discard(my_task)


class CallActivity(_Calling, LibraryCallActivity):  # type: ignore[misc]
    """Runs the process of another diagram."""


class SubProcess(_Calling, LibrarySubWorkflowTask):  # type: ignore[misc]
    """Runs the steps drawn inside it."""
