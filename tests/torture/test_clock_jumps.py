"""R9: clocks of pages, worker and database jump, each on its own: 0 double, 0 lost.

`CASETABLE_JUMPS` sets how often (default 8, a full run 500). The seed is printed and
`CASETABLE_SEED` repeats it.
"""

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select

from engine import accounts, demo, due, worklist
from engine.application import Application, DatabaseClock
from engine.database import Database
from engine.errors import ConflictError
from engine.models import Account, DemoClock, WorkItem
from tests.conftest import make_settings
from tests.engine.desk import Desk
from tests.engine.small import GO_ON
from tests.goal import Figure
from tests.torture import ledger
from tests.torture import process as torture
from tests.torture.clerk import Answered

JUMPS = int(os.environ.get("CASETABLE_JUMPS", "8"))
SEED = int(os.environ.get("CASETABLE_SEED", str(random.randrange(10**6))))
CASES = 4
SPRING = datetime(2026, 3, 29, 0, 59, 58, tzinfo=UTC)
"""Two seconds before summer time begins where the profile is at home."""
LEAPS = (
    timedelta(),
    *(
        timedelta(**{unit: sign * number})
        for sign in (1, -1)
        for unit, number in (
            ("seconds", 1),
            ("minutes", 3),
            ("hours", 1),
            ("days", 1),
            ("days", 40),
        )
    ),
)


AUTUMN = datetime(2026, 10, 25, 0, 59, 58, tzinfo=UTC)
BEGINS = random.Random(SEED).choice((SPRING, AUTUMN))
STEP = timedelta(seconds=5)
"""How far the right time goes on between two jumps."""


@dataclass
class Watch:
    """The clock of one process: wrong by what somebody has last set."""

    right: datetime
    wrong_by: timedelta = timedelta()

    def now(self) -> datetime:
        return self.right + self.wrong_by


@dataclass
class World:
    """Pages and a worker over one database, and what makes a clock of theirs jump."""

    pages: Application
    worker: Application
    jump: Callable[[random.Random], None]
    rest: Callable[[], None]
    """Set all clocks right, and far enough on for all to be due."""


def _two_clocks(database: Database, home: Path) -> World:
    watches = [Watch(BEGINS), Watch(BEGINS)]

    def jump(dice: random.Random) -> None:
        dice.choice(watches).wrong_by = dice.choice(LEAPS)
        for watch in watches:
            watch.right += STEP

    def rest() -> None:
        for watch in watches:
            watch.right, watch.wrong_by = watch.right + timedelta(days=50), timedelta()

    pages, worker = (_application(database, home, watch) for watch in watches)
    return World(pages, worker, jump, rest)


def _database_clock(database: Database, home: Path) -> World:
    to_begin = int((BEGINS - datetime.now(UTC)).total_seconds())

    def put(ahead: timedelta) -> None:
        with database.transaction() as session:
            seconds = to_begin + int(ahead.total_seconds())
            session.merge(DemoClock(id=1, offset_seconds=seconds))

    jumps: list[int] = []

    def jump(dice: random.Random) -> None:
        jumps.append(1)
        put(len(jumps) * STEP + dice.choice(LEAPS))

    put(timedelta())
    clock = DatabaseClock(database, demo=True)
    both = _application(database, home, clock)
    return World(both, both, jump, lambda: put(timedelta(days=50)))


def _application(database: Database, home: Path, clock: object) -> Application:
    url = database.url.render_as_string(hide_password=False)
    settings = replace(make_settings(home, url), processes_dir=home / "processes")
    return Application(settings, database, clock)  # type: ignore[arg-type]


@pytest.fixture(params=[_two_clocks, _database_clock])
def world(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Iterator[World]:
    torture.write_processes(tmp_path / "processes")
    found = request.param(database, tmp_path)
    demo.seed(found.pages)
    yield found
    found.pages.database.told_time = None


def _as_told_by(application: Application) -> Application:
    """Let the database know whose clock counts: two processes would have one each."""
    application.database.now = application.now
    is_own = isinstance(application.clock, DatabaseClock)
    application.database.told_time = None if is_own else application.clock.now
    return application


def _answer(application: Application, dice: random.Random) -> Answered | None:
    with application.database.reading() as session:
        items = session.scalars(select(WorkItem.id).where(WorkItem.state == "open")).all()
        people = session.execute(
            select(Account.id, Account.username).where(Account.username.startswith("intake."))
        ).all()
    if not items:
        return None
    item, (person, name) = dice.choice(items), dice.choice(people)
    try:
        done = worklist.complete(application, item, person, GO_ON, uuid4().hex)
    except ConflictError:
        return None
    return Answered(item, name, time.time()) if isinstance(done, worklist.Completed) else None


def test_clocks_that_jump_double_and_lose_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    print(f"seed {SEED}")  # noqa: T201 - to be repeated with CASETABLE_SEED
    monkeypatch.setenv(torture.EFFECTS, str(tmp_path / "effects"))
    dice, told = random.Random(SEED), []
    desk = Desk(_as_told_by(world.pages), None)  # type: ignore[arg-type]
    for _ in range(CASES):
        desk.open()
    for _ in range(JUMPS):
        told.append(_answer(_as_told_by(world.pages), dice))
        world.jump(dice)
        due.run_due(_as_told_by(world.worker))
    world.rest()
    for _ in range(3):
        due.run_due(_as_told_by(world.worker))
    assert ledger.at_rest(world.worker, CASES), f"seed {SEED}: something was lost"
    answered = [one for one in told if one]
    books = ledger.balance(world.worker, answered, tmp_path / "effects")
    figure(
        "R9",
        jumps=JUMPS,
        answers=books.answers,
        firings=books.fired,
        lost=len(books.lost),
        twice=len(books.twice),
    )
    books.check()
    assert books.answers >= JUMPS // 5, "people have to get on with their work"


def test_session_of_a_clock_that_was_ahead_does_not_live_longer(application: Application) -> None:
    right = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    ahead = right + timedelta(hours=9)
    with application.database.transaction() as session:
        anna = session.scalars(select(Account).where(Account.username == "intake.anna"))
        person = anna.unique().one()
        early = accounts.open_session(session, person, right)
        late = accounts.open_session(session, person, ahead)
    with application.database.reading() as session:
        assert accounts.find_session(session, late, ahead) is not None
        assert accounts.find_session(session, late, right) is None
        assert accounts.find_session(session, early, right) is not None
        assert accounts.find_session(session, early, ahead) is None
        # One machine a little behind the other does not sign anybody out.
        assert accounts.find_session(session, early, right - timedelta(minutes=1)) is not None
