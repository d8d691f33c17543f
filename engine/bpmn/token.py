"""Holds the running steps: the library's tree of tasks, kept to what is live.

The library predicts every step that may follow, doubling with each parallel block, and looks
for work by walking that tree to a fixed depth. Here a step creates its followers when it is
completed, so that the tree is the marking, its ancestors, and nothing else.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

from SpiffWorkflow.bpmn.util.subworkflow import BpmnBaseWorkflow, BpmnSubWorkflow
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.interpreter import Interpreter
from engine.bpmn.journal import Journal
from engine.bpmn.merge import clone

LIVE: int = TaskState.NOT_FINISHED_MASK
ENTERED: int = TaskState.READY | TaskState.WAITING | TaskState.STARTED


class Token(Task):  # type: ignore[misc]
    """One step of a running instance."""

    _state: int
    data: dict[str, Any]

    def _add_child(self, task_spec: Any, state: int = TaskState.FUTURE) -> "Token":
        return Token(self.workflow, task_spec, self, state=state)

    def _set_state(self, value: int) -> None:
        # Without the library's log record, which costs more than the step and carries its data.
        if value != self._state:
            self._state = value
            self.last_state_change = self.workflow.top_workflow.tick()

    def _inherit_data(self) -> None:
        # The library shares nested values between steps, so that a later one rewrites history.
        self.data = {**clone(self.parent.data), **self.data}

    def _ready(self) -> None:
        self._set_state(TaskState.READY)

    def complete(self) -> None:
        """Finish the step and create those that follow."""
        self._set_state(TaskState.COMPLETED)
        self.workflow.top_workflow.journal.complete(self)
        self.task_spec._on_complete(self)  # noqa: SLF001 - the library's own protocol

    def cancel(self) -> None:
        """Withdraw the step, and before it whatever runs inside it."""
        if self.has_state(TaskState.FINISHED_MASK):
            return
        entered = self.has_state(ENTERED)
        for child in self.children:
            child.cancel()
        self.task_spec._on_cancel(self)  # noqa: SLF001
        self._set_state(TaskState.CANCELLED)
        if entered:
            self.workflow.top_workflow.journal.cancel(self)


def lineage(token: Any) -> Iterator[Any]:
    """Yield the step and its ancestors."""
    while token is not None:
        yield token
        token = token.parent


def frame_of(token: Any) -> Any | None:
    """Return the multi-instance or loop step that `token` is one round of, or None."""
    parent = token.parent
    if parent is None or not parent.task_spec.repeats:
        return None
    # The step that follows a finished loop has it as parent, too.
    return parent if parent.has_state(LIVE) else None


def parting(tokens: Iterable[Any]) -> Any:
    """Return the step where the ways of `tokens` parted: their nearest common ancestor."""
    first, *others = tokens
    ways = [{step.id for step in lineage(token)} for token in others]
    return next(step for step in lineage(first) if all(step.id in way for way in ways))


class _Tree(BpmnBaseWorkflow):  # type: ignore[misc]
    """What the whole instance and each called process in it have in common."""

    def plant(self) -> Token:
        """Create the root step."""
        self.task_tree = Token(self, self.spec.start, state=TaskState.FUTURE)
        self.task_tree._ready()  # noqa: SLF001
        return self.task_tree

    def live(self) -> list[Any]:
        """Return the steps that are not finished."""
        return [token for token in self.tasks.values() if token._state & LIVE]  # noqa: SLF001

    def _task_completed_notify(self, task: Any) -> None:
        self.last_task = task
        if task.task_spec.name == "End":
            self._mark_complete(task)
        if self.completed:
            self.finish()
        else:
            for token in list(self.tasks.values()):
                if token._state == TaskState.WAITING and token.task_spec.rechecks:  # noqa: SLF001
                    token.task_spec._update(token)  # noqa: SLF001

    def _mark_complete(self, task: Any) -> None:
        self.data = clone(task.data)
        self.completed = True

    def finish(self) -> None:
        """React to the end of this process."""


class SubTree(_Tree, BpmnSubWorkflow):  # type: ignore[misc]
    """A called process or embedded sub-process, as long as it is active."""

    def __init__(self, spec: Any, host: Any, top: "InstanceTree") -> None:
        self.host = host
        self.parent_task_id = host.id
        self.top_workflow = top
        self.correlations: dict[str, Any] = {}
        self.depth = host.workflow.depth + 1
        BpmnBaseWorkflow.__init__(self, spec, deserializing=True)

    @property
    def parent_workflow(self) -> Any:
        """Return the process that the host stands in."""
        return self.host.workflow

    def finish(self) -> None:
        """Give the data to the host, which then completes."""
        self.top_workflow.subprocesses.pop(self.host.id, None)
        self.host.data = clone(self.last_task.data)
        self.host._ready()  # noqa: SLF001


class InstanceTree(_Tree, BpmnWorkflow):  # type: ignore[misc]
    """The whole running instance."""

    host = None
    """Nothing called it; each called process has its caller here."""

    def __init__(self, spec: Any, specs: dict[str, Any], engine: Interpreter, names: Any) -> None:
        self._ticks = count(1)
        super().__init__(spec, specs, script_engine=engine, deserializing=True)
        self.journal = Journal(names)
        self.start_message: str | None = None
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self.ends: list[str] = []

    def tick(self) -> int:
        """Return the number of this change of state, which orders branches by their arrival."""
        return next(self._ticks)

    def count_from(self, number: int) -> None:
        """Go on after the changes that a stored state knows."""
        self._ticks = count(number)

    def trees(self) -> list[Any]:
        """Return the top process and all active processes in it, outermost first."""
        return [self, *sorted(self.subprocesses.values(), key=lambda tree: tree.depth)]

    def create_subprocess(self, my_task: Any, spec_name: str) -> SubTree:
        """Open the process called by `my_task`."""
        tree = SubTree(self.subprocess_specs[spec_name], my_task, self)
        self.subprocesses[my_task.id] = tree
        return tree

    def discard(self, host: Any) -> None:
        """Withdraw everything inside `host`, however deep (the library leaves orphans)."""
        tree = self.subprocesses.pop(host.id, None)
        if tree is None:
            return
        for token in tree.live():
            token.cancel()
        tree.completed = True

    def waiting(self) -> Iterator[Any]:
        """Yield the waiting steps of all active processes."""
        for tree in self.trees():
            for token in list(tree.tasks.values()):
                if token._state == TaskState.WAITING:  # noqa: SLF001
                    yield token

    def catch(self, event: Any) -> None:
        """Refuse the library's broadcast: events are thrown by our own definitions."""
        raise NotImplementedError(type(event.event_definition).__name__)

    def find(self, token: str) -> Any | None:
        """Return the live step called `token`, or None."""
        for tree in self.trees():
            for step in tree.tasks.values():
                if step.id.hex == token and step._state & LIVE:  # noqa: SLF001
                    return step
        return None


def breadth_first(tree: Any) -> Iterator[Any]:
    """Yield the steps of one process, parents before children."""
    pending = deque([tree.task_tree])
    while pending:
        step = pending.popleft()
        yield step
        pending.extend(tree.tasks[child] for child in step._children)  # noqa: SLF001
