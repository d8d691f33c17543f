"""Writes down what happened in a turn: steps completed or cancelled, sequence flows taken."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

_WITHDRAWN: Final = frozenset(
    {
        "userTask",
        "manualTask",
        "serviceTask",
        "callActivity",
        "subProcess",
        "intermediateCatchEvent",
        "eventBasedGateway",
    }
)
"""Kinds whose withdrawal is worth telling; boundary events that never fired are not."""


_PLAIN: Final = frozenset({str, int, bool})


@dataclass(frozen=True)
class Step:
    """One drawn step that was completed or cancelled since the instance was loaded."""

    element_id: str
    process_id: str
    kind: str
    state: Literal["completed", "cancelled"]
    sequence: int
    token: str
    path: tuple[str, ...] = ()
    """Elements whose call led here, outermost first."""
    item: str | None = None
    """The key of a multi-instance step."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The variables after a completed step: codes, numbers, yes or no."""


@dataclass(frozen=True)
class Flow:
    """One sequence flow that was taken."""

    flow_id: str
    process_id: str
    sequence: int


@dataclass(frozen=True)
class Names:
    """How the drawing calls things: by name of the library's specification, then by element."""

    process_of: Mapping[str, str]
    """Process or sub-process -> id of the drawn process that holds it."""
    kinds: Mapping[tuple[str, str], str]
    """(process or sub-process, element) -> local name in BPMN."""
    flows: Mapping[tuple[str, str, str], str]
    """(process or sub-process, source, target) -> id of the sequence flow."""


@dataclass
class Journal:
    """The record of one turn."""

    names: Names
    steps: list[Step] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    _count: int = 0

    def complete(self, token: Any) -> None:
        """Record that a drawn step was completed."""
        if token.task_spec.bpmn_id is not None and not token.task_spec.repeats:
            self._step(token, "completed")

    def cancel(self, token: Any) -> None:
        """Record that a drawn step was withdrawn."""
        spec = token.task_spec
        if spec.bpmn_id is None or spec.repeats:
            return
        if self.names.kinds.get((token.workflow.spec.name, spec.bpmn_id)) in _WITHDRAWN:
            self._step(token, "cancelled")

    def take(self, token: Any, target: Any) -> None:
        """Record the sequence flow from a completed step to the next one."""
        tree = token.workflow.spec.name
        source, end = token.task_spec.bpmn_id, target.drawn_id
        flow = self.names.flows.get((tree, source, end)) if source and end else None
        if flow is not None:
            self._count += 1
            self.flows.append(Flow(flow, self.names.process_of[tree], self._count))

    def _step(self, token: Any, state: Literal["completed", "cancelled"]) -> None:
        self._count += 1
        tree, element = token.workflow.spec.name, token.task_spec.bpmn_id
        self.steps.append(
            Step(
                element_id=element,
                process_id=self.names.process_of[tree],
                kind=self.names.kinds.get((tree, element), "event"),
                state=state,
                sequence=self._count,
                token=token.id.hex,
                path=path_of(token),
                item=item_of(token),
                values=_plain(token.data) if state == "completed" else {},
            )
        )


def _plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what can be compared in a rule: the next step may change what it goes on with."""
    return {name: value for name, value in data.items() if type(value) in _PLAIN}


def path_of(token: Any) -> tuple[str, ...]:
    """Return the elements whose call led to `token`, outermost first."""
    found = []
    tree = token.workflow
    while tree.parent_workflow is not None:
        found.append(tree.host.task_spec.bpmn_id)
        tree = tree.parent_workflow
    return tuple(reversed(found))


def item_of(token: Any) -> str | None:
    """Return the key of a multi-instance step, of the step itself or of the call around it."""
    while token is not None:
        key = token.internal_data.get("item")
        if key is not None:
            return str(key)
        token = getattr(token.workflow, "host", None)
    return None
