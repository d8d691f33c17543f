"""An installation on each database system, as its commands set it up, and an empty one beside."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, make_url, select, text

from engine import accounts, demo, migration
from engine.application import Application
from engine.clock import TestClock
from engine.database import Database
from engine.models import Organisation
from engine.settings import Settings
from tests.conftest import POSTGRES, START, make_settings, not_to_the_disk
from tests.engine import small
from tests.engine.desk import Desk

BY = ("otto", "olaf")
"""The two operators who bring a backup back."""


@dataclass
class Installation:
    """An installation at work, and settings of an empty database of the same system."""

    desk: Desk
    elsewhere: Settings

    @property
    def application(self) -> Application:
        return self.desk.application


@contextmanager
def _server_database(name: str, template: str = "template1") -> Iterator[str]:
    """Give the address of a PostgreSQL database that is as another one."""
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    found = f"casetable_backup_{name}_{os.getpid()}"
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{found}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{found}" TEMPLATE "{template}"'))
    try:
        yield make_url(POSTGRES).set(database=found).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{found}" WITH (FORCE)'))
        admin.dispose()


def operators(application: Application) -> None:
    """Add the two operators."""
    with application.database.transaction() as session:
        organisation = session.scalars(select(Organisation)).first()
        assert organisation is not None
        for name in BY:
            accounts.add_account(
                session,
                username=name,
                display_name=name.title(),
                email=f"{name}@example.org",
                password="a long sentence for nobody",
                organisation=organisation,
                roles=frozenset({"operator"}),
                now=application.now(session),
            )


def _made(folder: Path, url: str) -> Settings:
    """Set an installation up by its migrations, with its people, as an operator would."""
    processes = small.write_processes(folder / "processes")
    settings = replace(make_settings(folder, url), processes_dir=processes)
    with closing(Database(url)) as database:
        migration.upgrade(database)
        application = Application(settings, database, TestClock(START))
        demo.seed(application)
        operators(application)
    return settings


@pytest.fixture(scope="session")
def made_in_file(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("made")
    return _made(folder, f"sqlite:///{folder / 'made.sqlite'}")


@pytest.fixture(scope="session")
def made_on_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with _server_database("made") as url:
        yield _made(tmp_path_factory.mktemp("made"), url)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    with ExitStack() as stack:
        if request.param == "sqlite":
            made: Settings = request.getfixturevalue("made_in_file")
            works, empty = (f"sqlite:///{tmp_path / name}.sqlite" for name in ("works", "empty"))
            shutil.copyfile(made.data_dir / "made.sqlite", tmp_path / "works.sqlite")
        else:
            made = request.getfixturevalue("made_on_server")
            template = str(make_url(made.database_url).database)
            works = stack.enter_context(_server_database("works", template))
            empty = stack.enter_context(_server_database("empty"))
        settings = replace(made, data_dir=tmp_path, master_key_file=made.data_dir / "master_keys")
        database = stack.enter_context(closing(Database(works)))
        if database.is_sqlite:
            event.listen(database.engine, "connect", not_to_the_disk)
        clock = TestClock(START)
        application = Application(replace(settings, database_url=works), database, clock)
        small.Switch.broken = False
        yield Installation(Desk(application, clock), replace(settings, database_url=empty))


@pytest.fixture
def open_elsewhere(installation: Installation) -> Iterator[Callable[[], Desk]]:
    """Open what came back, on the clock that goes on from where it was."""
    with ExitStack() as stack:

        def opened() -> Desk:
            database = Database(installation.elsewhere.database_url)
            stack.enter_context(closing(database))
            clock = installation.desk.clock
            return Desk(Application(installation.elsewhere, database, clock), clock)

        yield opened
