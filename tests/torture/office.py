"""A desk at work: an installation that is served, people who answer, and the books at the end."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Event

from engine import demo
from engine.application import Application, DatabaseClock
from engine.database import Database
from engine.models import Base
from tests.conftest import make_settings
from tests.engine.desk import Desk
from tests.torture import ledger
from tests.torture.clerk import Clerk, Journal
from tests.torture.installation import KEY, Installation, until, write_processes

CLERKS = ("intake.anna", "intake.bram")
PATIENCE = 90.0


@dataclass
class Office:
    """An installation, those who work in it, and what they have seen."""

    place: Installation
    application: Application
    cases: int
    journal: Journal = field(default_factory=Journal)
    stop: Event = field(default_factory=Event)

    @contextmanager
    def at_work(self, seed: int, pause: float = 0.0) -> Iterator[None]:
        """Let people answer what is owed, until the block ends; what they met is raised then."""
        with ThreadPoolExecutor(len(CLERKS)) as pool:
            clerks = [
                Clerk(name, self.place.port, self.journal, self.stop, random.Random(seed), pause)
                for name in CLERKS
            ]
            working = [pool.submit(clerk.work) for clerk in clerks]
            try:
                yield
            finally:
                self.stop.set()
            for one in working:
                one.result()

    def until_working(self) -> float:
        """Wait until answers are acknowledged and timers fire from now on; return for how long."""
        since, fired = time.time(), ledger.fired(self.application)
        return until(lambda: self._is_working(since, fired), PATIENCE, self.place.tail)

    def _is_working(self, since: float, fired: int) -> bool:
        return self.journal.since(since) > 1 and ledger.fired(self.application) > fired

    def books(self) -> ledger.Balance:
        """Wait until all is at rest, and return how the books stand.

        A call whose end was cut off is taken up again after some minutes, which are let pass.
        """
        control = demo.DemoClockControl(self.application)
        control.set(control.now() + timedelta(minutes=3))
        until(lambda: ledger.at_rest(self.application, self.cases), PATIENCE, self.place.tail)
        return ledger.balance(self.application, self.journal.answered, self.place.effects)


@contextmanager
def opened(
    home: Path,
    url: str,
    cases: int,
    *,
    broker: str = "filesystem://",
    more: dict[str, str] | None = None,
) -> Iterator[Office]:
    """Give an office over an empty database, with a worker and pages that are up."""
    database = Database(url)
    Base.metadata.create_all(database.engine)
    folder = write_processes(home / "processes")
    settings = replace(make_settings(home, url), processes_dir=folder, secret_key=KEY)
    application = Application(settings, database, DatabaseClock(database, demo=True))
    demo.seed(application)
    place = Installation(home, url, broker, more=more or {})
    try:
        place.work()
        place.serve()
        desk = Desk(application, None)  # type: ignore[arg-type]
        for _ in range(cases):
            desk.open()
        yield Office(place, application, cases)
    finally:
        place.kill()
        database.close()
