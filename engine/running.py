"""Proves the rules for the cases that run already, each from where it stands.

Cases that stand in the same place, and whose history has done the same for the rules, are looked at
once: a thousand cases stand in a handful of places.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, reduce
from itertools import groupby
from typing import Any
from uuid import UUID

from orjson import loads
from sqlalchemy import Text, cast, func, select
from sqlalchemy.orm import Session

from engine.application import Application
from engine.bpmn import Instance, Scope, unseal
from engine.deployment import Deployments, ResolvedDeployment
from engine.models import Case, InstanceMove, InstanceState, ProcessInstance, StepHistory
from engine.proof.ahead import Ahead, Standpoint
from engine.proof.history import Happened, Past
from engine.proof.proof import Proof


@dataclass
class Together:
    """Cases that stand in the same place, with what can still happen to them."""

    deployment_id: str
    process: str
    places: tuple[str, ...]
    """The open steps as they are called in the drawing."""
    proof: Proof
    codes: list[str] = field(default_factory=list)
    """The codes of the cases; nothing else of them is told."""


class Reader:
    """Stands where the engine calls operators and tables: who only reads an instance calls none."""

    def call_operator(self, operator: str, inputs: dict[str, Any]) -> dict[str, Any]:
        """Refuse: nothing runs."""
        raise NotImplementedError(operator)

    def is_deferred(self, operator: str) -> bool:
        """Refuse: nothing runs."""
        raise NotImplementedError(operator)

    def decide(self, decision_id: str, context: Any) -> dict[str, Any]:
        """Refuse: nothing runs."""
        raise NotImplementedError(decision_id)


def happened(session: Session, instance: ProcessInstance) -> Iterator[Happened]:
    """Yield the completed steps of an instance, the earliest first."""
    for _, steps, _ in _told(session, [instance.id]):
        for _, step in _read(steps):
            yield _happened(step)


def past(deployments: Deployments, session: Session, instance: ProcessInstance) -> list[Past]:
    """Return the history of an instance in parts, each under the drawing that it stood on then."""
    return pasts(deployments, session, [instance])[instance.id]


def pasts(
    deployments: Deployments,
    session: Session,
    instances: Iterable[ProcessInstance],
    known: "Known | None" = None,
) -> dict[UUID, list[Past]]:
    """Return the histories of many instances with one question; equal parts are one object.

    `known` keeps histories from one question to the next.
    """
    known = known or Known()
    rows = list(instances)
    told = {one: (steps, moves) for one, steps, moves in _told(session, [row.id for row in rows])}
    found: dict[UUID, list[Past]] = {}
    for row in rows:
        steps, moves = told.get(row.id, ("", None))
        key = (row.deployment_id, steps, moves)
        if key not in known.whole:
            known.whole[key] = [
                known.part(deployments.get(session, one), part)
                for one, part in _parts(row.deployment_id, _read(steps), _moves(moves))
            ]
        found[row.id] = known.whole[key]
    return found


@dataclass
class Known:
    """Histories that were read: thousands of cases share a few, and each is taken apart once."""

    whole: dict[tuple[str, str, str | None], list[Past]] = field(default_factory=dict)
    """By the deployment that the instance stands on, its steps and its moves, as text."""
    parts: dict[tuple[str, tuple["_Step", ...]], Past] = field(default_factory=dict)

    def part(self, deployment: ResolvedDeployment, steps: tuple["_Step", ...]) -> Past:
        """Return one part; equal ones are one object."""
        key = (deployment.id, steps)
        if key not in self.parts:
            self.parts[key] = Past(deployment, tuple(_happened(step) for step in steps))
        return self.parts[key]

    def forget_above(self, most: int) -> None:
        """Forget all when more than so many histories are kept: some are long."""
        if max(len(self.whole), len(self.parts)) >= most:
            self.whole.clear()
            self.parts.clear()


_Step = tuple[str, str, str]
"""Process, element, and what was noted after it, as it is written."""
_VALUE, _RECORD = "\x1f", "\x1e"
"""The separators of values and of records: neither XML nor JSON can hold one as it is."""


def _told(session: Session, instances: list[UUID]) -> Iterator[tuple[UUID, str, str | None]]:
    """Yield the completed steps and the moves of each instance, either as one text.

    There are a million steps when ten thousand cases move, and most histories are alike: the
    database puts each together, and only one that is not known yet is taken apart. Nothing orders
    the records; the numbers in them do.
    """
    moves = (
        select(_text(InstanceMove.number, InstanceMove.step_count, InstanceMove.from_id))
        .where(InstanceMove.instance_id == StepHistory.instance_id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            StepHistory.instance_id,
            _text(
                StepHistory.sequence,
                StepHistory.process_id,
                StepHistory.element_id,
                func.coalesce(cast(StepHistory.told, Text), ""),
            ),
            moves,
        )
        .where(
            StepHistory.instance_id.in_(instances),
            StepHistory.state == "completed",
            StepHistory.kind != "sequenceFlow",
        )
        .group_by(StepHistory.instance_id)
    )
    return ((row[0], row[1], row[2]) for row in rows)


def _text(*columns: Any) -> Any:
    texts: list[Any] = [cast(column, Text) for column in columns]
    record = reduce(lambda left, right: left.concat(_VALUE).concat(right), texts)
    return func.aggregate_strings(record, _RECORD)


def _read(steps: str) -> list[tuple[int, _Step]]:
    """Return the steps that a text tells, with their numbers, in order."""
    records = (record.split(_VALUE) for record in steps.split(_RECORD) if record)
    return sorted((int(number), (one, two, told)) for number, one, two, told in records)


def _happened(step: _Step) -> Happened:
    return (step[0], step[1], loads(step[2]) if step[2] else None)


def _moves(moves: str | None) -> list[tuple[int, int, str]]:
    """Return the moves that a text tells: number, length of the history then, deployment before."""
    records = (record.split(_VALUE) for record in (moves or "").split(_RECORD) if record)
    return sorted((int(number), int(length), left) for number, length, left in records)


def _parts(
    now: str, steps: list[tuple[int, _Step]], moves: list[tuple[int, int, str]]
) -> Iterator[tuple[str, tuple[_Step, ...]]]:
    """Yield the parts of a history, each with its deployment; the last is under that of `now`."""
    last: tuple[_Step, ...] = ()
    left = ((next((m for m in moves if m[1] >= number), None), step) for number, step in steps)
    for before, part in groupby(left, lambda one: one[0] and one[0][2]):
        found = tuple(step for _, step in part)
        if before is None:
            last = found
        else:
            yield before, found
    yield now, last


def prove_running(application: Application, session: Session) -> list[Together]:
    """Return what is proved of the running instances, those that stand together once.

    Raises TooLargeError when it cannot be done completely, ReplayError when the engine does not go
    a path that breaks a rule, StateError when a stored state was changed.
    """
    rows = session.execute(
        select(ProcessInstance, Case.code)
        .join(Case, Case.id == ProcessInstance.case_id)
        .where(ProcessInstance.status == InstanceState.RUNNING.value)
        .order_by(ProcessInstance.deployment_id, ProcessInstance.process_id, Case.code)
    )
    found: dict[tuple[str, str, Standpoint], Together] = {}
    ahead = cache(
        lambda deployment_id, process: Ahead(
            application.deployments.get(session, deployment_id), process
        )
    )
    for row, code in rows.all():
        instance = load(application, session, row)
        looking = ahead(row.deployment_id, row.process_id)
        standpoint = looking.standpoint(instance, past(application.deployments, session, row))
        key = (row.deployment_id, row.process_id, standpoint)
        if key not in found:
            proof = looking.prove(standpoint, instance)
            places = looking.places(standpoint)
            found[key] = Together(row.deployment_id, row.process_id, places, proof)
        found[key].codes.append(code)
    return list(found.values())


def load(
    application: Application, session: Session, row: ProcessInstance, now: datetime | None = None
) -> Instance:
    """Return a stored instance for looking at it; raise StateError when its state was changed."""
    deployment = application.deployments.get(session, row.deployment_id)
    profile = deployment.profile
    instant = now or application.now(session)
    scope = Scope(instant, profile.zone, {"profile": profile.values})
    blob = unseal(row.blob, application.settings.state_key)
    return Instance.load(deployment.program(row.process_id), blob, Reader(), scope)
