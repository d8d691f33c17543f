"""Does what time owes: timers, reminders, escalations, retries and jobs, in the order of due.

Everything is found in the database, so nothing depends on a message arriving, and two workers
do no harm: each piece is done under the lock of its case and marked in the same commit.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from uuid import UUID

import structlog
from sqlalchemy import delete, exists, select
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from engine import access, audit, firing, membership, metrics, second_person, staffing, worklist
from engine.agenda import Due, Kind, next_due
from engine.application import Application
from engine.deputy import away
from engine.errors import CasetableError
from engine.incident import describe, resolve_incident
from engine.job import LOST, lost_before, reclaim_lost_calls, run_next_job
from engine.look import Look
from engine.models import Case, Draft, Incident, WorkItem, WorkItemState

LOG = structlog.get_logger()
MOST_CUT_OFF = 3
"""After so many pieces in a row that the database did not answer, it is away: look again later."""


def run_due(application: Application, *, limit: int = 10_000) -> int:
    """Do everything that is due now; return how many pieces were done.

    A piece that fails is set aside with an incident: it never keeps the others waiting (R15).
    """
    _keep_house(application)
    run = _Run(application, application.clock.now())
    while run.done < limit:
        with application.database.reading() as session:
            run.now = application.now(session)
            batch = run.look.batch(session, run.now)
        if not batch:
            break
        for group in run.look.groups(batch):
            run.do(group)
    return run.done


@dataclass
class _Run:
    """One look of a worker: what it has done, and what it has left."""

    application: Application
    now: datetime
    look: Look = field(default_factory=Look)
    done: int = 0
    cut_off: int = 0
    """Pieces in a row that the database did not answer."""

    def do(self, group: list[Due]) -> None:
        """Do one piece, or timers that follow each other."""
        if group[0].kind == "timer":
            self._fire(group)
        else:
            self._do_one(group[0])

    def _fire(self, group: list[Due]) -> None:
        """Fire as many as were found, the oldest first that nobody holds."""
        at_work = False
        for _ in range(0, len(group), firing.TOGETHER):
            try:
                fired = firing.fire_oldest(self.application, group[-1].at)
            except firing.TogetherError as error:
                at_work = True
                for timer in error.timers:
                    self._do_one(Due(timer.due_at, "timer", timer.id))
                continue
            except (OperationalError, InterfaceError) as error:
                self._failed(group[0], error)
                return
            at_work |= bool(fired.done)
            for timer in fired.done:
                self._done("timer", timer.due_at)
            if not fired.taken:
                break
        if not at_work:
            self.look.left.update(group)  # all are held, by others or by people

    def _do_one(self, due: Due) -> None:
        try:
            is_done = _DOING[due.kind](self.application, due.id)
        except _HeldError:
            self.look.is_shared = True
            is_done = False
        except Exception as error:  # noqa: BLE001 - the edge to every operator and row
            is_done = False
            self._failed(due, error)
        if is_done:
            self._done(due.kind, due.at)
        else:
            metrics.note_failed(due.kind)
            self.look.left.add(due)

    def _done(self, kind: Kind, at: datetime) -> None:
        self.done, self.cut_off = self.done + 1, 0
        metrics.note_done(kind, self.now - at)

    def _failed(self, due: Due, error: Exception) -> None:
        if isinstance(error, OperationalError | InterfaceError):
            self.cut_off += 1
            if self.cut_off >= MOST_CUT_OFF:
                raise error
            return
        _set_aside(self.application, due, error)


def _set_aside(application: Application, due: Due, error: Exception) -> None:
    """Give a piece that cannot be done an owner; what has none is tried at the next look."""
    known = describe(error)
    LOG.error("due_failed", kind=due.kind, id=str(due.id), error=str(known))
    if due.kind == "timer":
        firing.set_aside(application, due.id, known)
    elif due.kind == "retry":
        _give_up(application, due.id)


_OF_DONE_STEP: Final = exists().where(
    WorkItem.id == Draft.work_item_id, WorkItem.state != WorkItemState.OPEN.value
)
_HOUSE: Final = select(
    exists(LOST), exists(second_person.WAITING), exists().where(_OF_DONE_STEP).select_from(Draft)
)


def _keep_house(application: Application) -> None:
    """Do what has no instant of its own; one reading says whether there is any of it."""
    with application.database.reading() as session:
        given = {"before": lost_before(application, application.now(session))}
        is_lost, is_waiting, is_left_over = session.execute(_HOUSE, given).one()
        found = staffing.look(application, session)
    if is_lost:
        reclaim_lost_calls(application)
    if is_left_over:
        _sweep_drafts(application)
    staffing.tell(application, found)
    if is_waiting:
        second_person.watch(application)


def _sweep_drafts(application: Application) -> None:
    """Delete drafts of steps that are done: nobody can send or read them any more."""
    with application.database.transaction() as session:
        session.execute(delete(Draft).where(_OF_DONE_STEP))


def perform(application: Application, due: Due) -> bool:
    """Do one due thing; say whether it is done or somebody else's."""
    try:
        return _DOING[due.kind](application, due.id)
    except _HeldError:
        return False


class _HeldError(Exception):
    """The lock of the piece's case is held: another worker, or a person, is at this case now."""


