"""One database on PostgreSQL with its logins, in which two cases have been lived."""

from collections.abc import Iterator

import pytest

from engine import demo
from engine.application import Application
from engine.clock import TestClock
from tests.conftest import START
from tests.engine.lives import play
from tests.sight.crowd import Crowd, fill
from tests.sight.server import Server, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("server")) as found:
        yield found


@pytest.fixture(scope="module")
def crowd(server: Server) -> Iterator[Crowd]:
    """The demo people around two cases; every table that is guarded has rows of both."""
    clock = TestClock(START)
    database = server.open()
    application = Application(server.settings, database, clock)
    demo.seed(application)
    play(application, clock)
    found = Crowd(application, clock, server)
    fill(found)
    yield found
    database.close()
