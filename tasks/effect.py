"""Deferred operators: the effect happens between two transactions, then the step is confirmed."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from engine.application import Application
from engine.job import Handler, register
from engine.lock import lock_instance
from engine.models import InstanceState, Job
from engine.operator import Operator, as_variables, find
from engine.turn import Turn, take_turn


@dataclass(frozen=True)
class Call:
    """One call of a deferred operator; `key` lets the outside recognise a repetition."""

    operator: Operator
    inputs: dict[str, Any]
    key: str
    application: Application


def _prepare(application: Application, session: Session, job: Job) -> Call:
    del session
    payload = job.payload
    return Call(find(payload["operator"]), dict(payload["inputs"]), job.key, application)


def _perform(application: Application, call: Call) -> dict[str, Any]:
    del application
    inputs = call.operator.read_inputs(call.inputs)
    return as_variables(call.operator.function(call, inputs))  # type: ignore[arg-type]


def _finish(application: Application, session: Session, job: Job, outputs: dict[str, Any]) -> None:
    """Confirm the step, if the diagram still waits for it (a deadline may have passed)."""
    row = lock_instance(session, UUID(job.payload["instance_id"]))
    if row.status != InstanceState.RUNNING.value:
        return
    token = job.payload["token"]

    def stimulus(turn: Turn) -> None:
        if any(effect.token == token for effect in turn.running.effects()):
            turn.running.confirm(token, outputs)
            turn.audit("case:effect:confirm", token, operator=job.payload["operator"])

    take_turn(application, session, row, stimulus)


register("effect", Handler(_prepare, _perform, _finish))
