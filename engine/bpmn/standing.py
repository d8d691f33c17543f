"""Where a running instance stands, as a marking: for the proof, which compares it with its own.

Also lets one timer come whatever its instant, since a proof looks at the order of events and not
at their dates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from SpiffWorkflow.bpmn.specs.control import BoundaryEventSplit
from SpiffWorkflow.util.task import TaskState

from engine.bpmn.event import definitions, fire
from engine.bpmn.instance import Instance
from engine.bpmn.journal import Journal
from engine.bpmn.merge import clone
from engine.bpmn.step.base import EndJoin
from engine.bpmn.step.event import BoundaryEvent
from engine.bpmn.token import frame_of, lineage, parting
from engine.errors import ConflictError
from engine.language.telling import told


@dataclass(frozen=True)
class Standing:
    """One live step with its variables."""

    element_id: str
    state: str
    """`READY`, `WAITING` or `STARTED`."""
    data: Mapping[str, Any]
    left: int | None
    """How many entries of a repeated step are not done; None for any other step."""
    listening: Mapping[str, Mapping[str, Any]]
    """The events on its border that wait, by element, with the variables they begin with."""
    inner: "Level | None"
    """What runs inside it; of a repeated call, inside the entry that is being done."""
    came_from: str | None
    """The step that it followed; of an arrival at a gateway that tells the branch."""
    parted: tuple[Mapping[str, Any], ...]
    """The variables where its way and those of other live steps parted, the nearest first."""


@dataclass(frozen=True)
class Level:
    """One active process or sub-process."""

    id: str
    steps: tuple[Standing, ...]
    ended: Mapping[str, Any] | None
    """The united variables of the branches that have ended; None while none has."""
    ended_parted: tuple[Mapping[str, Any], ...] = ()
    """The same of these as of a step: the variables where they and live steps parted."""


@dataclass(frozen=True)
class Completed:
    """One step that was completed, a repeated one when all its entries are done."""

    level: str
    element_id: str
    data: Mapping[str, Any]
    """The variables after it."""


class _Witness(Journal):
    """Keeps the variables after each step as well, which no stored journal may."""

    def __init__(self, names: Any) -> None:
        super().__init__(names)
        self.completed: list[Completed] = []

    def complete(self, token: Any) -> None:
        super().complete(token)
        element = token.task_spec.bpmn_id
        if element is not None and frame_of(token) is None:
            found = Completed(token.workflow.spec.name, element, clone(token.data))
            self.completed.append(found)


def watch(instance: Instance) -> list[Completed]:
    """Return a list to which each step is added that an instance completes from now on."""
    witness = _Witness(instance.program.names)
    instance._tree.journal = witness  # noqa: SLF001
    return witness.completed


def standing_of(instance: Instance) -> Level:
    """Return where an instance stands after it was advanced."""
    return _level(instance._tree)  # noqa: SLF001 - the view belongs to the instance


def elapse(instance: Instance, token: str, element_id: str) -> None:
    """Let one waiting timer come now; raise ConflictError when it does not wait any more."""
    step = instance._tree.find(token)  # noqa: SLF001
    if step is None:
        raise ConflictError(told("This timer waits no longer."))
    for definition, spec in definitions(step):
        if spec.bpmn_id == element_id and "timer" in step.internal_data:
            fire(step, definition, spec)
            return
    raise ConflictError(told("This timer waits no longer."))


def _level(tree: Any) -> Level:
    live = [
        step
        for step in tree.live()
        if not isinstance(step.task_spec, BoundaryEvent) and frame_of(step) is None
    ]
    steps: list[Standing] = []
    ended: tuple[Any, tuple[Mapping[str, Any], ...]] = (None, ())
    # In the order in which they came, which counts where branches meet.
    for step in sorted(live, key=lambda one: float(one.last_state_change)):
        if isinstance(step.task_spec, EndJoin):
            ended = (clone(step.data), _partings(step, live))
        else:
            steps.append(_standing(step, _partings(step, live)))
    return Level(tree.spec.name, tuple(steps), *ended)


def _partings(step: Any, live: list[Any]) -> tuple[Mapping[str, Any], ...]:
    """Return the variables where ways part, each once, the nearest first."""
    found = {parting([step, other]).id for other in live if other is not step}
    return tuple(clone(one.data) for one in lineage(step) if one.id in found)


def _standing(step: Any, parted: tuple[Mapping[str, Any], ...]) -> Standing:
    repeats = step.task_spec.repeats
    rounds = [child for child in step.children if frame_of(child) is step] if repeats else []
    running = [one for one in rounds if one.has_state(TaskState.NOT_FINISHED_MASK)]
    hosts = running if repeats else [step]
    trees = step.workflow.top_workflow.subprocesses
    inner = next((trees[host.id] for host in hosts if host.id in trees), None)
    return Standing(
        element_id=step.task_spec.bpmn_id,
        state=TaskState.get_name(step.state),
        data=clone(step.data),
        left=len(running) + len(step.internal_data.get("remaining", ())) if repeats else None,
        listening=_listening(step),
        inner=None if inner is None else _level(inner),
        came_from=None if step.parent is None else step.parent.task_spec.bpmn_id,
        parted=parted,
    )


def _listening(step: Any) -> dict[str, dict[str, Any]]:
    split = step.parent
    if split is None or not isinstance(split.task_spec, BoundaryEventSplit):
        return {}
    if split.task_spec.host_name != step.task_spec.name:
        return {}
    return {
        event.task_spec.bpmn_id: clone(event.data)
        for event in split.children
        if event.has_state(TaskState.WAITING)
    }
