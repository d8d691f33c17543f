"""A backup is made and brought back by the logins of production, each with its own rights (R14)."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select
from sqlalchemy.exc import ProgrammingError

from engine import cases, demo, role
from engine.application import Application
from engine.backup import creating, restoring
from engine.clock import TestClock
from engine.database import Database
from engine.errors import InputError
from engine.models import Case
from tests.backup.conftest import BY, operators
from tests.conftest import POSTGRES, START
from tests.engine import small
from tests.engine.desk import REPORT
from tests.sight.server import Server, served

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("server")) as found:
        yield found


def test_backup_goes_through_the_logins_of_production(server: Server, tmp_path: Path) -> None:
    processes = small.write_processes(tmp_path / "processes")
    settings = replace(server.settings, processes_dir=processes)
    folder, keys = tmp_path / "backup", tmp_path / "keys"
    with closing(server.open()) as database:
        application = Application(settings, database, TestClock(START))
        demo.seed(application)
        operators(application)
        cases.report_concern(application, REPORT)
        application.settings = replace(settings, backup_database_url="")
        with pytest.raises(InputError, match="CASETABLE_BACKUP_DATABASE_URL"):
            creating.create(application, folder, keys)
        application.settings = settings
        creating.create(application, folder, keys)
    with role.scratch_database(POSTGRES, settings, f"{database.url.database}_back") as elsewhere:
        source = restoring.open_source(elsewhere, folder, keys)
        found = restoring.restore(elsewhere, source, BY)
        assert found.proof.problems == []
        assert found.proof.keys == 1
        with closing(Database(elsewhere.database_url)) as back:
            assert role.wrong_with(back) == ""
            with back.reading() as session:
                assert session.scalars(select(Case.code)).all()
            with back.reading_as(None) as session:
                assert not session.scalars(select(Case.code)).all(), "policies stand again"


def test_login_for_backups_changes_nothing(server: Server) -> None:
    with closing(Database(server.settings.backup_database_url)) as database:
        for statement in ("DELETE FROM job", "UPDATE account SET email = ''", "DROP TABLE notice"):
            with database.engine.connect() as connection, pytest.raises(ProgrammingError):
                connection.exec_driver_sql(statement)
