"""Loads everything once and forks a process for each deed that it is asked for, to die in it.

A line is a deed as JSON, the answer one too. What a forked process knows is what was loaded before
any deed: of the installation it knows no more than a process that has just been started.
"""

import gc
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from engine import agenda, due, verification
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.deployment import Deployments
from engine.job import CALL_LIMIT
from engine.models import Job
from tests import ground
from tests.conftest import make_settings, not_to_the_disk
from tests.torture import process
from tests.torture.points import Reaper
from tests.torture.standing import standing
from tests.torture.stimulus import STIMULI

PATIENCE = 20.0
"""Seconds within which a killed process's transaction is given up by the database."""
REAPER, DEPLOYMENTS = Reaper(), Deployments()
Told = dict[str, Any]


@dataclass(frozen=True)
class Deed:
    """What a process does: a stimulus, until the n-th place; or what is left to do after it."""

    what: str
    words: dict[str, str]
    url: str
    home: str
    at: str
    mail_port: int
    die_at: int = 0
    does: bool = True
    """Does the stimulus."""
    settles: bool = False
    """Lets a worker do what is owed, and tells how everything stands."""
    known: tuple[str, ...] = ()
    forks: bool = True


def _application(deed: Deed) -> tuple[Application, TestClock]:
    database = Database(deed.url)
    if database.is_sqlite:
        for engine in database.engines:
            ground.event.listen(engine, "connect", not_to_the_disk)
    REAPER.watch(database)
    settings = replace(
        make_settings(Path(deed.home), deed.url),
        processes_dir=Path(deed.home) / "processes",
        mail_host="127.0.0.1",
        mail_port=deed.mail_port,
    )
    clock = TestClock(datetime.fromisoformat(deed.at))
    application = Application(settings, database, clock)
    application.deployments = DEPLOYMENTS
    return application, clock


def live(deed: Deed) -> Told:
    """Do a deed; return the places that were passed, or how everything stands."""
    os.environ[process.EFFECTS] = str(Path(deed.home) / "effects")
    application, clock = _application(deed)
    told: Told = {}
    if deed.does:
        REAPER.passed, REAPER.die_at, REAPER.active = [], deed.die_at, True
        STIMULI[deed.what].do(application, deed.words)
        REAPER.active = False
        told["passed"] = REAPER.passed
    if deed.settles:
        clock.set(clock.now() + CALL_LIMIT + timedelta(minutes=1))
        _settle(application)
        told |= _stand(application, frozenset(deed.known))
    application.database.close()
    return told


def _settle(application: Application) -> None:
    """Look as a worker does, until nothing is owed; a dead one's locks may last for a moment."""
    deadline = time.monotonic() + PATIENCE
    while True:
        due.run_due(application)
        with application.database.reading() as session:
            owed = agenda.find_due(session, application.now(session))
            calling = session.scalars(select(Job.id).where(Job.state == "calling")).all()
        if not owed and not calling:
            return
        if time.monotonic() > deadline:
            raise TimeoutError(f"still owed: {owed}, {calling}")
        time.sleep(0.02)


def _stand(application: Application, known: frozenset[str]) -> Told:
    with application.database.reading() as session:
        lines = sorted(standing(session, application.settings.state_key, known))
        breaks = [str(one) for one in verification.verify(session).breaks]
    return {"lines": lines, "breaks": breaks}


def _apart(deed: Deed, work: Callable[[Deed], Told]) -> Told:
    """Do a deed in a process of its own; `died` says that it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "w") as out:
                json.dump(work(deed), out)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"died": os.WTERMSIG(status) == signal.SIGKILL}
    return json.loads(text) if text else {"failed": True}


def main() -> None:
    """Do one deed for each line until the input ends."""
    out = os.dup(1)
    os.dup2(2, 1)  # what anything prints is no answer
    ground.share_statements()
    REAPER.wrap()
    for line in sys.stdin:
        deed = Deed(**json.loads(line))
        if deed.forks:
            told = _apart(deed, live)
        else:
            told = live(deed)
            gc.collect()
            gc.freeze()
        os.write(out, (json.dumps(told) + "\n").encode())


if __name__ == "__main__":
    main()
