"""How long pages wait for the database, as docs/operations.md says (V13.1.2, V13.2.6)."""

import re
import socket
from contextlib import ExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from engine import database as engine_database
from engine.application import Application
from engine.clock import SystemClock
from engine.database import Database
from engine.settings import ROOT
from tests.sight.server import Server
from webui.application import create_app

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]


def test_no_free_connection_is_said_with_when_to_come_back(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("POOL", 1), ("MORE", 0), ("POOL_SECONDS", 0.05)):
        monkeypatch.setattr(engine_database, name, value)
    database = server.open()
    client = create_app(Application(server.settings, database, SystemClock())).test_client()
    with client.session_transaction() as session:
        session["_user_id"] = "a token"
    with ExitStack() as taken:
        for engine in database.engines:
            taken.enter_context(engine.connect())
        answer = client.get("/")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert client.get("/").status_code == 302
    database.close()


def test_database_that_says_nothing_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that takes the connection and is silent counts as away."""
    monkeypatch.setattr(engine_database, "CONNECT_SECONDS", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        database = Database(f"postgresql+psycopg://nobody@127.0.0.1:{silent.getsockname()[1]}/none")
        with pytest.raises(OperationalError, match="timeout"), database.reading() as session:
            session.connection()
        database.close()


def test_statement_of_a_page_ends_and_work_does_not(
    server: Server,
) -> None:
    database = server.open()
    with database.reader.connect() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "30s"
        connection.exec_driver_sql("SET LOCAL statement_timeout = '50ms'")
        with pytest.raises(OperationalError, match="statement timeout"):
            connection.execute(text("SELECT pg_sleep(60)"))
    with database.worker.connect() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "0"
    database.close()


def test_page_of_operations_says_the_limits() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    row = re.search(r"^\| PostgreSQL \|.*$", page, re.MULTILINE)
    assert row is not None
    for figure in (
        f"{engine_database.POOL + engine_database.MORE} connections",
        f"{engine_database.POOL_SECONDS} seconds for a free one",
        f"{engine_database.CONNECT_SECONDS} seconds to connect",
        f"{engine_database.READ_SECONDS} seconds a statement",
    ):
        assert figure in row[0], figure
