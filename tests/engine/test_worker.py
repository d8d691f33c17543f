"""The worker process: it polls, so that a ring is a help and never a need (R3)."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from engine import demo
from engine.application import Application, DatabaseClock
from engine.database import Database
from engine.job import CALL_LIMIT
from engine.models import Base, Job, Timer
from tests.conftest import REDIS, make_settings
from tests.engine import small
from tests.engine.desk import Desk
from tests.engine.small import GO_ON

PATIENCE = 40.0


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def _environment(home: Path, broker: str) -> dict[str, str]:
    return os.environ | {
        "CASETABLE_DATA_DIR": str(home),
        "CASETABLE_DATABASE_URL": f"sqlite:///{home / 'worker.sqlite'}",
        "CASETABLE_PROCESSES_DIR": str(home / "processes"),
        "CASETABLE_SECRET_KEY": "a key that only the tests use, long enough",
        "CASETABLE_BROKER_URL": broker,
        "CASETABLE_DEMO": "yes",
        "CASETABLE_POLL_SECONDS": "0.2",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }


@pytest.fixture
def desk(home: Path) -> Iterator[Desk]:
    database = Database(f"sqlite:///{home / 'worker.sqlite'}")
    Base.metadata.create_all(database.engine)
    folder = small.write_processes(home / "processes")
    settings = replace(make_settings(home, ""), processes_dir=folder)
    found = Application(settings, database, DatabaseClock(database, demo=True))
    demo.seed(found)
    yield Desk(found, None)  # type: ignore[arg-type]
    database.close()


def _start(home: Path, broker: str) -> subprocess.Popen[bytes]:
    # The worker needs the operators of the small processes, as a site's own package would be.
    code = "import tests.engine.small\nfrom tasks.worker import run_worker\nrun_worker()\n"
    with (home / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-c", code], env=_environment(home, broker), stdout=log, stderr=log
        )


def _wait(condition: Callable[[], bool], home: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError((home / "worker.log").read_text()[-3000:])


def _mails(home: Path) -> int:
    """Count the mails about steps; the weekly word to each lead comes whenever a worker begins."""
    found = (home / "mail").glob("*.eml")
    return sum("A step waits for you" in path.read_text() for path in found)


@pytest.mark.parametrize("broker", ["filesystem://", pytest.param(REDIS, marks=pytest.mark.redis)])
def test_worker_does_what_is_due_without_being_told(desk: Desk, home: Path, broker: str) -> None:
    worker = _start(home, broker)
    try:
        case = desk.open()
        _wait(lambda: _mails(home) == 2, home)
        desk.do(case, "ask", "intake.anna", GO_ON)
        desk.do(case, "decide", "intake.bram", GO_ON)
        control = demo.DemoClockControl(desk.application)
        with desk.application.database.reading() as session:
            due_at = session.scalars(select(Timer.due_at)).one()
        control.set(due_at)
        _wait(lambda: desk.owed(case) == ["ask"], home)
    finally:
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=30) is not None


def test_worker_works_with_a_dead_broker(desk: Desk, home: Path) -> None:
    worker = _start(home, "redis://127.0.0.1:1/0")
    try:
        desk.open()
        _wait(lambda: _mails(home) == 2, home)
    finally:
        worker.kill()
        worker.wait(timeout=30)


def test_worker_killed_and_started_again_loses_nothing(desk: Desk, home: Path) -> None:
    opened = 0
    for _ in range(3):
        worker = _start(home, "filesystem://")
        desk.open()
        opened += 1
        time.sleep(1.5)
        worker.kill()
        worker.wait(timeout=30)
    # One may have died in the middle of a mail, which counts as lost after a while.
    with desk.application.database.reading() as session:
        later = desk.application.now(session) + CALL_LIMIT
    demo.DemoClockControl(desk.application).set(later)
    worker = _start(home, "filesystem://")
    try:
        _wait(lambda: _mails(home) == 2 * opened, home)
        with desk.application.database.reading() as session:
            of_steps = select(Job.state).where(
                Job.kind == "notice", ~Job.key.startswith("reader_report:")
            )
            states = session.scalars(of_steps).all()
        assert set(states) <= {"done", "calling"}
    finally:
        worker.terminate()
        worker.wait(timeout=30)


def test_bell_reaches_a_worker_that_polls_rarely(desk: Desk, home: Path) -> None:
    from engine.bell import Bell

    environment = _environment(home, "filesystem://") | {"CASETABLE_POLL_SECONDS": "3600"}
    code = "import tests.engine.small\nfrom tasks.worker import run_worker\nrun_worker()\n"
    with (home / "worker.log").open("ab") as log:
        worker = subprocess.Popen(
            [sys.executable, "-c", code], env=environment, stdout=log, stderr=log
        )
    try:
        time.sleep(6)  # its one look at the start is over
        desk.open()
        settings = replace(desk.application.settings, broker_url="filesystem://")
        Bell(settings).ring()
        _wait(lambda: _mails(home) == 2, home)
    finally:
        worker.kill()
        worker.wait(timeout=30)
