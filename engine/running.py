"""Proves the rules for the cases that run already, each from where it stands.

Cases that stand in the same place, and whose history has done the same for the rules, are looked at
once: a thousand cases stand in a handful of places.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import itemgetter
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
    return (_read(step) for _, _, step in _steps(session, [instance.id]))


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

    `known` keeps the parts from one question to the next.
    """
    known = {} if known is None else known
    rows = {instance.id: instance for instance in instances}
    found: dict[str, list[Past]] = {one.hex: [] for one in rows}
    here: dict[str, tuple[_Step, ...]] = {}
    for (instance_id, before), part in groupby(_steps(session, list(rows)), itemgetter(0, 1)):
        steps = tuple(step for _, _, step in part)
        if before is None:
            here[instance_id] = steps
        else:
            found[instance_id].append(_part(deployments.get(session, before), steps, known))
    for row in rows.values():
        now = deployments.get(session, row.deployment_id)
        found[row.id.hex].append(_part(now, here.get(row.id.hex, ()), known))
    return {one: found[one.hex] for one in rows}


_Step = tuple[str, str, str | None]
"""Process, element, and what was noted after it, as it is written."""
Known = dict[tuple[str, tuple[_Step, ...]], Past]
"""Parts of histories by their deployment and steps."""


def _part(deployment: ResolvedDeployment, steps: tuple[_Step, ...], known: Known) -> Past:
    key = (deployment.id, steps)
    if key not in known:
        known[key] = Past(deployment, tuple(_read(step) for step in steps))
    return known[key]


def _read(step: _Step) -> Happened:
    return (step[0], step[1], None if step[2] is None else loads(step[2]))


def _steps(session: Session, instances: list[UUID]) -> Iterator[tuple[str, str | None, _Step]]:
    """Yield each completed step with the drawing that the case left afterwards; None: it stays.

    The instance comes as its hexadecimal digits and the notes as text: there are half a million
    steps when ten thousand cases move, and most of them are alike.
    """
    # One question: most cases never move, and this is asked in every turn that ends one.
    left = (
        select(InstanceMove.from_id)
        .where(
            InstanceMove.instance_id == StepHistory.instance_id,
            InstanceMove.step_count >= StepHistory.sequence,
        )
        .order_by(InstanceMove.number)
        .limit(1)
        .scalar_subquery()
    )
    rows = session.execute(
        select(
            func.replace(cast(StepHistory.instance_id, Text), "-", ""),
            left,
            StepHistory.process_id,
            StepHistory.element_id,
            cast(StepHistory.told, Text),
        )
        .where(
            StepHistory.instance_id.in_(instances),
            StepHistory.state == "completed",
            StepHistory.kind != "sequenceFlow",
        )
        .order_by(StepHistory.instance_id, StepHistory.sequence)
    )
    return ((row[0], row[1], (row[2], row[3], row[4])) for row in rows)


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
