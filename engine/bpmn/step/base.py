"""What all steps have in common: nothing is predicted, followers come when a step completes."""

from typing import Any

from SpiffWorkflow.bpmn.specs.control import (
    BoundaryEventJoin,
    BoundaryEventSplit,
    BpmnStartTask,
    SimpleBpmnTask,
    StartEventJoin,
    StartEventSplit,
    _EndJoin,
)
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.merge import combine
from engine.bpmn.token import frame_of, parting

_NEVER = (BoundaryEventJoin, StartEventJoin)
"""Library steps that only cancel; here the host and its boundary events do that themselves."""


class Step(TaskSpec):  # type: ignore[misc]
    """Stands before a class of the library and replaces its protocol between steps."""

    rechecks = False
    """Whether a waiting step looks again when any other step of its process completes."""
    repeats = False
    """Whether it is the frame around the steps of a loop or multi-instance."""
    chooses = False
    """Whether the step creates its followers itself."""

    @property
    def drawn_id(self) -> str | None:
        """Return the id of the drawn element that this step belongs to."""
        element: str | None = self.bpmn_id
        return element

    def _predict(
        self, my_task: Any, seen: Any = None, looked_ahead: int = 0, mask: int = 0
    ) -> None:
        """Predict nothing: the library's prediction doubles with each parallel block."""

    def _on_ready(self, my_task: Any) -> None:
        """Do nothing: what the library checks here was checked when the diagram was read."""

    def _on_cancel(self, my_task: Any) -> None:
        """Do nothing by default."""

    def _on_error(self, my_task: Any) -> None:
        """Do nothing: the caller discards the whole turn."""

    def _update(self, my_task: Any) -> None:
        if self._update_hook(my_task):
            my_task._ready()  # noqa: SLF001

    def _update_hook(self, my_task: Any) -> bool:
        my_task._inherit_data()  # noqa: SLF001
        return True

    def _run_hook(self, my_task: Any) -> bool | None:
        del my_task
        return True

    def _on_complete_hook(self, my_task: Any) -> None:
        """React to the completion before the following steps are created."""

    def following(self) -> list[Any]:
        """Return the specifications of the steps that follow."""
        return [spec for spec in self.outputs if not isinstance(spec, _NEVER)]

    def _on_complete(self, my_task: Any) -> None:
        leave_host(my_task)
        frame = frame_of(my_task)
        if frame is not None:
            frame.task_spec.merge_child(my_task.workflow, my_task)
        self._on_complete_hook(my_task)
        if not self.chooses:
            for spec in self.following():
                my_task._add_child(spec)  # noqa: SLF001
        journal = my_task.workflow.top_workflow.journal
        for child in my_task.children:
            if child._state == TaskState.FUTURE:  # noqa: SLF001
                journal.take(my_task, child.task_spec)
                child.task_spec._update(child)  # noqa: SLF001
        my_task.workflow._task_completed_notify(my_task)  # noqa: SLF001


def leave_host(my_task: Any) -> None:
    """Withdraw what ends with `my_task`: its boundary events, or the host that it interrupts."""
    split = my_task.parent
    if split is None or not isinstance(split.task_spec, BoundarySplit):
        return
    spec = my_task.task_spec
    if spec.name != split.task_spec.host_name and not getattr(spec, "cancel_activity", False):
        return
    for other in split.children:
        if other is my_task or other.task_spec.name not in split.task_spec.drawn_names:
            continue
        # A non-interrupting event that has already fired still opens its handler.
        if other.has_state(TaskState.READY) and not getattr(
            other.task_spec, "cancel_activity", True
        ):
            continue
        other.cancel()


class Root(Step, BpmnStartTask):  # type: ignore[misc]
    """The invisible step before the start events."""


class Plain(Step, SimpleBpmnTask):  # type: ignore[misc]
    """The invisible step after the end of a process."""


class StartSplit(Step, StartEventSplit):  # type: ignore[misc]
    """The invisible step that chooses among several start events."""

    chooses = True

    def _run_hook(self, my_task: Any) -> bool:
        message = my_task.workflow.top_workflow.start_message
        chosen = next(spec for spec in self.outputs if spec.starts_with(message))
        my_task._add_child(chosen)  # noqa: SLF001
        return True


class BoundarySplit(Step, BoundaryEventSplit):  # type: ignore[misc]
    """The invisible step that opens an activity together with its boundary events."""

    @property
    def host_name(self) -> str:
        """Return the name of the activity; the parser connects it first."""
        name: str = self._outputs[0]
        return name

    @property
    def drawn_names(self) -> list[str]:
        """Return the names of the activity and of its boundary events."""
        names: list[str] = self._outputs
        return names

    @property
    def drawn_id(self) -> str | None:
        """Return the id of the activity."""
        element: str | None = self.outputs[0].bpmn_id
        return element


class EndJoin(Step, _EndJoin):  # type: ignore[misc]
    """The invisible step at the end of a process, which waits until nothing else is live."""

    rechecks = True

    def _update_hook(self, my_task: Any) -> bool:
        tree = my_task.workflow
        if my_task._state == TaskState.FUTURE:  # noqa: SLF001
            my_task._inherit_data()  # noqa: SLF001
            for earlier in _others(my_task):
                # Branches that ended earlier are folded in, so that the state stays flat however
                # many handlers have come and gone.
                base = parting([earlier, my_task]).data
                my_task.data = combine(base, [earlier.data, my_task.data])
                tree._remove_task(earlier.id)  # noqa: SLF001
        if any(token is not my_task for token in tree.live()):
            my_task._set_state(TaskState.WAITING)  # noqa: SLF001
            return False
        return True


def _others(my_task: Any) -> list[Any]:
    return [
        token
        for token in my_task.workflow.live()
        if token.task_spec is my_task.task_spec and token is not my_task
    ]
