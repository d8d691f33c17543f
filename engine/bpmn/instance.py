"""Runs one process instance: load, one stimulus, engine steps, dump. Then it is discarded."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from SpiffWorkflow.bpmn.specs.event_definitions import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition
from SpiffWorkflow.util.task import TaskState

from engine.bpmn import codec
from engine.bpmn.event import definitions, fire, rearm_timer
from engine.bpmn.interpreter import Interpreter, place
from engine.bpmn.journal import Flow, Step, item_of, path_of
from engine.bpmn.merge import clone, combine
from engine.bpmn.port import Port, Scope
from engine.bpmn.program import Program
from engine.bpmn.prune import prune
from engine.bpmn.step.activity import ServiceTask
from engine.bpmn.step.event import BoundaryEvent
from engine.bpmn.token import LIVE, InstanceTree, frame_of, parting
from engine.bpmn.variable import clean
from engine.bpmn.view import Effect, Place, SentMessage, UserTask, WaitingTimer
from engine.errors import BpmnError, ConflictError, EngineStoppedError, InputError
from engine.language.telling import series, told

BUDGET: Final = 2_000
_PRUNE_EVERY: Final = 100


class Instance:
    """One process instance for the length of one turn.

    After any exception the object must be thrown away and the stored state loaded again.
    """

    def __init__(self, program: Program, port: Port, scope: Scope) -> None:
        if scope.now.tzinfo is None:
            raise ValueError("A scope's instant is aware, in UTC.")
        self.program = program
        self._scope = scope
        engine = Interpreter(port, scope)
        self._tree = InstanceTree(program.spec, program.specs, engine, program.names)
        self.loaded = b""
        """The state that was loaded; one in which nothing ran since is stored again by it."""

    @classmethod
    def start(
        cls,
        program: Program,
        port: Port,
        scope: Scope,
        *,
        message: str | None = None,
        data: Mapping[str, Any],
    ) -> "Instance":
        """Start the process by a message start event, or by the plain one (`message` is None)."""
        if message not in program.start_messages:
            plain = told("a plain start")
            known = series(sorted(name or plain for name in program.start_messages))
            raise InputError(
                told(
                    "%(process)s is not started by %(start)s; it starts by %(known)s.",
                    process=program.process_id,
                    start=message or plain,
                    known=known,
                )
            )
        instance = cls(program, port, scope)
        instance._tree.start_message = message
        instance._tree.plant().data = clean(data, scope.names)
        return instance

    @classmethod
    def load(cls, program: Program, blob: bytes, port: Port, scope: Scope) -> "Instance":
        """Read a stored state; raise StateError when it is not exactly this program's."""
        instance = cls(program, port, scope)
        codec.load(blob, program.key, program.process_id, instance._tree)
        instance.loaded = blob
        return instance

    def dump(self) -> bytes:
        """Return the state: what is live and its data, without specification and history."""
        prune(self._tree)
        return codec.dump(self._tree, self.program.key, self.program.process_id)

    # -- stimuli -----------------------------------------------------------------------------------

    def complete(self, token: str, data: Mapping[str, Any]) -> None:
        """Complete an open user task with the form's `process` fields.

        Raises InputError for data that may not be stored, ConflictError when the task is no
        longer open.
        """
        step = self._tree.find(token)
        if step is None or not _is_open(step):
            raise ConflictError(told("This step is no longer open."))
        values = clean(data, self._scope.names, what=place(step))
        frame = frame_of(step)
        result = None if frame is None else getattr(frame.task_spec, "output_item", None)
        if result is not None:
            # A variable of the same name from an earlier step is no answer.
            values.setdefault(result.bpmn_id, None)
        step.data.update(values)
        step.run()

    def deliver(self, message: str, payload: Mapping[str, Any]) -> bool:
        """Give a message to all steps that wait for it; return False when none does."""
        values = clean(payload, self._scope.names, what=f"message {message}")
        caught = False
        for waiting in self._tree.waiting():
            for definition, spec in definitions(waiting):
                if _is_message(definition) and definition.name == message:
                    fire(waiting, definition, spec, values)
                    caught = True
                    break
        return caught

    def confirm(self, token: str, outputs: Mapping[str, Any]) -> None:
        """Complete a service task whose effect has been done; raise ConflictError when closed."""
        step = self._effect(token)
        step.task_spec.accept(step, dict(outputs))
        step.internal_data.pop("inputs")
        step.complete()

    def fail(self, token: str, code: str) -> None:
        """Let the diagram catch error `code` of an effect; raise OperatorError if it does not."""
        step = self._effect(token)
        step.task_spec.fail(step, BpmnError(code))

    def amend(self, data: Mapping[str, Any]) -> None:
        """Set process variables in all open steps, because the case file changed.

        Steps carry their own copy of the variables; this is how a changed due date reaches a
        timer that already waits.
        """
        values = clean(data, self._scope.names)
        for tree in self._tree.trees():
            for step in tree.tasks.values():
                step.data.update(clone(values))

    def _effect(self, token: str) -> Any:
        step = self._tree.find(token)
        if step is None or not _is_effect(step):
            raise ConflictError(told("This effect is no longer awaited."))
        return step

    # -- running -----------------------------------------------------------------------------------

    def advance(self, budget: int = BUDGET) -> None:
        """Run until only user tasks, waits and open effects are left; due timers fire in order.

        Raises EngineStoppedError after `budget` engine steps, and whatever an operator or
        expression raises.
        """
        left = budget
        while True:
            while (step := self._next()) is not None:
                left -= 1
                if left < 0:
                    raise EngineStoppedError(
                        told(
                            "%(place)s: more than %(budget)s automatic steps in one turn; the "
                            "diagram runs in a circle.",
                            place=place(step),
                            budget=budget,
                        )
                    )
                step.run()
                if left % _PRUNE_EVERY == 0:
                    prune(self._tree)
            if not self._fire_timer():
                return

    def _next(self) -> Any | None:
        """Return the next automatic step: interrupts first, then the innermost process."""
        found = None
        for tree in self._tree.trees():
            for step in tree.tasks.values():
                if step._state == TaskState.READY and not step.task_spec.manual:  # noqa: SLF001
                    if isinstance(step.task_spec, BoundaryEvent):
                        return step
                    if found is None or tree.depth > found.workflow.depth:
                        found = step
        return found

    def _fire_timer(self) -> bool:
        """Fire the timer that has been due the longest, if any is."""
        earliest: tuple[datetime, Any, Any, Any] | None = None
        for step, definition, spec in self._timers():
            rearm_timer(step, definition)
            due = datetime.fromisoformat(step.internal_data["timer"][2])
            if due <= self._scope.now and (earliest is None or due < earliest[0]):
                earliest = (due, step, definition, spec)
        if earliest is None:
            return False
        fire(*earliest[1:])
        return True

    def _timers(self) -> Iterator[tuple[Any, Any, Any]]:
        for step in self._tree.waiting():
            if "timer" in step.internal_data:
                for definition, spec in definitions(step):
                    if isinstance(definition, TimerEventDefinition):
                        yield step, definition, spec

    # -- what it shows -----------------------------------------------------------------------------

    def user_tasks(self) -> list[UserTask]:
        """Return the open user tasks."""
        return [
            UserTask(data=clone(step.data), item=item_of(step), **self._drawn(step))
            for step in self._open()
            if _is_open(step)
        ]

    def timers(self) -> list[WaitingTimer]:
        """Return the waiting timers with their due instants in UTC."""
        found = []
        for step, _, spec in self._timers():
            rule, _, due = step.internal_data["timer"]
            drawn = {**self._drawn(step), "element_id": spec.bpmn_id}
            found.append(WaitingTimer(due_at=datetime.fromisoformat(due), rule=rule, **drawn))
        return found

    def awaited_messages(self) -> frozenset[str]:
        """Return the names of the messages that would be delivered now."""
        return frozenset(
            definition.name
            for step in self._tree.waiting()
            for definition, _ in definitions(step)
            if _is_message(definition)
        )

    def effects(self) -> list[Effect]:
        """Return the service tasks whose effect is not confirmed yet."""
        return [
            Effect(
                operator=step.task_spec.operation_name,
                inputs=clone(step.internal_data["inputs"]),
                **self._drawn(step),
            )
            for step in self._open()
            if _is_effect(step)
        ]

    def active(self) -> list[Place]:
        """Return the drawn elements that are active, call activities and sub-processes included."""
        return [
            Place(**self._drawn(step))
            for step in self._open()
            if step.task_spec.bpmn_id is not None
            and not step.task_spec.repeats
            and not isinstance(step.task_spec, BoundaryEvent)
        ]

    def steps(self) -> list[Step]:
        """Return what was completed and cancelled since the instance was loaded, in order."""
        return list(self._tree.journal.steps)

    def flows(self) -> list[Flow]:
        """Return the sequence flows taken since the instance was loaded, in order."""
        return list(self._tree.journal.flows)

    def sent(self) -> list[SentMessage]:
        """Return the messages thrown since the load that nobody in the instance waited for."""
        return [SentMessage(name, data) for name, data in self._tree.sent]

    def variables(self) -> dict[str, Any]:
        """Return the process variables of the top process, changes of all its branches united."""
        if self.completed:
            final: dict[str, Any] = clone(self._tree.data)
            return final
        live = sorted(self._tree.live(), key=lambda step: step.last_state_change)
        return combine(parting(live).data, [step.data for step in live])

    @property
    def completed(self) -> bool:
        """Return whether the top process has ended."""
        done: bool = self._tree.completed
        return done

    @property
    def end_events(self) -> tuple[str, ...]:
        """Return the end events reached in the top process, in order, each once."""
        return tuple(self._tree.ends)

    def _open(self) -> Iterator[Any]:
        for tree in self._tree.trees():
            for step in tree.tasks.values():
                if step._state & LIVE:  # noqa: SLF001
                    yield step

    def _drawn(self, step: Any) -> dict[str, Any]:
        return {
            "token": step.id.hex,
            "element_id": step.task_spec.bpmn_id,
            "process_id": self.program.names.process_of[step.workflow.spec.name],
            "path": path_of(step),
        }


def _is_open(step: Any) -> bool:
    return step._state == TaskState.READY and bool(step.task_spec.manual)  # noqa: SLF001


def _is_effect(step: Any) -> bool:
    started = step._state == TaskState.STARTED  # noqa: SLF001
    return started and isinstance(step.task_spec, ServiceTask) and "inputs" in step.internal_data


def _is_message(definition: Any) -> bool:
    return isinstance(definition, MessageEventDefinition)