def _locked_item(session: Session, item_id: UUID) -> tuple[WorkItem, Case] | None:
    """Load an open work item under its case's lock; None when it is done."""
    case = session.scalar(
        select(Case)
        .where(Case.id == select(WorkItem.case_id).where(WorkItem.id == item_id).scalar_subquery())
        .with_for_update(skip_locked=True, of=Case)
    )
    if case is None:
        raise _HeldError
    item = session.get_one(WorkItem, item_id, populate_existing=True)
    return (item, case) if item.state == WorkItemState.OPEN.value else None


def _remind(application: Application, item_id: UUID) -> bool:
    with application.database.transaction() as session:
        locked = _locked_item(session, item_id)
        if locked is None or locked[0].reminded_at is not None:
            return False
        item, case = locked
        now = application.now(session)
        item.reminded_at = now
        # At a desk the second person is told too, also when somebody has taken the step (P36).
        worklist.owe_notice(
            application, session, item, "work_item_reminder", now, everybody=item.desk
        )
        audit.record(
            session, case, at=now, actor_id=None, event="work_item:remind", subject=item.id
        )
        if item.escalated_at is None and not _somebody_is_there(session, item):
            _bring_before_second(application, session, item, case, now)
        return True


def _somebody_is_there(session: Session, item: WorkItem) -> bool:
    """Say whether anybody who could do a step is not away; else nobody would read it in time."""
    able = {account.id for account in access.able_accounts(session, item)}
    return bool(able - away(session, able))


def _escalate(application: Application, item_id: UUID) -> bool:
    """Bring an overdue work item before a second person (P36, L9)."""
    with application.database.transaction() as session:
        locked = _locked_item(session, item_id)
        if locked is None or locked[0].escalated_at is not None:
            return False
        item, case = locked
        _bring_before_second(application, session, item, case, application.now(session))
        return True


def _bring_before_second(
    application: Application, session: Session, item: WorkItem, case: Case, now: datetime
) -> None:
    item.escalated_at = now
    worklist.owe_notice(application, session, item, "work_item_overdue", now, role=item.escalate_to)
    audit.record(
        session,
        case,
        at=now,
        actor_id=None,
        event="work_item:escalate",
        subject=item.id,
        to=item.escalate_to,
    )


def _retry(application: Application, incident_id: UUID) -> bool:
    with application.database.reading() as session:
        incident = session.get(Incident, incident_id)
        if incident is None or incident.state != "open":
            return False
        key, stimulus = incident.key, dict(incident.stimulus)
        case_id = incident.case_id
    if stimulus.get("kind") == staffing.KIND:
        staffing.watch(application)
        return True
    if stimulus.get("kind") == second_person.KIND:
        second_person.watch(application)
        return _give_up(application, incident_id)
    if stimulus.get("kind") == "timer":
        return firing.retry(application, UUID(stimulus["timer_id"]), key)
    if stimulus.get("kind") in {"nobody_able", "membership"}:
        if case_id is not None:
            with membership.deed(application, case_id, None) as what:
                membership.check_able(what)
        return _give_up(application, incident_id)
    return _retry_answer(application, incident_id, stimulus)


def _retry_answer(application: Application, incident_id: UUID, stimulus: dict[str, Any]) -> bool:
    """Send a kept answer again, as it was sent the first time and not as it was changed since."""
    item_id, account_id = UUID(stimulus["work_item_id"]), UUID(stimulus["account_id"])
    with application.database.reading() as session:
        draft = session.get(Draft, (item_id, account_id))
    secret = application.settings.state_key
    if draft is None or worklist.answer_digest(secret, draft.values) != stimulus.get("answer"):
        return _give_up(application, incident_id)
    try:
        result = worklist.complete(application, item_id, account_id, draft.values, stimulus["key"])
    except CasetableError:
        return _give_up(application, incident_id)
    # The next retry of a postponed answer is owed already; a completed one has none.
    return True if isinstance(result, worklist.Postponed) else _give_up(application, incident_id)


def _give_up(application: Application, incident_id: UUID) -> bool:
    """Hand an incident to its owner; one whose step is done or no longer needed is over."""
    with application.database.transaction() as session:
        incident = session.get_one(Incident, incident_id)
        if incident.state != "open":
            return True
        now = application.now(session)
        incident.state, incident.retry_at = "waiting_for_owner", None
        text = incident.stimulus.get("work_item_id")
        item = session.get(WorkItem, UUID(text)) if text else None
        if item is not None and item.state != WorkItemState.OPEN.value:
            resolve_incident(session, incident.key, now)
    return True


_DOING: Final[dict[Kind, Callable[[Application, UUID], bool]]] = {
    "timer": firing.fire,
    "reminder": _remind,
    "escalation": _escalate,
    "retry": _retry,
    "job": lambda application, _: run_next_job(application),
}


class MovableClock(Protocol):
    """A clock of tests, scenarios or a demo database."""

    def now(self) -> datetime:
        """Return the current instant."""
        ...

    def set(self, instant: datetime) -> None:
        """Move forward to `instant`."""
        ...


def advance(application: Application, clock: MovableClock, target: datetime) -> int:
    """Move a test clock to `target`, stopping at each due instant so that all happens in time."""
    done = run_due(application)
    while True:
        with application.database.reading() as session:
            # What is due already has just been tried: later instants alone let the clock go on.
            upcoming = next_due(session, clock.now())
        if upcoming is None or upcoming > target:
            break
        clock.set(max(upcoming, clock.now()))
        done += run_due(application)
    clock.set(max(target, clock.now()))
    return done + run_due(application)
