"""Where the running cases of a version stand and how long its steps take: numbers, never a case.

Everything is counted by the database. Small counts are kept back (engine/workshop/few.py): whoever
draws the process takes part in no case, and that a single one exists is known to few.
"""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Text, cast, extract, func, select
from sqlalchemy.orm import Session

from engine.application import Application
from engine.comparison import Side
from engine.deployment import ResolvedDeployment
from engine.drawing import Element, Process, role_of
from engine.drawing.outline import reading_order
from engine.language import mark
from engine.models import InstanceState, ProcessInstance, WorkItem, WorkItemState
from engine.workshop.compared import Compared, cases
from engine.workshop.few import FEWEST, is_told

WINDOW: Final = timedelta(days=365)
"""Steps that were done longer ago say little of how the work goes now, and cost reading."""
HEATS: Final = (
    (1, mark("up to a day")),
    (7, mark("up to a week")),
    (30, mark("up to a month")),
)
"""Days up to which a step is of a heat; what takes longer is of the last."""
SLOWEST: Final = "longer than a month"
Place = tuple[str, str]
"""Process and element."""


@dataclass(frozen=True)
class Stand:
    """One element: how many cases stand there and how long half of those that did it took."""

    element: Element
    role: str
    here: int
    days: float | None
    """The median of the step in days; None where too few cases did it."""

    @property
    def heat(self) -> int:
        """Return how slow the step is, 1 to 4; 0 where that is not told."""
        if self.days is None:
            return 0
        return next(
            (n for n, (most, _) in enumerate(HEATS, 1) if self.days <= most), len(HEATS) + 1
        )


def touched(application: Application, old: Side, found: Compared) -> tuple[str, ...]:
    """Return in sentences how many running cases stand on what changes."""
    with application.database.reading() as session:
        return cases(session, old, found)


def whereabouts(
    application: Application, deployment: ResolvedDeployment, process_id: str, now: datetime
) -> list[Stand]:
    """Return the elements on which cases stand or that people do, in reading order."""
    with application.database.reading() as session:
        here = standing(session, deployment.id)
        took = medians(session, deployment.id, now - WINDOW)
    process = deployment.processes[process_id]
    profile = deployment.profile
    found = []
    for element in every_element(process):
        place = process_id, element.id
        count = here.get(place, 0)
        if element.kind != "userTask" and not is_told(count):
            continue
        role = role_of(element)
        shown = profile.role_name(role) if role else ""
        found.append(Stand(element, shown, count if is_told(count) else 0, took.get(place)))
    return found


def every_element(process: Process, parent: str | None = None) -> list[Element]:
    """Return the elements in reading order, those of a sub-process after it."""
    found: list[Element] = []
    for element in reading_order(process, parent):
        found += [element, *every_element(process, element.id)]
    return found


def standing(session: Session, deployment_id: str) -> Counter[Place]:
    """Count the tokens of running instances by place; equal positions come as one row."""
    position = cast(ProcessInstance.active, Text)
    rows = session.execute(
        select(position, func.count())
        .where(
            ProcessInstance.deployment_id == deployment_id,
            ProcessInstance.status == InstanceState.RUNNING.value,
        )
        .group_by(position)
    )
    found: Counter[Place] = Counter()
    for text, count in rows:
        for process, elements in json.loads(text).items():
            for element in set(elements):
                found[process, element] += count
    return found


def medians(session: Session, deployment_id: str, since: datetime) -> dict[Place, float]:
    """Return in days how long half of the cases needed at most for each step that people do."""
    took = _took(session)
    place = WorkItem.process_id, WorkItem.element_id
    ranked = (
        select(
            *place,
            took.label("took"),
            func.row_number().over(partition_by=place, order_by=took).label("number"),
            func.count().over(partition_by=place).label("many"),
        )
        .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
        .where(
            ProcessInstance.deployment_id == deployment_id,
            WorkItem.state == WorkItemState.COMPLETED.value,
            WorkItem.completed_at >= since,
        )
        .subquery()
    )
    middle = select(ranked.c.process_id, ranked.c.element_id, func.avg(ranked.c.took)).where(
        ranked.c.number * 2 >= ranked.c.many, ranked.c.number * 2 <= ranked.c.many + 2
    )
    rows = session.execute(middle.group_by(ranked.c.process_id, ranked.c.element_id)).all()
    told = _by_enough_cases(session, deployment_id, since)
    return {(row[0], row[1]): float(row[2]) for row in rows if (row[0], row[1]) in told}


def _took(session: Session) -> Any:
    """Return the days between beginning and end of a step, as this database counts them."""
    if session.get_bind().dialect.name == "sqlite":
        return func.julianday(WorkItem.completed_at) - func.julianday(WorkItem.created_at)
    return extract("epoch", WorkItem.completed_at - WorkItem.created_at) / 86_400


def _by_enough_cases(session: Session, deployment_id: str, since: datetime) -> set[Place]:
    """Return the steps that so many cases did that the median tells of none of them."""
    rows = session.execute(
        select(WorkItem.process_id, WorkItem.element_id)
        .join(ProcessInstance, ProcessInstance.id == WorkItem.instance_id)
        .where(
            ProcessInstance.deployment_id == deployment_id,
            WorkItem.state == WorkItemState.COMPLETED.value,
            WorkItem.completed_at >= since,
        )
        .group_by(WorkItem.process_id, WorkItem.element_id)
        .having(func.count(WorkItem.case_id.distinct()) >= FEWEST)
    )
    return {(row[0], row[1]) for row in rows}
