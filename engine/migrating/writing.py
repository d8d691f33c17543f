"""Writes moved instances down, many at once, and what became of each case."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from engine import access, audit
from engine.application import Application
from engine.errors import ConflictError
from engine.incident import OWNER, call_for
from engine.language import gettext
from engine.language.telling import told
from engine.migrating.judging import Carried, Judged
from engine.migrating.owing import Renewed
from engine.migrating.planned import places_told
from engine.models import (
    Account,
    Case,
    Incident,
    InstanceMove,
    MigrationOutcome,
    MigrationRun,
    ProcessInstance,
    Timer,
    TimerState,
)
from engine.pending_rows import PendingRows, send_all, table_of
from engine.stored_state import store
from engine.turn import Turn

MOVED, REFUSED, WAITING = "moved", "refused", "waiting"
EVENT: Final = "case:process:move"
REFUSED_EVENT: Final = "case:process:stay"
ARMED: Final = (TimerState.WAITING.value, TimerState.BLOCKED.value)


@dataclass(frozen=True)
class Settled:
    """What became of one case."""

    case: Case
    judged: Judged
    state: str


def write(
    application: Application, session: Session, run: MigrationRun, many: Sequence[Carried]
) -> None:
    """Write instances down as they stand in the new drawing, and that they were moved."""
    if not many:
        return
    ids = [one.row.id for one in many]
    timers, numbers, now = _timers(session, ids), _numbers(session, ids), application.now(session)
    actor = session.get(Account, run.started_by_id) if run.started_by_id else None
    told = {"run": str(run.id), "old": run.from_id, "new": run.to_id, "places": run.places}
    pending = PendingRows()
    owed = []
    for one in many:
        row, before = one.row, (one.row.blob, one.row.step_count)
        row.deployment_id = row.case.deployment_id = run.to_id
        turn = Turn(application, session, row, now=now, actor=actor)
        for item in one.items:
            _renew(turn, item)
        turn.audit(EVENT, row.id, **told)
        _rewrite_timers(one, timers.get(row.id, []))
        turn.resume(one.instance)
        owed.append(turn.pending.take())
        moved = _move(run, row, before, numbers.get(row.id, 0) + 1, now)
        pending.append(table_of(InstanceMove), [moved])
    _store(session, [one.row for one in many])
    session.flush()
    send_all(session, [*owed, pending.take()])
    for one in many:
        session.expire(one.row, ["open_items"])


def _store(session: Session, rows: Sequence[ProcessInstance]) -> None:
    try:
        store(session, rows)
    except StaleDataError as error:
        text = told("A case was changed while it was moved; move it again.")
        raise ConflictError(text) from error


def _timers(session: Session, ids: Sequence[UUID]) -> dict[UUID, list[Timer]]:
    found: dict[UUID, list[Timer]] = {}
    wanted = select(Timer).where(Timer.instance_id.in_(ids), Timer.state.in_(ARMED))
    for timer in session.scalars(wanted):
        found.setdefault(timer.instance_id, []).append(timer)
    return found


def _numbers(session: Session, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Return how often each instance was moved before."""
    counts = (
        select(InstanceMove.instance_id, func.count())
        .where(InstanceMove.instance_id.in_(ids))
        .group_by(InstanceMove.instance_id)
    )
    return {row[0]: row[1] for row in session.execute(counts)}


def _renew(turn: Turn, one: Renewed) -> None:
    """Bring an open step in line with the new drawing; the claim stays with who may still do it.

    Of a step that others owe now both sides are told: whoever had taken it, and those who owe it.
    A draft stays with the step and with who wrote it, and nobody else reads it.
    """
    item, changed = one.item, one.has_other_role
    for name, value in one.columns.items():
        setattr(item, name, value)
    if not changed:
        return
    turn.session.flush()
    able = {account.id for account in access.able_accounts(turn.session, item)}
    if item.assignee_id is not None and item.assignee_id not in able:
        turn.notify("work_item_moved", account=item.assignee)
        item.assignee_id = item.claimed_at = None
    turn.notify("work_item_new", work_item=item)


def _rewrite_timers(one: Carried, rows: Iterable[Timer]) -> None:
    """Give the timers that run on their new element, rule and instant."""
    waiting = {timer.token: timer for timer in one.instance.timers()}
    armed = dict(one.row.timers)
    for row in rows:
        timer = waiting.get(row.token)
        if timer is not None:
            row.process_id, row.element_id = timer.process_id, timer.element_id
            row.rule, row.due_at = timer.rule, timer.due_at
            armed[row.token] = timer.due_at.isoformat()
    one.row.timers = armed


def _move(
    run: MigrationRun,
    row: ProcessInstance,
    before: tuple[bytes, int],
    number: int,
    now: datetime,
) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "case_id": row.case_id,
        "instance_id": row.id,
        "number": number,
        "from_id": run.from_id,
        "to_id": run.to_id,
        "step_count": before[1],
        "before": before[0],
        "after_hash": digest(row.blob),
        "at": now,
        "by_id": run.started_by_id,
    }


def digest(blob: bytes) -> str:
    """Return what a state is known again by."""
    return hashlib.sha256(blob).hexdigest()


# -- what became of it -----------------------------------------------------------------------------


def settle(
    application: Application, session: Session, run: MigrationRun, many: Iterable[Settled]
) -> None:
    """Record what became of cases; a refusal calls the head of the desk."""
    found, now = list(many), application.now(session)
    if not found:
        return
    keys = {_key(run, one.case): one for one in found}
    failed = _incidents(session, [key for key, one in keys.items() if one.state == MOVED])
    session.connection().execute(
        table_of(MigrationOutcome).insert(), [_outcome(run, one, now) for one in found]
    )
    for key, one in keys.items():
        if one.state != MOVED:
            _stays(session, run, one, key, now)
        elif key in failed:
            incident = failed[key]
            incident.state, incident.resolved_at, incident.retry_at = "resolved", now, None


def _outcome(run: MigrationRun, one: Settled, now: datetime) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "case_id": one.case.id,
        "state": one.state,
        "places": places_told(one.judged.places),
        "sentence": one.judged.sentence,
        "at": now,
    }


def _key(run: MigrationRun, case: Case) -> str:
    return f"migration:{case.id}:{run.to_id[:16]}"


def _incidents(session: Session, keys: Sequence[str]) -> Mapping[str, Incident]:
    if not keys:
        return {}
    wanted = select(Incident).where(Incident.key.in_(keys), Incident.state != "resolved")
    return {incident.key: incident for incident in session.scalars(wanted)}


def _stays(session: Session, run: MigrationRun, one: Settled, key: str, now: datetime) -> None:
    told: dict[str, Any] = {"run": str(run.id), "state": one.state}
    by, case = run.started_by_id, one.case
    audit.record(session, case, at=now, actor_id=by, event=REFUSED_EVENT, subject=case.id, **told)
    if one.state == REFUSED:
        call_for(
            session,
            key=key,
            message=gettext(
                "This case stays on its version of the process. %(reason)s",
                reason=one.judged.sentence,
            ),
            now=now,
            about=one.judged.needs[0].element if one.judged.needs else "",
            role=OWNER,
            case_id=case.id,
        )
