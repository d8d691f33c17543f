"""Installations of the process without an end, for the tests that kill and race."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.application import Application, DatabaseClock
from engine.clock import TestClock
from engine.database import Database
from engine.deployment import ResolvedDeployment, resolve
from tests.conftest import make_settings, seeded
from tests.engine.desk import Desk
from tests.torture import process
from tests.torture.arena import KEY, Arena


@pytest.fixture(scope="session")
def endless_process(tmp_path_factory: pytest.TempPathFactory) -> ResolvedDeployment:
    """The process without an end, read and compiled once."""
    return resolve(process.write_processes(tmp_path_factory.mktemp("endless") / "p"), "base")


@pytest.fixture
def arena(
    database: Database, tmp_path: Path, endless_process: ResolvedDeployment
) -> Iterator[Arena]:
    """An installation in real time, whose processes come and go."""
    url = database.url.render_as_string(hide_password=False)
    folder = process.write_processes(tmp_path / "processes")
    settings = replace(make_settings(tmp_path, url), processes_dir=folder, secret_key=KEY)
    application = Application(settings, database, DatabaseClock(database, demo=True))
    seeded(application, endless_process)
    (tmp_path / "effects").touch()
    found = Arena(Desk(application, None), tmp_path)  # type: ignore[arg-type]
    found.open()
    yield found
    found.close()


@pytest.fixture
def desk(
    database: Database, tmp_path: Path, clock: TestClock, endless_process: ResolvedDeployment
) -> Desk:
    """An installation on a test clock, in the process of the test."""
    url = database.url.render_as_string(hide_password=False)
    folder = process.write_processes(tmp_path / "processes")
    settings = replace(make_settings(tmp_path, url), processes_dir=folder)
    application = Application(settings, database, clock)
    seeded(application, endless_process)
    return Desk(application, clock)
