"""R4: PostgreSQL is killed, stopped at once, or its connections are cut while people work.

`CASETABLE_CUTS` sets how often (default 2, a full run 25). The server is one of the test's own,
with `fsync` as in production; pages and worker are the product's own processes and are never
started again. The seed is printed and `CASETABLE_SEED` repeats it.
"""

import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from engine import demo
from engine.application import Application, DatabaseClock
from engine.database import Database
from engine.models import Base
from tests.conftest import make_settings
from tests.engine.desk import Desk
from tests.goal import Figure
from tests.torture import cluster, ledger
from tests.torture.clerk import Clerk, Journal
from tests.torture.cluster import Cluster
from tests.torture.installation import KEY, Installation, until, write_processes

CUTS = int(os.environ.get("CASETABLE_CUTS", "2"))
SEED = int(os.environ.get("CASETABLE_SEED", str(random.randrange(10**6))))
CASES = 6
CLERKS = ("intake.anna", "intake.bram")
PATIENCE = 90.0
HOWS = ("kill", "cut", "stop_at_once")


@dataclass
class Office:
    """An installation on a server of its own, and two people at work."""

    server: Cluster
    place: Installation
    application: Application
    journal: Journal = field(default_factory=Journal)
    stop: Event = field(default_factory=Event)

    def is_working(self, since: float, fired: int) -> bool:
        """Say whether answers were acknowledged and timers fired since an instant."""
        return self.journal.since(since) > 1 and ledger.fired(self.application) > fired


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    if cluster.missing():
        pytest.skip(cluster.missing())
    with cluster.running() as server:
        database = Database(server.url)
        Base.metadata.create_all(database.engine)
        folder = write_processes(tmp_path / "processes")
        settings = replace(make_settings(tmp_path, server.url), processes_dir=folder, secret_key=KEY)
        application = Application(settings, database, DatabaseClock(database, demo=True))
        demo.seed(application)
        place = Installation(tmp_path, server.url)
        try:
            place.work()
            place.serve()
            yield Office(server, place, application)
        finally:
            place.kill()
            database.close()


def _break(office: Office, how: str, dice: random.Random) -> float:
    """Take the database away in one of the ways and bring it back; return for how long."""
    begun = time.monotonic()
    getattr(office.server, how)()
    if how != "cut":
        time.sleep(dice.uniform(0.5, 2.5))
        office.server.start()
    return time.monotonic() - begun


@pytest.mark.timeout(14_400)
def test_database_killed_under_load_loses_nothing_that_was_acknowledged(
    office: Office, figure: Figure
) -> None:
    print(f"seed {SEED}")  # noqa: T201 - to be repeated with CASETABLE_SEED
    dice, begun, back = random.Random(SEED), time.monotonic(), []
    assert office.server.ask("SHOW fsync") == "on"
    desk = Desk(office.application, None)  # type: ignore[arg-type]
    for _ in range(CASES):
        desk.open()
    alive = office.place.alive()
    with ThreadPoolExecutor(len(CLERKS)) as pool:
        working = [
            pool.submit(
                Clerk(
                    name, office.place.port, office.journal, office.stop, random.Random(SEED)
                ).work
            )
            for name in CLERKS
        ]
        try:
            _until_working(office, 0.0)
            for number in range(CUTS):
                time.sleep(dice.uniform(0, 0.5))
                how = HOWS[number] if number < len(HOWS) else dice.choice(HOWS)
                _break(office, how, dice)
                back.append(_until_working(office, time.time()))
        finally:
            office.stop.set()
        for one in working:
            one.result()
    # A call whose end was cut off is taken up again after this time.
    control = demo.DemoClockControl(office.application)
    control.set(control.now() + timedelta(minutes=3))
    until(lambda: ledger.at_rest(office.application, CASES), PATIENCE, office.place.tail)
    found = ledger.balance(office.application, office.journal.answered, office.place.effects)
    figure(
        "R4",
        cuts=CUTS,
        acknowledged=len(office.journal.answered),
        lost=len(found.lost),
        twice=len(found.twice),
        told_to_wait=office.journal.statuses[503],
        other_errors=len(office.journal.wrong),
        slowest_back=max(back),
        seconds=time.monotonic() - begun,
    )
    assert office.journal.wrong == [], f"seed {SEED}: {office.journal.wrong[:3]}"
    found.check()
    assert office.journal.statuses[503], "somebody has to meet the database while it is away"
    assert office.place.alive() == alive, "pages and worker come back without a new start"


def _until_working(office: Office, since: float) -> float:
    fired = _fired(office)
    return until(lambda: office.is_working(since, fired), PATIENCE, office.place.tail)


def _fired(office: Office) -> int:
    return ledger.fired(office.application)
