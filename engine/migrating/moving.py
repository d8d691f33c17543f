"""Moves one case under its lock in one transaction, or records why it stays where it is."""

import hashlib
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from engine import access, audit
from engine.application import Application
from engine.bpmn import Instance
from engine.errors import CasetableError
from engine.incident import OWNER, call_for, describe, resolve_incident
from engine.lock import lock_instance
from engine.migrating.judging import MOVES, WAITS, Carried, Judge, Judged
from engine.migrating.owing import Renewed
from engine.migrating.proving import NotProvedError
from engine.models import (
    Account,
    Case,
    InstanceMove,
    InstanceState,
    MigrationOutcome,
    MigrationRun,
    ProcessInstance,
    Timer,
)
from engine.turn import Turn, take_turn

MOVED, REFUSED, WAITING = "moved", "refused", "waiting"
EVENT: Final = "case:process:move"
REFUSED_EVENT: Final = "case:process:stay"
MOST_TRIES: Final = 3
"""A case that moves on each time while it is proved is proved under its lock in the end."""


def move(application: Application, judge: Judge, run_id: UUID, case_id: UUID) -> str:
    """Move one case; return what became of it, empty when there was nothing to do.

    What fails while it is written down is taken back whole and recorded as refused.
    """
    try:
        state, waiting = _moved_once_proved(application, judge, run_id, case_id)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 - the edge to every drawing and row
        with application.database.transaction() as session:
            return _refused_by(application, session, run_id, case_id, describe(error))
    _hear(application, waiting)
    return state


def _moved_once_proved(
    application: Application, judge: Judge, run_id: UUID, case_id: UUID
) -> tuple[str, list[UUID]]:
    """Move a case; what has to be proved first is proved without holding its lock."""
    for _ in range(MOST_TRIES):
        judge.only_known = True
        try:
            with application.database.transaction() as session:
                return _moved(application, session, judge, run_id, case_id)
        except NotProvedError:
            judge.only_known = False
            with application.database.reading() as session:
                run = session.get_one(MigrationRun, run_id)
                rows = list(session.scalars(running_rows(case_id, run.from_id)).unique())
                judge.case(session, rows)
        finally:
            judge.only_known = False
    with application.database.transaction() as session:
        return _moved(application, session, judge, run_id, case_id)


def _moved(
    application: Application, session: Session, judge: Judge, run_id: UUID, case_id: UUID
) -> tuple[str, list[UUID]]:
    """Return what became of a case, and which of its instances may hear something now."""
    run = session.get_one(MigrationRun, run_id)
    rows = lock_running(session, case_id, run.from_id)
    if not rows or _is_decided(session, run_id, case_id):
        return "", []
    judged = judge.case(session, rows)
    if judged.verdict != MOVES:
        state = WAITING if judged.verdict == WAITS else REFUSED
        return settle(application, session, run, rows[0].case, judged, state), []
    for carried in judged.carried:
        write(application, session, run, carried)
    waiting = [row.id for row in rows if row.pending_messages and row.awaited]
    return settle(application, session, run, rows[0].case, judged, MOVED), waiting


def running_rows(case_id: UUID, deployment_id: str) -> Select[ProcessInstance]:
    """Return the question for the running instances of a case on a deployment."""
    return (
        select(ProcessInstance)
        .where(
            ProcessInstance.case_id == case_id,
            ProcessInstance.deployment_id == deployment_id,
            ProcessInstance.status == InstanceState.RUNNING.value,
        )
        .order_by(ProcessInstance.started_at, ProcessInstance.id)
    )


def lock_running(session: Session, case_id: UUID, deployment_id: str) -> list[ProcessInstance]:
    """Lock a case and return its running instances of a deployment, the earliest first."""
    wanted = running_rows(case_id, deployment_id).with_only_columns(ProcessInstance.id)
    found = [lock_instance(session, instance_id) for instance_id in session.scalars(wanted).all()]
    # Looked at again under the lock: another turn may have ended one of them in between.
    return [
        row
        for row in found
        if row is not None
        and row.status == InstanceState.RUNNING.value
        and row.deployment_id == deployment_id
    ]


def _is_decided(session: Session, run_id: UUID, case_id: UUID) -> bool:
    """Say whether a run that was cut off has seen to this case already."""
    wanted = select(MigrationOutcome.id).where(
        MigrationOutcome.run_id == run_id, MigrationOutcome.case_id == case_id
    )
    return session.scalar(wanted) is not None


