"""Brings a moved case back: exactly where it has not moved on since, else by its position."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from engine.application import Application
from engine.bpmn import Instance, Scope, unseal
from engine.deployment import ResolvedDeployment
from engine.errors import CasetableError
from engine.migrating.judging import Carried, Judge, Judged
from engine.migrating.moving import MOVED, digest, lock_running, move, settle, write
from engine.migrating.owing import renewed
from engine.models import InstanceMove, MigrationRun, ProcessInstance
from engine.running import Reader


def bring_back(
    application: Application, judge: Judge, run_id: UUID, reverted: UUID, case_id: UUID
) -> str:
    """Bring one case back; return what became of it.

    A case that has moved on since is moved back like any other, with the proof that goes with it.
    """
    try:
        with application.database.transaction() as session:
            state = _exactly(application, session, judge, run_id, reverted, case_id)
    except (OperationalError, InterfaceError):
        raise
    except CasetableError:
        state = ""  # judged anew below, which says in words what stands in the way
    return state or move(application, judge, run_id, case_id)


def _exactly(
    application: Application,
    session: Session,
    judge: Judge,
    run_id: UUID,
    reverted: UUID,
    case_id: UUID,
) -> str:
    run = session.get_one(MigrationRun, run_id)
    rows = lock_running(session, case_id, run.from_id)
    moves = {
        one.instance_id: one
        for one in session.scalars(
            select(InstanceMove).where(
                InstanceMove.run_id == reverted, InstanceMove.case_id == case_id
            )
        )
    }
    here = {row.id for row in rows}
    unchanged = all(
        row.id in moves and digest(row.blob) == moves[row.id].after_hash for row in rows
    )
    if not rows or here != moves.keys() or not unchanged:
        return ""
    places = judge.places_of(session, rows)
    for row in rows:
        instance = _as_it_was(application, session, row, moves[row.id], judge.sides.new)
        items = list(renewed(row.open_items, instance, judge.sides.old, judge.sides.new))
        write(application, session, run, Carried(row, instance, items))
    return settle(application, session, run, rows[0].case, Judged((), places), MOVED)


def _as_it_was(
    application: Application,
    session: Session,
    row: ProcessInstance,
    moved: InstanceMove,
    former: ResolvedDeployment,
) -> Instance:
    profile = former.profile
    scope = Scope(application.now(session), profile.zone, {"profile": profile.values})
    blob = unseal(moved.before, application.settings.state_key)
    return Instance.load(former.program(row.process_id), blob, Reader(), scope)
