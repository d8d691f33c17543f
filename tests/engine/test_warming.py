"""A process that has just been started keeps nobody waiting for what it has not read yet."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from engine.application import Application, DatabaseClock
from engine.database import Database
from engine.deployment import Deployments
from engine.warming import warm
from tests.conftest import make_settings


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_warmed_process_reads_no_diagram_for_the_first_person(application: Application) -> None:
    application.deployments = Deployments()
    warm(application)
    asked: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(application.database.worker, "before_cursor_execute", note)
    with application.database.reading() as session:
        deployment = application.deployment(session)
    event.remove(application.database.worker, "before_cursor_execute", note)
    assert deployment.program("case_management") is deployment.program("case_management")
    assert not [one for one in asked if "deployment_file" in one]


def test_what_stays_is_not_looked_through_again_and_again(application: Application) -> None:
    before = gc.get_freeze_count()
    warm(application)
    assert gc.get_freeze_count() > before + 100_000


def test_process_starts_without_a_database_too(tmp_path: Path) -> None:
    url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    database = Database(url)
    settings = make_settings(tmp_path, url)
    warm(Application(settings, database, DatabaseClock(database, demo=False)))
