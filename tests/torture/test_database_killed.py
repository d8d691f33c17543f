"""R4: PostgreSQL is killed, stopped at once, or its connections are cut while people work.

`CASETABLE_CUTS` sets how often (default 2, a full run 25). The server is one of the test's own,
with `fsync` as in production; pages and worker are the product's own processes and are never
started again. The seed is printed and `CASETABLE_SEED` repeats it.
"""

import os
import random
import time
from pathlib import Path

import pytest

from engine import database
from tests.goal import Figure
from tests.torture import cluster
from tests.torture.cluster import Cluster
from tests.torture.office import opened

CUTS = int(os.environ.get("CASETABLE_CUTS", "2"))
SEED = int(os.environ.get("CASETABLE_SEED", str(random.randrange(10**6))))
HOWS = ("kill", "cut", "stop_at_once")


def _break(server: Cluster, how: str, dice: random.Random) -> None:
    """Take the database away in one of the ways and bring it back."""
    getattr(server, how)()
    if how != "cut":
        time.sleep(dice.uniform(0.3, 2.5))
        server.start()


@pytest.mark.timeout(14_400)
@pytest.mark.skipif(bool(cluster.missing()), reason=cluster.missing())
def test_database_killed_under_load_loses_nothing_that_was_acknowledged(
    tmp_path: Path, figure: Figure, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of this process, which looks on and is no page: the served ones trust as ever.
    monkeypatch.setattr(database, "TRUSTED_SECONDS", 0.0)
    print(f"seed {SEED}")  # noqa: T201 - to be repeated with CASETABLE_SEED
    dice, begun, back = random.Random(SEED), time.monotonic(), []
    with cluster.running() as server, opened(tmp_path, server.url, cases=6) as office:
        assert server.ask("SHOW fsync") == "on"
        alive = office.place.alive()
        with office.at_work(SEED):
            office.until_working()
            for number in range(CUTS):
                time.sleep(dice.uniform(0, 0.5))
                how = HOWS[number] if number < len(HOWS) else dice.choice(HOWS)
                _break(server, how, dice)
                back.append(office.until_working())
        books, journal = office.books(), office.journal
        figure(
            "R4",
            cuts=CUTS,
            acknowledged=len(journal.answered),
            lost=len(books.lost),
            twice=len(books.twice),
            told_to_wait=journal.statuses[503],
            other_errors=len(journal.wrong),
            slowest_back=max(back),
            seconds=time.monotonic() - begun,
        )
        assert journal.wrong == [], f"seed {SEED}: {journal.wrong[:3]}"
        books.check()
        assert journal.statuses[503], "somebody has to meet the database while it is away"
        assert office.place.alive() == alive, "pages and worker come back without a new start"
