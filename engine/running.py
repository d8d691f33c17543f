"""Proves the rules for the cases that run already, each from where it stands.

Cases that stand in the same place, and whose history has done the same for the rules, are looked at
once: a thousand cases stand in a handful of places.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.application import Application
from engine.bpmn import Instance, Scope, unseal
from engine.deployment import Deployments
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
    return (step for _, step in _steps(session, instance))


def past(deployments: Deployments, session: Session, instance: ProcessInstance) -> list[Past]:
    """Return the history of an instance in parts, each under the drawing that it stood on then."""
    steps = list(_steps(session, instance))
    parts = [
        Past(deployments.get(session, before), tuple(step for _, step in found))
        for before, found in groupby(steps, key=itemgetter(0))
        if before is not None
    ]
    now = deployments.get(session, instance.deployment_id)
    return [*parts, Past(now, tuple(step for before, step in steps if before is None))]


def _steps(session: Session, instance: ProcessInstance) -> Iterator[tuple[str | None, Happened]]:
    """Yield each completed step with the drawing that the case left afterwards; None: it stays."""
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
        select(left, StepHistory.process_id, StepHistory.element_id, StepHistory.told)
        .where(
            StepHistory.instance_id == instance.id,
            StepHistory.state == "completed",
            StepHistory.kind != "sequenceFlow",
        )
        .order_by(StepHistory.sequence)
    )
    return ((row[0], (row[1], row[2], row[3])) for row in rows)


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


def load(application: Application, session: Session, row: ProcessInstance) -> Instance:
    """Return a stored instance for looking at it; raise StateError when its state was changed."""
    deployment = application.deployments.get(session, row.deployment_id)
    profile = deployment.profile
    scope = Scope(application.now(session), profile.zone, {"profile": profile.values})
    blob = unseal(row.blob, application.settings.state_key)
    return Instance.load(deployment.program(row.process_id), blob, Reader(), scope)
