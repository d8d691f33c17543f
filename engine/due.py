"""Does what time owes: timers, reminders, escalations, retries and jobs, in the order of due.

Everything is found in the database, so nothing depends on a message arriving, and two workers
do no harm: each piece is done under the lock of its case and marked in the same commit.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from secrets import SystemRandom
from typing import Any, Final, Literal, Protocol
from uuid import UUID

import structlog
from sqlalchemy import (
    CursorResult,
    Uuid,
    bindparam,
    delete,
    exists,
    func,
    literal,
    literal_column,
    select,
    union_all,
    update,
)
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.orm import Session

from engine import access, audit, membership, metrics, second_person, staffing, worklist
from engine.application import Application
from engine.deputy import away
from engine.errors import CasetableError, StateError
from engine.incident import describe, raise_incident, resolve_incident
from engine.job import reclaim_lost_calls, run_next_job
from engine.lock import lock_instance
from engine.models import (
    Case,
    Draft,
    Incident,
    InstanceState,
    Job,
    ProcessInstance,
    Timer,
    TimerState,
    WorkItem,
    WorkItemState,
)
from engine.turn import Turn, take_turn

LOG = structlog.get_logger()
Kind = Literal["timer", "reminder", "escalation", "retry", "job"]
BATCH = 50
SHARED = 8
"""Times a batch: of so much each of several workers takes a part, so that they seldom meet."""
RANDOM: Final = SystemRandom()
MOST_CUT_OFF = 3
"""After so many pieces in a row that the database did not answer, it is away: look again later."""


@dataclass(frozen=True, order=True)
class Due:
    """One thing that time owes."""

    at: datetime
    kind: Kind
    id: UUID


def _branch(kind: Kind, at: Any, row_id: Any, *conditions: Any) -> Any:
    """Return the oldest rows of one kind; each part of the union reads only its own index."""
    return (
        select(literal(kind).label("kind"), at.label("at"), row_id.label("id"))
        .where(*conditions, at > bindparam("after"), at <= bindparam("until"))
        .order_by(at)
        .limit(bindparam("most"))
        .subquery()
        .select()
    )


def written(column: Any, code: str) -> Any:
    """Return the condition that a column has a code of the program, with the code written out.

    SQLite uses a partial index only for a condition that it can read.
    """
    return column == literal_column(f"'{code}'")


_OWED: Final = union_all(
    _branch("timer", Timer.due_at, Timer.id, written(Timer.state, TimerState.WAITING.value)),
    _branch(
        "reminder",
        WorkItem.remind_at,
        WorkItem.id,
        written(WorkItem.state, WorkItemState.OPEN.value),
        WorkItem.reminded_at.is_(None),
    ),
    _branch(
        "escalation",
        WorkItem.due_at,
        WorkItem.id,
        written(WorkItem.state, WorkItemState.OPEN.value),
        WorkItem.escalated_at.is_(None),
    ),
    _branch("retry", Incident.retry_at, Incident.id, written(Incident.state, "open")),
    _branch("job", Job.run_after, Job.id, written(Job.state, "waiting")),
)
_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


def _owed(session: Session, after: datetime, until: datetime, most: int) -> list[Due]:
    rows = session.execute(_OWED, {"after": after, "until": until, "most": most})
    return sorted(Due(at, kind, row_id) for kind, at, row_id in rows)[:most]


def find_due(session: Session, until: datetime, limit: int = BATCH) -> list[Due]:
    """Return what is due at `until`, oldest first, by one statement."""
    return _owed(session, _EARLIEST, until, limit)


def next_due(session: Session, after: datetime | None = None) -> datetime | None:
    """Return the next instant (later than `after`) at which something is due."""
    found = _owed(session, after or _EARLIEST, _LATEST, 1)
    return found[0].at if found else None


def run_due(application: Application, *, limit: int = 10_000) -> int:
    """Do everything that is due now; return how many pieces were done.

    A piece that fails is set aside with an incident: it never keeps the others waiting (R15).
    """
    done = 0
    reclaim_lost_calls(application)
    sweep_drafts(application)
    staffing.watch(application)
    second_person.watch(application)
    look = _Look()
    cut_off = 0
    while done < limit:
        with application.database.reading() as session:
            now = application.now(session)
            batch = look.batch(session, now)
        if not batch:
            return done
        for due in look.until_it_meets_another(batch):
            try:
                is_done = _perform(application, due)
            except _HeldError:
                look.is_shared = True
                is_done = False
            except (OperationalError, InterfaceError):
                cut_off += 1
                if cut_off >= MOST_CUT_OFF:
                    raise
                is_done = False
            except Exception as error:  # noqa: BLE001 - the edge to every operator and row
                _set_aside(application, due, error)
                is_done = False
            if is_done:
                done, cut_off = done + 1, 0
                metrics.note_done(due.kind, now - due.at)
            else:
                metrics.note_failed(due.kind)
                look.left.add(due)
    return done


class _HeldError(Exception):
    """The lock of the piece's case is held: another worker, or a person, is at this case now."""


