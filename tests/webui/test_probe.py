"""A supervisor learns whether the process lives and can serve; a stranger learns no more."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from engine import migration
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.masterkey import MasterKeys
from tests.conftest import START, make_settings
from webui.application import create_app

READY = (200, {"status": "ready"})
NOT_READY = (503, {"status": "not ready"})


@pytest.fixture
def served(tmp_path: Path, empty_file: Path) -> Iterator[tuple[Application, FlaskClient]]:
    file = tmp_path / "probe.sqlite"
    file.write_bytes(empty_file.read_bytes())
    settings = replace(
        make_settings(tmp_path, f"sqlite:///{file}"), broker_url="redis://127.0.0.1:1"
    )
    with closing(Database(settings.database_url)) as database:
        application = Application(settings, database, TestClock(START))
        _at(database, "0001")
        yield application, create_app(application).test_client()


def _at(database: Database, revision: str) -> None:
    """Let the tables be of a revision."""
    with database.engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
        connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        connection.execute(text("INSERT INTO alembic_version VALUES (:one)"), {"one": revision})


def _newest(database: Database) -> str:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(migration.config(database))
    return str(scripts.get_current_head())


def _asked(client: FlaskClient) -> tuple[int, object]:
    answer = client.get("/ready")
    return answer.status_code, answer.get_json()


def test_ready_waits_for_the_tables_of_this_version(
    served: tuple[Application, FlaskClient],
) -> None:
    application, client = served
    assert _asked(client) == NOT_READY
    _at(application.database, _newest(application.database))
    assert _asked(client) == READY, "a broker that is away makes it slower, not wrong"
    _at(application.database, "9999")
    assert _asked(client) == READY, "the next version's tables carry this one while it rolls"


def test_ready_needs_the_keys(
    served: tuple[Application, FlaskClient], capsys: pytest.CaptureFixture[str]
) -> None:
    application, client = served
    _at(application.database, _newest(application.database))
    application.database.master_keys = MasterKeys(path=Path("/nowhere/master_keys"))
    assert _asked(client) == NOT_READY
    assert "nowhere" not in capsys.readouterr().out


def test_live_asks_nothing_of_the_database(
    served: tuple[Application, FlaskClient], tmp_path: Path
) -> None:
    application, client = served
    application.database.close()
    away = Database(f"sqlite:///{tmp_path}")
    application.database.engine, application.database.worker = away.engine, away.worker
    application.database.reader = away.reader
    assert client.get("/live").get_json() == {"status": "alive"}
    assert _asked(client) == NOT_READY
