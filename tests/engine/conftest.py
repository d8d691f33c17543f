"""An application that runs the small processes."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.deployment import ResolvedDeployment
from tests.conftest import make_settings, seeded
from tests.engine import small
from tests.engine.desk import Desk


@pytest.fixture
def desk(
    database: Database, tmp_path: Path, clock: TestClock, small_processes: ResolvedDeployment
) -> Iterator[Desk]:
    url = database.url.render_as_string(hide_password=False)
    folder = small.write_processes(tmp_path / "processes")
    settings = replace(make_settings(tmp_path, url), processes_dir=folder)
    found = Application(settings, database, clock)
    seeded(found, small_processes)
    small.Switch.broken = False
    yield Desk(found, clock)
    small.Switch.broken = False
