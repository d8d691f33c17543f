"""Many timers, many that look for them: each fires once (R6), in time, and in due order (R7).

A full run (`CASETABLE_TORTURE=yes`) has ten thousand timers, `CASETABLE_TIMERS` other numbers; they
belong to copies of one case.
"""

import os
import time
from collections import Counter
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from benchmarks.migrating import copy_cases
from engine import due
from engine.application import Application
from engine.models import AuditEntry, Job, StepHistory, Timer, TimerState
from tests.engine.desk import Desk
from tests.engine.small import GO_ON
from tests.goal import Figure
from tests.torture import process
from tests.torture.arena import Arena

ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
TIMERS = int(os.environ.get("CASETABLE_TIMERS", "10000" if ALL else "500"))
"""For those that look at the same instant."""
OVERDUE = 2_000 if ALL else 60
"""After days without a worker; more than a worker takes in one look."""
DOWN = timedelta(hours=72)
IN_TIME = 15.0
PATIENCE = 1_800.0
SCHEDULERS, WORKERS = 4, 4 if ALL else 1


def _wait_for(application: Application, desk: Desk, number: int) -> None:
    """Let so many cases wait for a timer."""
    desk.do(desk.open(), "ask", "intake.anna", GO_ON)
    with application.database.transaction() as session:
        # Else the first one might fire before it is copied.
        far = application.now(session) + timedelta(days=9)
        session.execute(update(Timer).values(due_at=far))
    due.run_due(application)
    copy_cases(application, number)


def _timers(application: Application) -> dict[UUID, datetime]:
    with application.database.reading() as session:
        return dict(session.execute(select(Timer.id, Timer.due_at)).all())


def _fired(application: Application) -> list[tuple[UUID, datetime]]:
    """Return what was written down of firings."""
    with application.database.reading() as session:
        told = select(AuditEntry.subject, AuditEntry.at).where(
            AuditEntry.event == "case:timer:fire"
        )
        return [(UUID(subject), at) for subject, at in session.execute(told)]


def _in_the_order_of_firing(application: Application) -> list[datetime]:
    """Return when the timers were due, in the order in which they fired."""
    went_on = (StepHistory.element_id == "wait") & (StepHistory.state == "completed")
    wanted = (
        select(Timer.due_at)
        .join(StepHistory, StepHistory.instance_id == Timer.instance_id)
        .where(went_on)
        .order_by(StepHistory.id)
    )
    with application.database.reading() as session:
        return list(session.scalars(wanted))


def _spread(application: Application, first: datetime, over: timedelta, seed: int) -> None:
    """Let the timers be due at instants that are spread over a while."""
    dice = Random(seed)
    with application.database.transaction() as session:
        for timer in sorted(session.scalars(select(Timer.id))):
            at = first + dice.random() * over
            session.execute(update(Timer).where(Timer.id == timer).values(due_at=at))


def test_all_that_was_due_in_three_days_without_a_worker_fires_once_in_due_order(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    """R7: also what no single look takes."""
    monkeypatch.setenv(process.EFFECTS, str(desk.application.settings.data_dir / "effects"))
    _wait_for(desk.application, desk, OVERDUE)
    _spread(desk.application, desk.clock.now() + timedelta(seconds=2), DOWN, seed=7)
    wanted = _timers(desk.application)
    desk.clock.set(desk.clock.now() + DOWN + timedelta(minutes=1))
    due.run_due(desk.application, limit=20 * OVERDUE)
    due.run_due(desk.application, limit=20 * OVERDUE)
    fired = _fired(desk.application)
    assert Counter(timer for timer, _ in fired) == dict.fromkeys(wanted, 1)
    assert _in_the_order_of_firing(desk.application) == sorted(wanted.values())
    with desk.application.database.reading() as session:
        effects = session.execute(
            select(Job.state, func.count()).where(Job.kind == "effect").group_by(Job.state)
        ).all()
    assert [tuple(one) for one in effects] == [("done", OVERDUE)]
    lines = (desk.application.settings.data_dir / "effects").read_text().split()
    assert len(lines) == len(set(lines)) == OVERDUE
    figure("R7", overdue=OVERDUE, hours_down="72", twice=0, lost=0, out_of_order=0)


def _set_off(arena: Arena, *kinds: str) -> tuple[dict[UUID, datetime], float]:
    """Let all timers be due within one second, soon, while processes of `kinds` look for them.

    Return when each was due, and how many seconds it took until none was left.
    """
    application = arena.application
    _wait_for(application, arena.desk, TIMERS)
    arena.kinds = kinds
    arena.start_all()
    time.sleep(3 if ALL else 1)
    with application.database.reading() as session:
        soon = application.now(session) + timedelta(seconds=2)
    _spread(application, soon, timedelta(seconds=1), seed=6)
    begun = time.monotonic()
    arena.until(lambda: _waiting(application) == 0, PATIENCE)
    seconds = time.monotonic() - begun
    arena.until(lambda: arena.at_rest(TIMERS), PATIENCE)
    for place in range(len(kinds)):
        arena.kill(place)
    return _timers(application), seconds


def _waiting(application: Application) -> int:
    with application.database.reading() as session:
        waiting = select(func.count()).where(Timer.state == TimerState.WAITING.value)
        return session.scalar(waiting) or 0


def _fired_once(arena: Arena, wanted: dict[UUID, datetime]) -> list[float]:
    """Hold that each timer has fired once, and its effect too; return how late each was."""
    fired = _fired(arena.application)
    assert Counter(timer for timer, _ in fired) == dict.fromkeys(wanted, 1)
    lines = (arena.home / "effects").read_text().split()
    assert len(lines) == len(set(lines)) == len(wanted)
    return sorted((at - wanted[timer]).total_seconds() for timer, at in fired)


@pytest.mark.timeout(3_600)
def test_four_schedulers_and_four_workers_fire_each_timer_once(
    arena: Arena, figure: Figure
) -> None:
    """R6: as processes of their own, and each does its effect once."""
    kinds = ["scheduler"] * SCHEDULERS + ["worker"] * WORKERS
    wanted, seconds = _set_off(arena, *kinds)
    late = _fired_once(arena, wanted)
    assert late[0] >= 0
    figure("R6", timers=len(wanted), twice=0, lost=0, seconds=seconds)


@pytest.mark.skipif(not ALL, reason="what counts is how many there are: make torture ONLY=R7")
@pytest.mark.postgres
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("database", ["postgres"], indirect=True)
def test_ten_thousand_that_are_due_in_one_second_are_hardly_late(
    arena: Arena, figure: Figure
) -> None:
    """R7: with the two workers of an ordinary installation; a busy machine is told as such."""
    wanted, _ = _set_off(arena, "worker", "worker")
    late = _fired_once(arena, wanted)
    p99 = late[len(late) * 99 // 100]
    a_second = len(late) / late[-1]
    figure("R7", timers=len(late), late_p99=p99, late_most=late[-1], fired_a_second=a_second)
    assert p99 <= IN_TIME, f"the last percent was {p99:.1f} s late"
