"""Moves cases under their locks: many in one transaction, and one by one where that fails.

What many cases need is judged and proved before any lock is taken. Under the locks only those are
written that are as they were judged; whoever is at work in a case keeps it, and it is moved later
by itself. Threat: one case that cannot be written would take the others with it; so a transaction
that fails is taken back whole, and its cases are moved one by one.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from time import monotonic
from typing import Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.orm.attributes import set_committed_value

from engine.application import Application
from engine.errors import CasetableError
from engine.incident import describe
from engine.language.telling import message_of
from engine.lock import lock_instance
from engine.migrating.judging import MOVES, WAITS, Judge, Judged
from engine.migrating.proving import NotProvedError
from engine.migrating.writing import MOVED, REFUSED, WAITING, Settled, settle, write
from engine.models import Case, InstanceState, MigrationOutcome, MigrationRun, ProcessInstance
from engine.session import LOCKED
from engine.turn import take_turn

AT_ONCE: Final = 50
"""So many cases are locked together: for some tenths of a second, which a person may wait."""
MOST_TRIES: Final = 3
"""A case that moves on each time while it is proved is proved under its lock in the end."""


def move_many(
    application: Application, judge: Judge, run_id: UUID, cases: Sequence[UUID], until: float
) -> list[UUID]:
    """Move cases together; return those that have to be moved one by one.

    Cases that are not judged by `until` (of the monotonic clock) are left alone.
    """
    with application.database.reading() as session:
        run = session.get_one(MigrationRun, run_id)
        judged = dict(judge_many(session, judge, cases, run.from_id, until))
    ready = {case_id: one for case_id, one in judged.items() if one is not None}
    try:
        with application.database.transaction() as session:
            seen_to, waiting = _moved_together(application, session, judge, run_id, ready)
    except Exception:  # noqa: BLE001 - each is tried again by itself, which says what is wrong
        return list(judged)
    _hear(application, waiting)
    return [case_id for case_id in judged if case_id not in seen_to]


def judge_many(
    session: Session, judge: Judge, cases: Sequence[UUID], deployment_id: str, until: float
) -> Iterator[tuple[UUID, Judged | None]]:
    """Judge cases until it is late, at least one; None for one that cannot even be read.

    A case of which nothing runs on the deployment any more is left out.
    """
    wanted = _with_items(_running(cases, deployment_id))
    rows = list(session.scalars(wanted).unique())
    # Held until all are judged: each open step asks whose file its case is.
    held = session.scalars(select(Case).where(Case.id.in_({row.case_id for row in rows}))).unique()
    files = {case.id: case for case in held}
    for row in rows:
        set_committed_value(row, "case", files[row.case_id])
    seen = judge.see(session, rows)
    for case_id, found in groupby(rows, lambda row: row.case_id):
        try:
            yield case_id, judge.case(session, list(found), seen)
        except (OperationalError, InterfaceError):
            raise
        except Exception:  # noqa: BLE001 - the edge to every drawing and row
            yield case_id, None
        if monotonic() > until:
            return


def _moved_together(
    application: Application,
    session: Session,
    judge: Judge,
    run_id: UUID,
    judged: Mapping[UUID, Judged],
) -> tuple[set[UUID], list[UUID]]:
    """Return which cases were seen to, and which instances may hear something now."""
    run = session.get_one(MigrationRun, run_id)
    rows = _lock_many(session, list(judged), run.from_id)
    decided = set(
        session.scalars(
            select(MigrationOutcome.case_id).where(
                MigrationOutcome.run_id == run_id, MigrationOutcome.case_id.in_(rows)
            )
        )
    )
    same = {
        case_id: found
        for case_id, found in rows.items()
        if case_id not in decided
        and {row.id: row.revision for row in found} == judged[case_id].revisions
    }
    carried = [
        judge.again(one, row)
        for case_id, found in same.items()
        for one in judged[case_id].carried
        for row in found
        if row.id == one.row.id
    ]
    write(application, session, run, carried)
    settled = [
        Settled(found[0].case, judged[case_id], _state(judged[case_id]))
        for case_id, found in same.items()
    ]
    settle(application, session, run, settled)
    waiting = [one.row.id for one in carried if one.row.pending_messages and one.row.awaited]
    return decided | same.keys(), waiting


def _state(judged: Judged) -> str:
    return {MOVES: MOVED, WAITS: WAITING}.get(judged.verdict, REFUSED)


def _lock_many(
    session: Session, cases: Sequence[UUID], deployment_id: str
) -> dict[UUID, list[ProcessInstance]]:
    """Lock the cases that nobody is at work in; return their running instances of a deployment."""
    free = {
        case.id: case
        for case in session.scalars(
            select(Case)
            .where(Case.id.in_(cases))
            .order_by(Case.id)
            .with_for_update(of=Case, skip_locked=True)
            .execution_options(populate_existing=True)
        )
    }
    session.info.setdefault(LOCKED, set()).update(free)
    # A second statement, so that it sees what the last holders of the locks have committed.
    wanted = _with_items(_running(list(free), deployment_id))
    found: dict[UUID, list[ProcessInstance]] = {}
    for row in session.scalars(wanted.execution_options(populate_existing=True)).unique():
        set_committed_value(row, "case", free[row.case_id])
        found.setdefault(row.case_id, []).append(row)
    return found


# -- one by one ------------------------------------------------------------------------------------


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
                rows = list(session.scalars(_running([case_id], run.from_id)).unique())
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
    rows = _lock(session, case_id, run.from_id)
    if not rows or _is_decided(session, run_id, case_id):
        return "", []
    judged = judge.case(session, rows)
    write(application, session, run, judged.carried)
    state = _state(judged)
    settle(application, session, run, [Settled(rows[0].case, judged, state)])
    if state != MOVED:
        return state, []
    return state, [row.id for row in rows if row.pending_messages and row.awaited]


def _running(cases: Sequence[UUID], deployment_id: str) -> Select[ProcessInstance]:
    """Return the question for the running instances of cases on a deployment."""
    return (
        select(ProcessInstance)
        .where(
            ProcessInstance.case_id.in_(cases),
            ProcessInstance.deployment_id == deployment_id,
            ProcessInstance.status == InstanceState.RUNNING.value,
        )
        .order_by(ProcessInstance.case_id, ProcessInstance.started_at, ProcessInstance.id)
    )


def _with_items(wanted: Select[ProcessInstance]) -> Select[ProcessInstance]:
    return wanted.options(
        joinedload(ProcessInstance.episode), joinedload(ProcessInstance.open_items)
    )


def _lock(session: Session, case_id: UUID, deployment_id: str) -> list[ProcessInstance]:
    """Lock a case and return its running instances of a deployment, the earliest first."""
    wanted = _running([case_id], deployment_id).with_only_columns(ProcessInstance.id)
    found = [lock_instance(session, instance_id) for instance_id in session.scalars(wanted).all()]
    # Looked at again under the lock: another turn may have ended one of them in between.
    return [
        row
        for row in found
        if row.status == InstanceState.RUNNING.value and row.deployment_id == deployment_id
    ]


def _is_decided(session: Session, run_id: UUID, case_id: UUID) -> bool:
    """Say whether a run that was cut off has seen to this case already."""
    wanted = select(MigrationOutcome.id).where(
        MigrationOutcome.run_id == run_id, MigrationOutcome.case_id == case_id
    )
    return session.scalar(wanted) is not None


def _refused_by(
    application: Application, session: Session, run_id: UUID, case_id: UUID, error: CasetableError
) -> str:
    run = session.get_one(MigrationRun, run_id)
    rows = _lock(session, case_id, run.from_id)
    if not rows or _is_decided(session, run_id, case_id):
        return ""
    judged = Judged((), (), REFUSED, message_of(error))
    settle(application, session, run, [Settled(rows[0].case, judged, REFUSED)])
    return REFUSED


def _hear(application: Application, waiting: Sequence[UUID]) -> None:
    """Let moved instances hear what waited for them, in a turn like any other."""
    for instance_id in waiting:
        try:
            with application.database.transaction() as session:
                row = lock_instance(session, instance_id)
                if row.status == InstanceState.RUNNING.value:
                    take_turn(application, session, row, lambda _: None)
        except CasetableError:
            continue  # the message waits for the next turn, as before