@dataclass
class _Look:
    """What one look has left, and whether others look at the same time."""

    left: set[Due] = field(default_factory=set)
    is_shared: bool = False

    def until_it_meets_another(self, batch: list[Due]) -> Iterator[Due]:
        """Yield the pieces; where another worker has turned up, what it takes too is let go."""
        was_shared = self.is_shared
        for due in batch:
            if self.is_shared and not was_shared:
                return
            yield due

    def batch(self, session: Session, now: datetime) -> list[Due]:
        """Return the next pieces, oldest first, without those that were left.

        Workers that take the same oldest pieces would wait for each other's locks and find half
        of them done. As soon as one meets another, it takes a random part of more than it does.
        """
        most = BATCH * (SHARED if self.is_shared else 1)
        # As many more as were left: the oldest must not hide the rest.
        owed = find_due(session, now, most + len(self.left))
        # What is owed no longer, because somebody else did it, need not be known any more.
        self.left.intersection_update(owed)
        owed = [due for due in owed if due not in self.left]
        return _part(owed) if self.is_shared else owed


def _part(owed: list[Due]) -> list[Due]:
    """Return a random part; what is owed of one step stays together, so that its order holds."""
    ids = sorted({due.id for due in owed})
    chosen = set(RANDOM.sample(ids, min(BATCH, len(ids))))
    return [due for due in owed if due.id in chosen]


def _set_aside(application: Application, due: Due, error: Exception) -> None:
    """Give a piece that cannot be done an owner; what has none is tried at the next look."""
    known = describe(error)
    LOG.error("due_failed", kind=due.kind, id=str(due.id), error=str(known))
    if due.kind == "timer":
        _incident(application, due.id, known)
    elif due.kind == "retry":
        _give_up(application, due.id)


def sweep_drafts(application: Application) -> None:
    """Delete drafts of steps that are done: nobody can send or read them any more."""
    left = exists().where(
        WorkItem.id == Draft.work_item_id, WorkItem.state != WorkItemState.OPEN.value
    )
    with application.database.reading() as session:
        if session.scalar(select(Draft.work_item_id).where(left).limit(1)) is None:
            return
    with application.database.transaction() as session:
        session.execute(delete(Draft).where(left))


def perform(application: Application, due: Due) -> bool:
    """Do one due thing; say whether it is done or somebody else's."""
    try:
        return _perform(application, due)
    except _HeldError:
        return False


def _perform(application: Application, due: Due) -> bool:
    if due.kind == "timer":
        return _fire(application, due.id)
    if due.kind == "reminder":
        return _remind(application, due.id)
    if due.kind == "escalation":
        return _escalate(application, due.id)
    if due.kind == "retry":
        return _retry(application, due.id)
    return run_next_job(application)


