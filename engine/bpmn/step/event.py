"""Events: where a process starts and ends, waits, and tells."""

from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent as LibraryBoundaryEvent
from SpiffWorkflow.bpmn.specs.defaults import EndEvent as LibraryEndEvent
from SpiffWorkflow.bpmn.specs.defaults import (
    IntermediateCatchEvent as LibraryIntermediateCatchEvent,
)
from SpiffWorkflow.bpmn.specs.defaults import (
    IntermediateThrowEvent as LibraryIntermediateThrowEvent,
)
from SpiffWorkflow.bpmn.specs.defaults import StartEvent as LibraryStartEvent
from SpiffWorkflow.bpmn.specs.event_definitions import (
    MessageEventDefinition,
    NoneEventDefinition,
    TerminateEventDefinition,
)
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.event import RECURRING, arm_timer, throw
from engine.bpmn.step.base import Step


class StartEvent(Step, LibraryStartEvent):  # type: ignore[misc]
    """Starts a process, plainly or by the message that the instance was started with."""

    def starts_with(self, message: str | None) -> bool:
        """Return whether this is the start event for `message`; None means the plain one."""
        definition = self.event_definition
        if message is None:
            return isinstance(definition, NoneEventDefinition)
        return isinstance(definition, MessageEventDefinition) and definition.name == message


class EndEvent(Step, LibraryEndEvent):  # type: ignore[misc]
    """Ends a branch; `terminate` ends its whole process."""

    def _run_hook(self, my_task: Any) -> bool:
        throw(my_task, self.event_definition)
        return True

    @property
    def terminates(self) -> bool:
        """Return whether the whole process ends here."""
        return isinstance(self.event_definition, TerminateEventDefinition)

    def following(self) -> list[Any]:
        """Return the invisible end of the process, unless that is reached at once."""
        return [] if self.terminates else super().following()

    def _on_complete_hook(self, my_task: Any) -> None:
        tree = my_task.workflow
        if tree is tree.top_workflow and self.bpmn_id not in tree.ends:
            tree.ends.append(self.bpmn_id)
        if self.terminates:
            for token in tree.live():
                token.cancel()
            tree._mark_complete(my_task)  # noqa: SLF001


class IntermediateThrowEvent(Step, LibraryIntermediateThrowEvent):  # type: ignore[misc]
    """Tells others, or marks a point that was reached."""

    def _run_hook(self, my_task: Any) -> bool:
        throw(my_task, self.event_definition)
        return True


class IntermediateCatchEvent(Step, LibraryIntermediateCatchEvent):  # type: ignore[misc]
    """Waits for a message, a signal or a point in time."""

    def _update_hook(self, my_task: Any) -> bool:
        my_task._inherit_data()  # noqa: SLF001
        if isinstance(self.event_definition, NoneEventDefinition):
            # Behind an event gateway the library has moved the definition to the gateway.
            return True
        my_task._set_state(TaskState.WAITING)  # noqa: SLF001
        arm_timer(my_task, self.event_definition)
        return False

    def _run_hook(self, my_task: Any) -> bool:
        del my_task
        return True


class BoundaryEvent(Step, LibraryBoundaryEvent):  # type: ignore[misc]
    """Waits beside an activity, and interrupts it or opens a handler next to it."""

    def _update_hook(self, my_task: Any) -> bool:
        my_task._inherit_data()  # noqa: SLF001
        my_task._set_state(TaskState.WAITING)  # noqa: SLF001
        arm_timer(my_task, self.event_definition)
        return False

    def _run_hook(self, my_task: Any) -> bool:
        del my_task
        return True

    def _on_complete_hook(self, my_task: Any) -> None:
        # The library lets a non-interrupting event fire once; here it listens again at once.
        if self.cancel_activity or not isinstance(self.event_definition, RECURRING):
            return
        split = my_task.parent
        host = split.task_spec.host_name
        live = TaskState.NOT_FINISHED_MASK
        if any(child.task_spec.name == host and child.has_state(live) for child in split.children):
            fresh = split._add_child(self)  # noqa: SLF001
            self._update(fresh)
