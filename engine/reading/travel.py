"""The travelled path of a case on its diagrams, and the same in words (WCAG 1.1.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, func, select
from sqlalchemy.orm import Session

from engine.drawing import OutlineStep, Process, outline
from engine.models import ProcessInstance, StepHistory

FLOW = "sequenceFlow"


@dataclass(frozen=True)
class Travel:
    """Where a process instance has been: counts of elements, flows taken, where it is now."""

    visited: Mapping[str, int] = field(default_factory=dict)
    active: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what the diagram viewer reads."""
        return {
            "visited": dict(self.visited),
            "active": list(self.active),
            "flows": list(self.flows),
        }


_TRAVELLED: Final = (
    select(StepHistory.element_id, StepHistory.kind, func.count())
    .where(
        StepHistory.instance_id == bindparam("instance_id", type_=Uuid()),
        StepHistory.process_id == bindparam("process_id"),
        StepHistory.state == "completed",
    )
    .group_by(StepHistory.element_id, StepHistory.kind)
)


def travel(session: Session, instance: ProcessInstance, process_id: str) -> Travel:
    """Return the path of an instance on the diagram of one of its processes."""
    wanted = {"instance_id": instance.id, "process_id": process_id}
    rows = session.execute(_TRAVELLED, wanted).all()
    return Travel(
        visited={element: count for element, kind, count in rows if kind != FLOW},
        active=tuple(instance.active.get(process_id, ())),
        flows=tuple(element for element, kind, _count in rows if kind == FLOW),
    )


def processes_of(session: Session, instance: ProcessInstance) -> list[str]:
    """Return the ids of the diagrams that the instance has entered, its own first."""
    entered = session.scalars(
        select(StepHistory.process_id)
        .where(StepHistory.instance_id == instance.id)
        .group_by(StepHistory.process_id)
        .order_by(func.min(StepHistory.sequence))
    ).unique()
    return list(dict.fromkeys([instance.process_id, *entered, *instance.active]))


def latest_instances(session: Session, case_id: UUID) -> list[ProcessInstance]:
    """Return the process instances of a case, the newest first."""
    return list(
        session.scalars(
            select(ProcessInstance)
            .where(ProcessInstance.case_id == case_id)
            .order_by(ProcessInstance.started_at.desc())
        ).unique()
    )


@dataclass(frozen=True)
class TravelledStep:
    """One line of the diagram in words: `state` is `here`, `done` or `ahead`."""

    text: str
    state: str
    times: int
    children: tuple["TravelledStep", ...] = ()


def in_words(process: Process, path: Travel) -> list[TravelledStep]:
    """Return the diagram as a list with what was done, how often, and where the case is now."""
    return [_told(step, path) for step in outline(process)]


def _told(step: OutlineStep, path: Travel) -> TravelledStep:
    times = path.visited.get(step.element, 0)
    done = times > 0 or step.element in path.flows
    state = "here" if step.element in path.active else "done" if done else "ahead"
    return TravelledStep(step.text, state, times, tuple(_told(c, path) for c in step.children))
