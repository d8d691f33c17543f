"""R5: twelve partners say at the same instant, each in a browser, what they think of closing.

While their forms are open, a second server is started beside the first, with the same settings and
nothing told to anybody; every other partner is sent there, as a proxy would.
"""

import http.client
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from lxml import html
from sqlalchemy import func, select

from engine import accounts, demo, verification
from engine.application import Application, DatabaseClock
from engine.database import Database
from engine.models import Account, Opinion, WorkItem, WorkItemState
from engine.scenario_world import Player
from tests.conftest import make_settings
from tests.goal import Figure
from tests.processes.partners import TWELVE, bring_to_opinions
from tests.torture.served import KEY, Server, serve
from webui.application import create_app
from webui.identity import wall_clock

ALL = os.environ.get("CASETABLE_TORTURE") == "yes"
FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


@dataclass
class Partner:
    """One browser that has its form open."""

    port: int
    host: str
    cookie: str
    path: str
    form: dict[str, str]

    def send(self, gate: Barrier) -> tuple[int, float, float]:
        """Send the answer when all are ready; return status, begin and end."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.connect()
        gate.wait()
        begun = time.monotonic()
        told = {"Cookie": self.cookie, "Host": self.host, **FORM}
        line.request("POST", self.path, urlencode(self.form), told)
        answer = line.getresponse()
        answer.read()
        ended = time.monotonic()
        line.close()
        return answer.status, begun, ended


@dataclass
class Table:
    """An installation with one case, and whoever owes an opinion on closing it."""

    application: Application
    people: dict[UUID, UUID]
    server: Server
    add_server: Callable[[], Server]

    def sit_down(self) -> list[Partner]:
        """Open the form in a browser of each partner."""
        app, found = create_app(self.application), []
        for item, person in self.people.items():
            client = app.test_client()
            with self.application.database.transaction() as session:
                account = session.get_one(Account, person)
                token = accounts.open_session(session, account, wall_clock())
            with client.session_transaction() as cookies:
                cookies["_user_id"] = token
            cookie = client.get_cookie("casetable")
            assert cookie is not None
            found.append(self._open(f"casetable={cookie.value}", f"/work/{item}"))
        return found

    def _open(self, cookie: str, path: str) -> Partner:
        line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        line.request("GET", path, headers={"Cookie": cookie})
        answer = line.getresponse()
        page = html.document_fromstring(answer.read())
        assert answer.status == 200
        hidden = {
            one.get("name"): one.get("value", "")
            for one in page.xpath("//main//form[.//*[@name='opinion']]//input[@type='hidden']")
        }
        line.close()
        host = f"127.0.0.1:{self.server.port}"
        form = {**hidden, "opinion": "agree", "reasons": "At once."}
        return Partner(self.server.port, host, cookie, path, form)


@pytest.fixture
def table(database: Database, tmp_path: Path) -> Iterator[Table]:
    if database.is_sqlite and not ALL:
        pytest.skip("many people at once use PostgreSQL; CASETABLE_TORTURE=yes tries SQLite, too")
    url = database.url.render_as_string(hide_password=False)
    settings = replace(make_settings(tmp_path, url), secret_key=KEY)
    # The clock that the served pages read, too: else the deadline would be long past for them.
    application = Application(settings, database, DatabaseClock(database, demo=True))
    demo.seed(application)
    clock: Any = demo.DemoClockControl(application)
    with database.reading() as session:
        zone = application.deployment(session).profile.zone
    people = bring_to_opinions(application, Player(application, clock, zone))
    server = serve(tmp_path, url, workers=1, threads=8)
    servers = [server]

    def add() -> Server:
        servers.append(serve(tmp_path, url, workers=1, threads=8, beside=server))
        return servers[-1]

    yield Table(application, people, server, add)
    for one in servers:
        one.stop()


@pytest.mark.timeout(600)
def test_twelve_partners_at_the_same_instant_are_all_heard(table: Table, figure: Figure) -> None:
    partners = table.sit_down()
    added = table.add_server()
    for partner in partners[::2]:
        partner.port = added.port
    gate = Barrier(TWELVE)
    with ThreadPoolExecutor(TWELVE) as pool:
        answers = list(pool.map(lambda one: one.send(gate), partners))
    took = max(end for _, _, end in answers) - min(begin for _, begin, _ in answers)
    with table.application.database.reading() as session:
        counted = session.scalar(select(func.count()).select_from(Opinion))
        owed = session.scalars(
            select(WorkItem.element_id).where(WorkItem.state == WorkItemState.OPEN.value)
        ).all()
        breaks = verification.verify(session).breaks
    figure("R5", partners=TWELVE, servers=2, counted=counted or 0, slowest_seconds=took)
    assert [status for status, _, _ in answers] == [302] * TWELVE
    assert counted == TWELVE
    assert list(owed) == ["decide_closure"]
    assert breaks == []