def _fire(application: Application, timer_id: UUID) -> bool:
    """Let the diagram see that a timer is due; firing twice is impossible under the lock."""
    try:
        with application.database.transaction() as session:
            row = _lock_of(session, timer_id, skip_locked=True)
            if row is None:
                raise _HeldError
            timer = session.execute(_TIMER, {"timer_id": timer_id}).one()
            if timer.state != TimerState.WAITING.value:
                return False
            if row.status != InstanceState.RUNNING.value:
                _move(session, timer_id, TimerState.WAITING, TimerState.CANCELLED)
                return False
            was_armed = timer.token in row.timers
            take_turn(application, session, row, lambda turn: _note_firing(turn, timer))
            if timer.token in row.timers or not was_armed:
                # Else it would be tried, and written down as fired, at each look for ever.
                raise StateError("The process does not wait for this timer.")
            return True
    except _EarlyError:
        return False
    except CasetableError as error:
        _incident(application, timer_id, error)
        return False


class _EarlyError(Exception):
    """The timer is not due, whoever asks; the turn leaves nothing."""


_TIMER: Final = select(Timer.id, Timer.token, Timer.element_id, Timer.due_at, Timer.state).where(
    Timer.id == bindparam("timer_id", type_=Uuid())
)


def _lock_of(
    session: Session, timer_id: UUID, *, skip_locked: bool = False
) -> ProcessInstance | None:
    return lock_instance(session, timer_id, of=Timer, skip_locked=skip_locked)


def _note_firing(turn: Turn, timer: Any) -> None:
    if timer.due_at > turn.now:
        raise _EarlyError
    turn.audit("case:timer:fire", timer.id, element=timer.element_id)


def _move(session: Session, timer_id: UUID, before: TimerState, after: TimerState) -> bool:
    """Change the state of a timer whose case is locked; say whether it was as expected."""
    changed = session.execute(
        update(Timer)
        .where(Timer.id == timer_id, Timer.state == before.value)
        .values(state=after.value)
    )
    return isinstance(changed, CursorResult) and changed.rowcount == 1


def _incident(application: Application, timer_id: UUID, error: CasetableError) -> None:
    """Stop trying a failing timer at each look: the incident's retry takes it up again."""
    with application.database.transaction() as session:
        _lock_of(session, timer_id)
        # Something else may have fired or cancelled it between the failure and this lock.
        if not _move(session, timer_id, TimerState.WAITING, TimerState.BLOCKED):
            return
        timer = session.get_one(Timer, timer_id)
        raise_incident(
            session,
            key=f"timer:{timer_id}",
            error=error,
            now=application.now(session),
            instance_id=timer.instance_id,
            element_id=timer.element_id,
            stimulus={"kind": "timer", "timer_id": str(timer_id)},
        )


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
        return _retry_timer(application, UUID(stimulus["timer_id"]), key)
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


def _retry_timer(application: Application, timer_id: UUID, key: str) -> bool:
    with application.database.transaction() as session:
        _lock_of(session, timer_id)
        _move(session, timer_id, TimerState.BLOCKED, TimerState.WAITING)
    fired = _fire(application, timer_id)
    with application.database.transaction() as session:
        _lock_of(session, timer_id)
        state = session.get_one(Timer, timer_id).state
        if state in {TimerState.FIRED.value, TimerState.CANCELLED.value}:
            resolve_incident(session, key, application.now(session))
            return True
    return fired


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


def count_due(session: Session, now: datetime) -> int:
    """Return how many timers are due, for the health page."""
    return (
        session.scalar(
            select(func.count())
            .select_from(Timer)
            .where(written(Timer.state, TimerState.WAITING.value), Timer.due_at <= now)
        )
        or 0
    )


def running_instances(session: Session) -> int:
    """Return how many process instances run, for the health page."""
    return (
        session.scalar(
            select(func.count())
            .select_from(ProcessInstance)
            .where(written(ProcessInstance.status, InstanceState.RUNNING.value))
        )
        or 0
    )
