"""R18: hours of mixed work with kills; what serves pages does not grow and no alarm goes off.

`CASETABLE_SOAK_SECONDS` sets how long (default: not at all; a full run 600). People read, answer
and take in reports; workers are killed and started again, and connections are cut. The process
that serves pages lives from beginning to end, and is measured. `CASETABLE_SEED` repeats a run.
"""

import os
import random
import signal
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.goal import Figure
from tests.torture import cluster
from tests.torture.cluster import Cluster
from tests.torture.office import Office, opened

ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
SECONDS = int(os.environ.get("CASETABLE_SOAK_SECONDS", "600" if ALL else "0"))
SEED = int(os.environ.get("CASETABLE_SEED", str(random.randrange(10**6))))
WARM = 0.4
"""The part of the time after which caches have filled."""
MOST = 0.05
CONNECTED = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"


@dataclass
class Gauge:
    """What a process holds, looked at again and again."""

    memory: list[float] = field(default_factory=list)
    """Megabytes that are its own."""
    files: list[int] = field(default_factory=list)
    connections: list[int] = field(default_factory=list)

    def look(self, process: int, server: Cluster) -> None:
        told = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
        own = [int(line.split()[1]) for line in told if line.startswith("Private_")]
        self.memory.append(sum(own) / 1024)
        self.files.append(len(list(Path(f"/proc/{process}/fd").iterdir())))
        self.connections.append(int(str(server.ask(CONNECTED))))


def _growth(found: list[float]) -> float:
    """Return by what part a figure grew between the two halves of what is looked at."""
    half = len(found) // 2
    return statistics.median(found[half:]) / statistics.median(found[:half]) - 1


def _kill_a_worker(office: Office) -> None:
    worker = office.place.workers.pop(0)
    worker.send_signal(signal.SIGKILL)
    worker.wait(timeout=60)
    office.place.work()


@pytest.mark.skipif(not SECONDS, reason="a soak takes minutes: make torture ONLY=R18")
@pytest.mark.skipif(bool(cluster.missing()), reason=cluster.missing())
@pytest.mark.timeout(14_400)
def test_hours_of_work_with_kills_grow_nothing_and_raise_no_alarm(
    tmp_path: Path, figure: Figure
) -> None:
    print(f"seed {SEED}")  # noqa: T201 - to be repeated with CASETABLE_SEED
    dice, gauge, kills = random.Random(SEED), Gauge(), 0
    with cluster.running() as server, opened(tmp_path, server.url, cases=10) as office:
        [serving] = office.place.serving()
        office.place.work()
        with office.at_work(SEED, pause=0.05):
            begun = time.monotonic()
            while (passed := time.monotonic() - begun) < SECONDS:
                time.sleep(max(0.2, SECONDS / 200))
                if passed > WARM * SECONDS:
                    gauge.look(serving, server)
                if dice.random() < 0.05:
                    _kill_a_worker(office)
                    kills += 1
                if dice.random() < 0.03:
                    server.cut()
                    kills += 1
            office.until_working()
        books, journal = office.books(), office.journal
        figure(
            "R18",
            minutes=SECONDS / 60,
            kills=kills,
            answers=books.answers,
            lost=len(books.lost),
            twice=len(books.twice),
            alarms=len(books.breaks),
            megabytes=statistics.median(gauge.memory),
            growth_percent=100 * _growth(gauge.memory),
            files=max(gauge.files),
            connections=max(gauge.connections),
        )
        assert journal.wrong == [], f"seed {SEED}: {journal.wrong[:3]}"
        books.check()
        assert office.place.serving() == [serving]
        assert _growth(gauge.memory) < MOST, gauge.memory
        assert _grows(gauge.files) <= 2, gauge.files
        assert _grows(gauge.connections) <= 2, gauge.connections


def _grows(found: list[int]) -> float:
    """Return by how much the middle of the second half lies above that of the first."""
    half = len(found) // 2
    return statistics.median(found[half:]) - statistics.median(found[:half])
