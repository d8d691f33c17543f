"""R13: the disk of the database is full: nothing acknowledged is lost, and work goes on later.

On SQLite the disk is a small file system, or the file may not grow; at full size the served pages
and a worker meet both systems on a full disk.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import event, select, text

from engine import demo
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.models import Base, WorkItem
from tasks.worker import look
from tests.conftest import START, make_settings
from tests.engine.desk import Desk
from tests.engine.small import GO_ON
from tests.goal import Figure
from tests.torture import cluster, ledger
from tests.torture.clerk import Answered
from tests.torture.disk import Disk, small_disk
from tests.torture.installation import until, write_processes
from tests.torture.office import PATIENCE, opened
from tests.torture.process import EFFECTS
from tests.webui.site import Site
from webui.application import create_app

ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
SEED = int(os.environ.get("CASETABLE_SEED", str(random.randrange(10**6))))
CASES = 12
ROOM = 32 * 1024
NO_ROOM = "There is no room left on the disk, so nothing was recorded."


@dataclass
class Limit:
    """A database whose room ends and comes back."""

    url: str
    end: Callable[[Database], None]
    begin: Callable[[Database], None]


@contextmanager
def _on_a_small_disk(home: Path) -> Iterator[Limit]:
    del home
    with small_disk(24) as disk:

        def end(database: Database) -> None:
            database.close()  # the last connection empties the log into the file
            disk.fill(ROOM)

        yield Limit(f"sqlite:///{disk.folder / 'full.sqlite'}", end, lambda _: disk.free())


@contextmanager
def _in_a_file_that_may_not_grow(home: Path) -> Iterator[Limit]:
    most: list[int] = []

    def limit(connection: Any, *rest: Any) -> None:
        del rest
        connection.execute(f"PRAGMA max_page_count = {most[-1] if most else 1_000_000}")

    def end(database: Database) -> None:
        event.listen(database.engine, "checkout", limit)
        with database.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        most.append(int(pages))

    yield Limit(f"sqlite:///{home / 'full.sqlite'}", end, lambda _: most.clear())


@pytest.fixture(params=[_in_a_file_that_may_not_grow, *([_on_a_small_disk] if ALL else [])])
def limit(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Limit]:
    with request.param(tmp_path) as found:
        yield found


@pytest.fixture
def desk(limit: Limit, tmp_path: Path) -> Iterator[Desk]:
    database, clock = Database(limit.url), TestClock(START)
    Base.metadata.create_all(database.engine)
    folder = write_processes(tmp_path / "processes")
    settings = replace(make_settings(tmp_path, limit.url), processes_dir=folder)
    application = Application(settings, database, clock)
    demo.seed(application)
    yield Desk(application, clock)
    database.close()


def _open(desk: Desk) -> list[UUID]:
    with desk.application.database.reading() as session:
        return list(session.scalars(select(WorkItem.id).where(WorkItem.state == "open")))


def test_full_disk_is_said_and_nothing_is_half_stored(
    desk: Desk, limit: Limit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Figure
) -> None:
    monkeypatch.setenv(EFFECTS, str(tmp_path / "effects"))
    application = desk.application
    site = Site(application, create_app(application))
    anna = site.visit("intake.anna")
    for _ in range(CASES):
        desk.open()
    items, told = _open(desk), []
    token = anna.csrf()
    limit.end(application.database)
    refused = []
    for item in items:
        sent = {**GO_ON, "_key": item.hex, "csrf_token": token, "action": "submit"}
        answer = anna.client.post(f"/work/{item}", data=sent)
        if answer.status_code == 302:
            told.append(Answered(item, "intake.anna", time.time()))
            continue
        assert answer.status_code == 503, answer.text
        assert NO_ROOM in answer.text
        assert "<h1>There is no room left</h1>" in answer.text
        assert "Traceback" not in answer.text
        assert int(answer.headers["Retry-After"]) > 0
        refused.append(item)
    assert refused, "the disk has to be full before the day is over"
    assert set(_open(desk)) >= set(refused)
    look(application)  # the worker says so and goes on
    assert anna.client.get("/live").status_code == 200
    limit.begin(application.database)
    for item in refused:
        sent = {**GO_ON, "_key": item.hex, "csrf_token": token, "action": "submit"}
        assert anna.client.post(f"/work/{item}", data=sent).status_code == 302
        told.append(Answered(item, "intake.anna", time.time()))
    desk.pass_time(minutes=3)  # a call whose end found no room is taken up again
    assert ledger.at_rest(application, CASES)
    with application.database.engine.connect() as connection:
        assert connection.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
    books = ledger.balance(application, told, tmp_path / "effects")
    figure(
        "R13",
        acknowledged=len(told),
        refused_while_full=len(refused),
        lost=len(books.lost),
        twice=len(books.twice),
    )
    books.check()


def _until_told_to_wait(statuses: Counter[int], wanted: int) -> None:
    until(lambda: statuses[503] >= wanted, PATIENCE, lambda: str(statuses))


@dataclass
class Store:
    """Where the data lie, and how a server that has given up is started again."""

    url: str
    supervise: Callable[[], None]


@contextmanager
def _sqlite(disk: Disk) -> Iterator[Store]:
    yield Store(f"sqlite:///{disk.folder / 'full.sqlite'}", lambda: None)


@contextmanager
def _postgres(disk: Disk) -> Iterator[Store]:
    if cluster.missing():
        pytest.skip(cluster.missing())
    with cluster.running(on=disk.folder) as server:

        def supervise() -> None:
            # A server that cannot write its log ends itself; whoever looks after it starts it.
            if server.process is not None and server.process.poll() is not None:
                server.start()

        yield Store(server.url, supervise)


@pytest.mark.skipif(not ALL, reason="served pages on a full disk: make torture ONLY=R13")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("system", "megabytes"), [(_sqlite, 64), (_postgres, 256)])
def test_served_pages_come_back_when_there_is_room(
    system: Callable[[Disk], Any], megabytes: int, tmp_path: Path, figure: Figure
) -> None:
    print(f"seed {SEED}")  # noqa: T201 - to be repeated with CASETABLE_SEED
    begun = time.monotonic()
    home = tmp_path / "home"
    home.mkdir()
    with (
        small_disk(megabytes) as disk,
        system(disk) as store,
        opened(home, store.url, cases=6) as office,
    ):
        alive = office.place.alive()
        with office.at_work(SEED):
            for _ in range(3):
                office.until_working()
                disk.fill()
                waits = office.journal.statuses[503]
                _until_told_to_wait(office.journal.statuses, waits + 10)
                disk.free()
                store.supervise()
            office.until_working()
        books, journal = office.books(), office.journal
        figure(
            "R13",
            system=system.__name__.strip("_"),
            acknowledged=len(journal.answered),
            told_to_wait=journal.statuses[503],
            lost=len(books.lost),
            twice=len(books.twice),
            seconds=time.monotonic() - begun,
        )
        assert journal.wrong == [], f"seed {SEED}: {journal.wrong[:3]}"
        books.check()
        assert office.place.alive() == alive
