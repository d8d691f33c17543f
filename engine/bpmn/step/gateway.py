"""Gateways: one way, all ways, some ways, or the way of the event that comes first."""

from typing import Any

from SpiffWorkflow.bpmn.specs.defaults import BoundaryEvent as LibraryBoundaryEvent
from SpiffWorkflow.bpmn.specs.defaults import (
    EventBasedGateway as LibraryEventBasedGateway,
)
from SpiffWorkflow.bpmn.specs.defaults import (
    ExclusiveGateway as LibraryExclusiveGateway,
)
from SpiffWorkflow.bpmn.specs.defaults import (
    InclusiveGateway as LibraryInclusiveGateway,
)
from SpiffWorkflow.bpmn.specs.defaults import (
    ParallelGateway as LibraryParallelGateway,
)
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.event import arm_timer
from engine.bpmn.interpreter import place
from engine.bpmn.merge import combine
from engine.bpmn.step.base import Step
from engine.bpmn.token import parting
from engine.errors import ExpressionError
from engine.language.telling import told


class ExclusiveGateway(Step, LibraryExclusiveGateway):  # type: ignore[misc]
    """Takes the first way whose condition is true, else the default flow."""

    chooses = True

    def test(self) -> None:
        """Accept every gateway that was read: the diagram was checked before."""

    def _run_hook(self, my_task: Any) -> bool:
        engine = my_task.workflow.script_engine
        chosen = self.default_task_spec
        for condition, name in self.cond_task_specs:
            if condition is not None and engine.holds(my_task, condition.args[0]):
                chosen = name
                break
        if chosen is None:
            raise ExpressionError(
                told("%(place)s: no condition is true; draw a default flow.", place=place(my_task))
            )
        my_task._add_child(self._wf_spec.task_specs[chosen])  # noqa: SLF001
        return True


class ParallelGateway(Step, LibraryParallelGateway):  # type: ignore[misc]
    """Waits for one arrival on each incoming flow, then takes all ways.

    The library looks for arrivals in the whole tree and counts those of an earlier round of a
    loop; here an arrival is a waiting step, and is used up when the gateway opens.
    """

    def _update_hook(self, my_task: Any) -> bool:
        my_task._inherit_data()  # noqa: SLF001
        if len(self._arrived(my_task)) < len(self._inputs):
            my_task._set_state(TaskState.WAITING)  # noqa: SLF001
            return False
        return True

    def _arrived(self, my_task: Any) -> list[Any]:
        """Return one arrival for each incoming flow, earliest first; `my_task` is among them."""
        found = {my_task.parent.task_spec.name: my_task}
        for token in arrivals(my_task):
            found.setdefault(token.parent.task_spec.name, token)
        return sorted(found.values(), key=lambda token: (token is my_task, _order(token)))

    def _run_hook(self, my_task: Any) -> bool:
        join(my_task, self._arrived(my_task))
        return True


class InclusiveGateway(Step, LibraryInclusiveGateway):  # type: ignore[misc]
    """Waits for every branch that can still arrive, then takes each way whose condition holds."""

    rechecks = True
    chooses = True

    def _update_hook(self, my_task: Any) -> bool:
        if my_task._state == TaskState.FUTURE:  # noqa: SLF001
            my_task._inherit_data()  # noqa: SLF001
        # The latest arrival opens the gateway, so that its changes count where two contradict.
        later = any(_order(token) > _order(my_task) for token in arrivals(my_task))
        if later or self._expects_more(my_task):
            my_task._set_state(TaskState.WAITING)  # noqa: SLF001
            return False
        return True

    def _expects_more(self, my_task: Any) -> bool:
        """Return whether a live step can reach an incoming flow on which nothing has arrived.

        A step that can as well reach a flow where something has arrived does not count (BPMN 2.0,
        13.4.3).
        """
        arrived = {token.parent.task_spec.name for token in [*arrivals(my_task), my_task]}
        if any(token._state == TaskState.READY for token in _same(my_task)):  # noqa: SLF001
            return True
        empty = [name for name in self._inputs if name not in arrived]
        filled = [name for name in self._inputs if name in arrived]
        for token in my_task.workflow.live():
            spec = token.task_spec
            waiting_event = token.has_state(TaskState.WAITING) and isinstance(
                spec, LibraryBoundaryEvent
            )
            if spec is self or waiting_event:
                continue
            if self._reaches(spec, empty) and not self._reaches(spec, filled):
                return True
        return False

    def _reaches(self, spec: Any, targets: list[str]) -> bool:
        """Return whether a way leads from `spec` to one of `targets` without passing here."""
        names = {spec.name}
        split = self._wf_spec.task_specs.get(f"{spec.name}.BoundaryEventSplit")
        pending = [spec] if split is None else [spec, split]
        while pending:
            for follower in pending.pop().outputs:
                if follower is not self and follower.name not in names:
                    names.add(follower.name)
                    pending.append(follower)
        return not names.isdisjoint(targets)

    def _run_hook(self, my_task: Any) -> bool:
        found = [*sorted(arrivals(my_task), key=_order), my_task]
        join(my_task, found)
        engine = my_task.workflow.script_engine
        chosen = [
            name
            for condition, name in self.cond_task_specs
            if condition is not None and engine.holds(my_task, condition.args[0])
        ] or [name for condition, name in self.cond_task_specs if condition is None]
        if not chosen:
            raise ExpressionError(
                told("%(place)s: no condition is true; draw a default flow.", place=place(my_task))
            )
        for name in chosen:
            my_task._add_child(self._wf_spec.task_specs[name])  # noqa: SLF001
        return True

    def test(self) -> None:
        """Accept every gateway that was read: the diagram was checked before."""


class EventBasedGateway(Step, LibraryEventBasedGateway):  # type: ignore[misc]
    """Waits for several events and goes on with the one that comes first."""

    chooses = True

    def _update_hook(self, my_task: Any) -> bool:
        my_task._inherit_data()  # noqa: SLF001
        my_task._set_state(TaskState.WAITING)  # noqa: SLF001
        for definition, _ in self.choices():
            arm_timer(my_task, definition)
        return False

    def choices(self) -> list[tuple[Any, Any]]:
        """Return the event definitions with the events they stand for."""
        # The library moves the definitions from the events to the gateway, in the same order.
        return list(zip(self.event_definition.event_definitions, self.outputs, strict=True))

    def _run_hook(self, my_task: Any) -> bool:
        name = my_task.internal_data.pop("chosen")
        my_task._add_child(self._wf_spec.task_specs[name])  # noqa: SLF001
        return True


def arrivals(my_task: Any) -> list[Any]:
    """Return the other steps that wait at the same gateway."""
    return [token for token in _same(my_task) if token._state == TaskState.WAITING]  # noqa: SLF001


def _same(my_task: Any) -> list[Any]:
    return [
        token
        for token in my_task.workflow.live()
        if token.task_spec is my_task.task_spec and token is not my_task
    ]


def _order(token: Any) -> int:
    order: int = token.last_state_change
    return order


def join(my_task: Any, found: list[Any]) -> None:
    """Unite the branches `found` in `my_task` and use up the other arrivals."""
    if len(found) > 1:
        my_task.data = combine(parting(found).data, [token.data for token in found])
    for token in found:
        if token is not my_task:
            my_task.workflow._remove_task(token.id)  # noqa: SLF001
