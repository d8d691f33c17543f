"""M4: what is due among a million timers, and how many a worker process fires in a second."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from statistics import median
from uuid import UUID

from sqlalchemy import func, select, text, update

from benchmarks import crowd
from benchmarks.harness import Figure, figure, measure, single
from benchmarks.place import Place, place, play
from engine import agenda
from engine.models import Case, CaseMember, Incident, Job, ProcessInstance, Timer, TimerState
from engine.pending_rows import table_of

WAITING = 1_000_000
INSTANCES = 1000
SPREAD_DAYS = 730
FIRED = 4000
RUNS = 3
WORKER = (sys.executable, "-c", "from engine.commandline import main; main()", "worker")
FAR = datetime(2900, 1, 1, tzinfo=UTC)
READY_SECONDS = 4
LIMIT_SECONDS = 300
TO_THE_WAIT = ("intake_to_multi_agency", "analysis_to_plan", "plan_to_implementation")
"""A case that has a plan and waits for its next check-in, and owes nothing else."""


def run(kind: str, *, quick: bool) -> list[Figure]:
    """Take the figures of one database; two workers write at once on PostgreSQL alone."""
    return [*_finding(kind, quick=quick), *_firing(kind, quick=quick)]


def _finding(kind: str, *, quick: bool) -> list[Figure]:
    waiting = WAITING // (100 if quick else 1)
    with place(kind) as found:
        play(found.player(), *TO_THE_WAIT)
        # With all steps that were done: none of them may make a look longer.
        crowd.copy_case(found, _case(found), range(1, INSTANCES + 1), models=crowd.WITH_HISTORY)
        add_timers(found, waiting // INSTANCES)
        found.count_rows()
        now = found.clock.now()
        with found.application.database.reading() as session:
            owed = agenda.count_due(session, now)
            times = [measure(lambda: _find(found, now))[0] for _ in range(60)][10:]
    what = f"what is due ({owed}) among {waiting} waiting timers, {kind}"
    return [figure("M4", what, times, unit="ms", goal="<= 5")]


def _find(found: Place, now: datetime) -> None:
    with found.application.database.reading() as session:
        if not agenda.find_due(session, now):
            raise SystemExit("Nothing was due.")


def _case(found: Place) -> UUID:
    with found.application.database.reading() as session:
        return session.scalars(select(Case.id)).one()


def add_timers(found: Place, each: int) -> None:
    """Add waiting timers to all instances: one each is overdue, the rest comes later."""
    with found.application.database.transaction() as session:
        connection = session.connection()
        lite = connection.dialect.name == "sqlite"
        own = "lower(hex(randomblob(16)))" if lite else "gen_random_uuid()"
        days = f"(n.i * {crowd.FACTOR}) % {SPREAD_DAYS * 86400}"
        at = crowd.instant(connection, f"CASE WHEN n.i = 1 THEN -3600 ELSE 60 + {days} END")
        connection.execute(
            text(
                "INSERT INTO timer (id, instance_id, token, occurrence, process_id, element_id, "  # noqa: S608 - our own words
                f"rule, due_at, state) SELECT {own}, p.id, 'more' || n.i, 1, "
                f"'implementation', 'check_in_due', 'P1M', {at}, 'waiting' "
                f"FROM process_instance p CROSS JOIN {crowd.numbers_between(connection)}"
            ),
            {"first": 1, "last": each, "now": crowd.as_given(found.clock.now())},
        )


def _firing(kind: str, *, quick: bool) -> list[Figure]:
    count, runs = (200, 1) if quick else (FIRED, RUNS)
    # What the diagram waits for lies in the past of the machine: it fires when the row does.
    start = datetime.now(UTC).replace(hour=8, minute=0) - timedelta(days=400)
    with place(kind, start) as found:
        play(found.player(), *TO_THE_WAIT)
        template = _put_aside(found)
        speeds: dict[int, list[float]] = {1: [], 2: []}
        first = 1
        for _ in range(runs):
            for workers in (1, 2) if kind == "postgres" else (1,):
                numbers = range(first, first + count * workers)
                first = numbers.stop
                _ready(found, template, numbers)
                speeds[workers].append(_speed(found, template, workers, len(numbers)))
    rate = figure("M4", f"firings of one worker, {kind}", speeds[1], unit="a second", goal=">= 400")
    if kind != "postgres":
        return [rate]
    both = figure("M4", f"firings of two workers, {kind}", speeds[2], unit="a second", goal="")
    ratio = round(median(speeds[2]) / median(speeds[1]), 2)
    return [rate, both, single("M4", f"two workers : one, {kind}", ratio, "x", ">= 1.8")]


def _put_aside(found: Place) -> UUID:
    """Keep the case that is copied as it is: its own timer comes in a far year."""
    with found.application.database.transaction() as session:
        session.execute(
            update(Timer).where(Timer.state == TimerState.WAITING.value).values(due_at=FAR)
        )
    return _case(found)


def _ready(found: Place, template: UUID, numbers: range) -> None:
    """Copy the case, and leave nothing due but what is fired: no mail of an earlier run."""
    with found.application.database.transaction() as session:
        session.execute(update(Job).values(state="void"))
    crowd.copy_case(found, template, numbers, models=crowd.WITH_HISTORY)
    with found.application.database.transaction() as session:
        # Else the worker would first ask for thousands of parts that nobody confirmed in a year.
        members = table_of(CaseMember)
        session.connection().execute(members.update().values(confirmed_at=datetime.now(UTC)))
    crowd.give_keys(found)
    found.count_rows()


def _speed(found: Place, template: UUID, workers: int, count: int) -> float:
    """Let all copies be due at one instant and return how many are fired in a second from then."""
    with _workers(found, workers):
        time.sleep(READY_SECONDS)
        begin = datetime.now(UTC) + timedelta(seconds=1)
        with found.application.database.transaction() as session:
            of_template = select(ProcessInstance.id).where(ProcessInstance.case_id == template)
            session.execute(
                update(Timer)
                .where(
                    Timer.state == TimerState.WAITING.value, Timer.instance_id.not_in(of_template)
                )
                .values(due_at=begin)
            )
        return count / _until_fired(found, begin)


def _until_fired(found: Place, begin: datetime) -> float:
    left = select(func.count()).where(
        Timer.state == TimerState.WAITING.value, Timer.due_at <= begin
    )
    while (passed := (datetime.now(UTC) - begin).total_seconds()) < LIMIT_SECONDS:
        with found.application.database.reading() as session:
            if not session.scalar(left):
                return passed
            if session.scalar(select(Incident.id).where(Incident.key.startswith("timer:"))):
                raise SystemExit("A timer could not be fired.")
        time.sleep(0.1)
    raise SystemExit(f"Not all timers were fired in {LIMIT_SECONDS} seconds.")


@contextmanager
def _workers(found: Place, count: int) -> Iterator[None]:
    """Run `casetable worker` so many times."""
    processes = [
        subprocess.Popen(WORKER, env=found.environment, stderr=subprocess.DEVNULL)
        for _ in range(count)
    ]
    try:
        yield
    finally:
        for process in processes:
            # At once: the mails that the firings owe would be written first.
            process.kill()
        for process in processes:
            process.wait(30)
