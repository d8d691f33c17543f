"""R3: the broker is killed, stays away and comes back while people and workers work.

A Redis of the test's own keeps nothing on a disk: what it was told is gone with it. Twice in a
short run, 20 times at full size. The seed is printed and `CASETABLE_SEED` repeats it.
"""

import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import select

from engine.application import Application
from engine.models import AuditEntry, Timer
from tests.goal import Figure
from tests.torture import ledger
from tests.torture.installation import until
from tests.torture.office import PATIENCE, opened

ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
KILLS = 20 if ALL else 2
SEED = int(os.environ.get("CASETABLE_SEED", str(random.randrange(10**6))))
POLL = 1.0
GRACE = 5.0
"""Seconds that something may be late besides those until the next look."""


@dataclass
class Broker:
    """A Redis without persistence; `start` begins an empty one on the same port."""

    home: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir"]
        with (self.home / "redis.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", *words, str(self.home), "--appendonly", "no"], stdout=log
            )
        until(self._answers, PATIENCE, (self.home / "redis.log").read_text)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=PATIENCE)

    def rings(self) -> int:
        """Return how many messages it was given since it started."""
        with Redis(port=self.port) as asked:
            return int(asked.info("commandstats").get("cmdstat_lpush", {}).get("calls", 0))  # type: ignore[union-attr]

    def _answers(self) -> bool:
        with suppress(RedisError), Redis(port=self.port) as asked:
            return bool(asked.ping())
        return False


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    if not shutil.which("redis-server"):
        pytest.skip("Redis is missing: apt-get install redis-server")
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        port = line.getsockname()[1]
    found = Broker(tmp_path, port)
    found.start()
    yield found
    found.kill()


def _lateness(application: Application) -> list[float]:
    """Return by how many seconds each timer fired late."""
    with application.database.reading() as session:
        due_at = dict(session.execute(select(Timer.id, Timer.due_at)).all())
        fired = select(AuditEntry.subject, AuditEntry.at).where(
            AuditEntry.event == "case:timer:fire"
        )
        return [
            (at - due_at[UUID(subject)]).total_seconds() for subject, at in session.execute(fired)
        ]


@pytest.mark.timeout(3600)
def test_broker_killed_and_back_loses_nothing_and_delays_little(
    broker: Broker, tmp_path: Path, figure: Figure
) -> None:
    print(f"seed {SEED}")  # noqa: T201 - to be repeated with CASETABLE_SEED
    dice, begun, rings = random.Random(SEED), time.monotonic(), 0
    home = tmp_path / "home"
    home.mkdir()
    url, at = f"sqlite:///{home / 'office.sqlite'}", f"redis://127.0.0.1:{broker.port}/0"
    more = {"CASETABLE_POLL_SECONDS": str(POLL)}
    with opened(home, url, cases=4, broker=at, more=more) as office:
        alive = office.place.alive()
        with office.at_work(SEED, pause=0.2):
            office.until_working()
            for _ in range(KILLS):
                rings += broker.rings()
                broker.kill()
                office.until_working()  # nobody waits for it
                time.sleep(dice.uniform(0, 0.5))
                broker.start()
                office.until_working()
                until(lambda: broker.rings() > 0, PATIENCE, office.place.tail)
        until(lambda: ledger.at_rest(office.application, office.cases), PATIENCE, office.place.tail)
        late = _lateness(office.application)
        books, journal = office.books(), office.journal
        figure(
            "R3",
            kills=KILLS,
            rings=rings,
            answers=books.answers,
            lost=len(books.lost),
            twice=len(books.twice),
            latest=max(late),
            seconds=time.monotonic() - begun,
        )
        books.check()
        assert (journal.wrong, journal.statuses[503]) == ([], 0), f"seed {SEED}"
        assert max(late) <= POLL + GRACE, f"seed {SEED}: {sorted(late)[-5:]}"
        assert rings > 0, "the broker has to be in use before it is killed"
        assert office.place.alive() == alive
