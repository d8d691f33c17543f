"""A run: asked for, planned on copies, carried out in slices, taken up again after a kill.

What is kept of it for the pages is positions and counts; which case it was stands with the case.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from time import monotonic
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from engine import audit
from engine.application import Application
from engine.errors import CasetableError, ConflictError, InputError, NotFoundError
from engine.language.telling import message_of, told
from engine.migrating.judging import Judge
from engine.migrating.moving import AT_ONCE, judge_many, move, move_many
from engine.migrating.places import Sides, written
from engine.migrating.planned import Planned, group
from engine.migrating.reverting import JudgeOfReturn
from engine.models import (
    Deployment,
    InstanceState,
    Job,
    MigrationOutcome,
    MigrationRun,
    ProcessInstance,
)
from engine.proof.explorer import undisturbed

JOB: Final = "migration"
SLICE_SECONDS: Final = 20.0
"""A job has to be back before it counts as lost (engine/job.py)."""


def ask(
    application: Application,
    by: UUID,
    from_id: str,
    to_id: str,
    chosen: Mapping[str, str],
    *,
    by_worker: bool = True,
) -> UUID:
    """Ask for a plan, which a worker makes; raise InputError naming the mend."""
    with application.database.transaction() as session:
        places = written(sides(application, session, from_id, to_id).read(chosen))
        now = application.now(session)
        run = MigrationRun(
            from_id=from_id, to_id=to_id, places=places, asked_by_id=by, asked_at=now
        )
        session.add(run)
        session.flush()
        _record(session, run, by, now, "migration:run:ask")
        if by_worker:
            _owe(session, run, now)
        return run.id


def sides(application: Application, session: Session, from_id: str, to_id: str) -> Sides:
    """Return the two drawings of a run; raise InputError unless they are of one profile."""
    if from_id == to_id:
        raise InputError(told("The cases are on this version already; choose another one."))
    found = [session.get(Deployment, one) for one in (from_id, to_id)]
    if None in found:
        raise NotFoundError(told("There is no such version of the processes."))
    if found[0].profile != found[1].profile:  # type: ignore[union-attr]
        raise InputError(told("Cases move between versions of one profile only."))
    known = application.deployments
    return Sides(known.get(session, from_id), known.get(session, to_id))


def find(session: Session, run_id: UUID) -> MigrationRun:
    """Return a run."""
    run = session.get(MigrationRun, run_id)
    if run is None:
        raise NotFoundError(told("There is no such run."))
    return run


def begin(application: Application, run_id: UUID, by: UUID, *, by_worker: bool = True) -> None:
    """Let a planned run be carried out."""
    with application.database.transaction() as session:
        run = _locked(session, run_id)
        if run.state != "planned":
            raise ConflictError(told("This run is under way or over; look at what it did."))
        now = application.now(session)
        run.state, run.started_by_id, run.started_at = "running", by, now
        run.done, run.result = 0, {"groups": []}
        _record(session, run, by, now, "migration:run:begin")
        if by_worker:
            _owe(session, run, now)


def revert(application: Application, run_id: UUID, by: UUID) -> UUID:
    """Begin a run that brings the cases of another one back to the version that they had."""
    with application.database.transaction() as session:
        before = _locked(session, run_id)
        if before.state != "done":
            raise ConflictError(told("This run is not over yet; wait for its end."))
        again = select(MigrationRun.id).where(MigrationRun.reverts_id == run_id)
        if session.scalar(again) is not None:
            raise ConflictError(told("This run is being brought back, or was already."))
        now = application.now(session)
        back = {
            f"{key.rpartition(':')[0]}:{target}": key.rpartition(":")[2]
            for key, target in before.places.items()
        }
        run = MigrationRun(
            from_id=before.to_id,
            to_id=before.from_id,
            places=back,
            reverts_id=run_id,
            state="running",
            result={"groups": []},
            asked_by_id=by,
            asked_at=now,
            started_by_id=by,
            started_at=now,
        )
        session.add(run)
        session.flush()
        _record(session, run, by, now, "migration:run:revert")
        _owe(session, run, now)
        return run.id


# -- the work --------------------------------------------------------------------------------------


class Work:
    """What a worker does for one run; its proofs are kept from one slice to the next."""

    def __init__(self, application: Application, run_id: UUID) -> None:
        self._application = application
        self._id = run_id
        with application.database.reading() as session:
            run = find(session, run_id)
            self.state = run.state
            self._reverts = run.reverts_id
            self._from = run.from_id
            both = sides(application, session, run.from_id, run.to_id)
            places = both.read(run.places)
        if self._reverts is not None:
            self.judge: Judge = JudgeOfReturn(application, both, places, self._reverts)
        else:
            self.judge = Judge(application, both, places)

    def plan(self, seconds: float = SLICE_SECONDS) -> bool:
        """Judge cases on copies for a while; keep what would happen, by group; say if it is all."""
        until, over = monotonic() + seconds, True
        with self._application.database.reading() as session:
            so_far = Planned.read(find(session, self._id).plan)
            cases = list(session.scalars(_cases(self._from, so_far.after)))
        for some in _slices(cases):
            with undisturbed(), self._application.database.reading() as session:
                so_far.count(some, judge_many(session, self.judge, some, self._from, until))
            if monotonic() > until:
                over = False
                break
        with self._application.database.transaction() as session:
            run = _locked(session, self._id)
            run.plan = so_far.written(self.judge.proving.proved, over=over)
            if over:
                run.state, run.total = "planned", so_far.total
        return over

    def carry_out(self, seconds: float = SLICE_SECONDS) -> bool:
        """Move cases for a while, some in each transaction; say whether none is left."""
        until = monotonic() + seconds
        for some in _slices(self._left()):
            with undisturbed():
                left = move_many(self._application, self.judge, self._id, some, until)
            for case_id in left:
                move(self._application, self.judge, self._id, case_id)
                if monotonic() > until:
                    break
            if monotonic() > until:
                self.tell()
                return False
        self.tell(over=True)
        return True

    def _left(self) -> list[UUID]:
        done = select(MigrationOutcome.case_id).where(MigrationOutcome.run_id == self._id)
        wanted = _cases(self._from)
        if self._reverts is not None:
            wanted = select(MigrationOutcome.case_id).where(
                MigrationOutcome.run_id == self._reverts, MigrationOutcome.state == "moved"
            )
        with self._application.database.transaction() as session:
            decided = set(session.scalars(done))
            cases = [one for one in session.scalars(wanted) if one not in decided]
            find(session, self._id).total = len(cases) + len(decided)
        return cases

    def tell(self, *, over: bool = False) -> None:
        """Keep what has happened so far, by group."""
        asked = (MigrationOutcome.places, MigrationOutcome.state, MigrationOutcome.sentence)
        counts = (
            select(*asked, func.count())
            .where(MigrationOutcome.run_id == self._id)
            .group_by(*asked)
            .order_by(func.count().desc(), *asked)
        )
        with self._application.database.transaction() as session:
            run = _locked(session, self._id)
            groups = [
                group(places, state, sentence, count)
                for places, state, sentence, count in session.execute(counts)
            ]
            run.result = {"groups": groups}
            run.done = sum(group["count"] for group in groups)
            if over:
                now = self._application.now(session)
                run.state, run.finished_at, run.total = "done", now, run.done
                _record(session, run, run.started_by_id, now, "migration:run:end", cases=run.done)


def work(application: Application, run_id: UUID, seconds: float = SLICE_SECONDS) -> bool:
    """Do what a run waits for; say whether it is over. What goes wrong is told on its page."""
    try:
        found = Work(application, run_id)
        if found.state == "planning":
            return found.plan(seconds)
        if found.state == "running":
            return found.carry_out(seconds)
    except CasetableError as error:
        with application.database.transaction() as session:
            run = _locked(session, run_id)
            run.state, run.problem = "failed", message_of(error)
    return True


def go_on(session: Session, run_id: UUID, now: datetime) -> None:
    """Owe the next slice of a run."""
    _owe(session, find(session, run_id), now)


def unfinished(
    session: Session, from_id: str, to_id: str, places: Mapping[str, Any]
) -> UUID | None:
    """Return a run of the same that was cut off."""
    wanted = select(MigrationRun).where(
        MigrationRun.from_id == from_id,
        MigrationRun.to_id == to_id,
        MigrationRun.state == "running",
        MigrationRun.reverts_id.is_(None),
    )
    found = (run for run in session.scalars(wanted).unique() if run.places == dict(places))
    return next((run.id for run in found), None)


def _cases(deployment_id: str, after: UUID | None = None) -> Select[UUID]:
    found = (
        select(ProcessInstance.case_id)
        .where(
            ProcessInstance.deployment_id == deployment_id,
            ProcessInstance.status == InstanceState.RUNNING.value,
        )
        .distinct()
        .order_by(ProcessInstance.case_id)
    )
    return found if after is None else found.where(ProcessInstance.case_id > after)


def _slices(cases: list[UUID]) -> Iterator[list[UUID]]:
    return (cases[start : start + AT_ONCE] for start in range(0, len(cases), AT_ONCE))


def _locked(session: Session, run_id: UUID) -> MigrationRun:
    run = session.scalar(
        select(MigrationRun)
        .where(MigrationRun.id == run_id)
        .with_for_update(of=MigrationRun)
        .execution_options(populate_existing=True)
    )
    if run is None:
        raise NotFoundError(told("There is no such run."))
    return run


def _record(
    session: Session,
    run: MigrationRun,
    by: UUID | None,
    now: datetime,
    event: str,
    **more: Any,
) -> None:
    told = {"old": run.from_id, "new": run.to_id, "places": run.places, **more}
    audit.record(session, None, at=now, actor_id=by, event=event, subject=run.id, **told)


def _owe(session: Session, run: MigrationRun, now: datetime) -> None:
    session.add(
        Job(
            kind=JOB,
            key=f"migration:{run.id}:{uuid4().hex[:8]}",
            payload={"run_id": str(run.id)},
            run_after=now,
            created_at=now,
        )
    )