def write(application: Application, session: Session, run: MigrationRun, carried: Carried) -> None:
    """Write one instance down as it stands in the new drawing, and that it was moved."""
    row, now = carried.row, application.now(session)
    before = (row.blob, row.step_count)
    actor = session.get(Account, run.started_by_id) if run.started_by_id else None
    row.deployment_id = row.case.deployment_id = run.to_id
    turn = Turn(application, session, row, now=now, actor=actor)
    for one in carried.items:
        _renew(session, one)
    turn.audit(EVENT, row.id, run=str(run.id), old=run.from_id, new=run.to_id, places=run.places)
    turn.resume(carried.instance)
    _rewrite_timers(session, row, carried.instance)
    _keep(session, run, row, before, now)


def _renew(session: Session, one: Renewed) -> None:
    """Bring an open step in line with the new drawing; the claim stays with who may still do it."""
    item, changed = one.item, one.has_other_role
    for name, value in one.columns.items():
        setattr(item, name, value)
    if not changed:
        return
    session.flush()
    able = {account.id for account in access.able_accounts(session, item)}
    if item.assignee_id is not None and item.assignee_id not in able:
        item.assignee_id = item.claimed_at = None


def _rewrite_timers(session: Session, row: ProcessInstance, instance: Instance) -> None:
    for timer in instance.timers():
        session.execute(
            update(Timer)
            .where(Timer.instance_id == row.id, Timer.token == timer.token)
            .values(
                process_id=timer.process_id,
                element_id=timer.element_id,
                rule=timer.rule,
                due_at=timer.due_at,
            )
        )


def _keep(
    session: Session,
    run: MigrationRun,
    row: ProcessInstance,
    before: tuple[bytes, int],
    now: datetime,
) -> None:
    moves = select(func.count()).where(InstanceMove.instance_id == row.id)
    session.add(
        InstanceMove(
            run_id=run.id,
            case_id=row.case_id,
            instance_id=row.id,
            number=(session.scalar(moves) or 0) + 1,
            from_id=run.from_id,
            to_id=run.to_id,
            step_count=before[1],
            before=before[0],
            after_hash=digest(row.blob),
            at=now,
            by_id=run.started_by_id,
        )
    )


def digest(blob: bytes) -> str:
    """Return what a state is known again by."""
    return hashlib.sha256(blob).hexdigest()


# -- what became of it -----------------------------------------------------------------------------


def settle(
    application: Application,
    session: Session,
    run: MigrationRun,
    case: Case,
    judged: Judged,
    state: str,
) -> str:
    """Record what became of a case; a refusal calls the head of the desk."""
    now, key = application.now(session), f"migration:{case.id}:{run.to_id[:16]}"
    session.add(
        MigrationOutcome(
            run_id=run.id,
            case_id=case.id,
            state=state,
            places=", ".join(judged.places),
            sentence=judged.sentence,
            at=now,
        )
    )
    if state == MOVED:
        resolve_incident(session, key, now)
        return state
    told: dict[str, Any] = {"run": str(run.id), "state": state}
    by = run.started_by_id
    audit.record(session, case, at=now, actor_id=by, event=REFUSED_EVENT, subject=case.id, **told)
    if state == REFUSED:
        message = f"This case stays on its version of the process. {judged.sentence}"
        call_for(
            session,
            key=key,
            message=message,
            now=now,
            about=judged.needs[0].element if judged.needs else "",
            role=OWNER,
            case_id=case.id,
        )
    return state


def _refused_by(
    application: Application, session: Session, run_id: UUID, case_id: UUID, error: CasetableError
) -> str:
    run = session.get_one(MigrationRun, run_id)
    rows = lock_running(session, case_id, run.from_id)
    if not rows or _is_decided(session, run_id, case_id):
        return ""
    judged = Judged((), (), REFUSED, str(error))
    return settle(application, session, run, rows[0].case, judged, REFUSED)


def _hear(application: Application, waiting: list[UUID]) -> None:
    """Let moved instances hear what waited for them, in a turn like any other."""
    for instance_id in waiting:
        try:
            with application.database.transaction() as session:
                row = lock_instance(session, instance_id)
                if row is not None and row.status == InstanceState.RUNNING.value:
                    take_turn(application, session, row, lambda _: None)
        except CasetableError:
            continue  # the message waits for the next turn, as before
