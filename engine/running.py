"""Proves the rules for the cases that run already, each from where it stands.

Cases that stand in the same place, and whose history has done the same for the rules, are looked at
once: a thousand cases stand in a handful of places.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.application import Application
from engine.bpmn import Instance, Scope, unseal
from engine.models import Case, InstanceState, ProcessInstance, StepHistory
from engine.proof.ahead import Ahead, Past, Standpoint
from engine.proof.history import Happened
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


class _Reader:
    """Stands where the engine calls operators and tables: who only reads an instance calls none."""

    def call_operator(self, operator: str, inputs: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError(operator)

    def is_deferred(self, operator: str) -> bool:
        raise NotImplementedError(operator)

    def decide(self, decision_id: str, context: Any) -> dict[str, Any]:
        raise NotImplementedError(decision_id)


def happened(session: Session, instance: ProcessInstance) -> Iterator[Happened]:
    """Yield the completed steps of an instance, the earliest first."""
    rows = session.execute(
        select(StepHistory.process_id, StepHistory.element_id, StepHistory.told)
        .where(
            StepHistory.instance_id == instance.id,
            StepHistory.state == "completed",
            StepHistory.kind != "sequenceFlow",
        )
        .order_by(StepHistory.sequence)
    )
    return ((row[0], row[1], row[2]) for row in rows)


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
        deployment = application.deployments.get(session, row.deployment_id)
        looking = ahead(row.deployment_id, row.process_id)
        past = Past(deployment, tuple(happened(session, row)))
        standpoint = looking.standpoint(instance, [past])
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
    return Instance.load(deployment.program(row.process_id), blob, _Reader(), scope)
