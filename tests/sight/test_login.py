"""What the logins of a database may not do, whatever SQL they are made to send (S3, V13.2.2)."""

# ruff: noqa: S608 - the names are those of our own tables

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import Connection, create_engine, make_url
from sqlalchemy.exc import DBAPIError, ProgrammingError

from engine import role
from engine.database import Database
from engine.errors import SettingsError
from engine.models import Base
from engine.models.sight import ENGINE, LETTERBOX, LETTERBOX_ADDS, LETTERBOX_READS, READER
from tests.conftest import POSTGRES
from tests.sight.crowd import Crowd
from tests.sight.server import Server, address

pytestmark = [pytest.mark.postgres, pytest.mark.timeout(600)]
NAMES = sorted(Base.metadata.tables)
REFUSED = "permission denied|must be owner|must be superuser|does not exist"
"""A login that works as nobody may not even look a name up: to it no table exists."""


@contextmanager
def signed_in(url: str, works_as: str = "") -> Iterator[Connection]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            if works_as:
                connection.exec_driver_sql(f"SET ROLE {works_as}")
            yield connection
    finally:
        engine.dispose()


def refused(connection: Connection, statement: str) -> None:
    with pytest.raises(ProgrammingError, match=REFUSED), connection.begin_nested():
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("works_as", ["", READER, ENGINE])
def test_working_login_cannot_switch_the_net_off(server: Server, works_as: str) -> None:
    with signed_in(server.settings.database_url, works_as) as connection:
        for statement in (
            "ALTER TABLE note DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE note NO FORCE ROW LEVEL SECURITY",
            "DROP POLICY reader ON note",
            "ALTER POLICY reader ON note USING (true)",
            "DROP FUNCTION public.casetable_cases() CASCADE",
            "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
            f"SET ROLE {make_url(server.settings.owner_database_url).username}",
            "SET ROLE postgres",
            "CREATE TABLE public.copy (id int)",
            "TRUNCATE note",
        ):
            refused(connection, statement)


def test_working_login_reads_nothing_in_its_own_name(server: Server) -> None:
    with signed_in(server.settings.database_url) as connection:
        for name in NAMES:
            refused(connection, f'SELECT count(*) FROM "{name}"')


def test_row_security_off_is_an_error_and_not_a_way_past(server: Server) -> None:
    with signed_in(server.settings.database_url, READER) as connection:
        connection.exec_driver_sql("SET row_security = off")
        with pytest.raises(ProgrammingError, match="affected by row-level security"):
            connection.exec_driver_sql("SELECT count(*) FROM note")


@pytest.mark.parametrize("name", ["audit_entry", "audit_checkpoint", "audit_seal"])
def test_engine_adds_to_the_audit_trail_and_changes_nothing(server: Server, name: str) -> None:
    with signed_in(server.settings.database_url, ENGINE) as connection:
        refused(connection, f"UPDATE {name} SET sequence = 0")
        refused(connection, f"DELETE FROM {name}")


def test_reading_role_writes_nowhere(server: Server) -> None:
    with signed_in(server.settings.database_url, READER) as connection:
        for name in NAMES:
            refused(connection, f'DELETE FROM "{name}"')
            refused(connection, f'INSERT INTO "{name}" DEFAULT VALUES')


def test_owner_sees_no_row_when_it_signs_in(crowd: Crowd) -> None:
    with signed_in(crowd.server.settings.owner_database_url) as connection:
        for name in ("note", "person", "casework_case", "contribution"):
            assert connection.exec_driver_sql(f'SELECT count(*) FROM "{name}"').scalar_one() == 0


# -- the letterbox ---------------------------------------------------------------------------------


@pytest.mark.parametrize("works_as", ["", LETTERBOX])
def test_letterbox_adds_and_does_nothing_else(crowd: Crowd, works_as: str) -> None:
    with signed_in(crowd.server.settings.report_database_url, works_as) as connection:
        for name in NAMES:
            refused(connection, f'UPDATE "{name}" SET {_column(name)} = {_column(name)}')
            refused(connection, f'DELETE FROM "{name}"')
            if not works_as or name not in LETTERBOX_ADDS:
                refused(connection, f'INSERT INTO "{name}" DEFAULT VALUES')
            if not works_as or name not in LETTERBOX_READS:
                refused(connection, f'SELECT count(*) FROM "{name}"')
        for role_name in (READER, ENGINE, "postgres"):
            refused(connection, f"SET ROLE {role_name}")
        refused(connection, "SELECT casetable_cases()")


def _column(table: str) -> str:
    return f'"{next(iter(Base.metadata.tables[table].columns)).name}"'


def test_letterbox_sees_no_report_without_its_receipt(crowd: Crowd) -> None:
    guarded = {name: columns for name, (columns, rule) in LETTERBOX_READS.items() if rule}
    assert set(guarded) == {
        "signal", "casework_case", "episode", "case_key", "report_question", "report_answer",
    }  # fmt: skip
    with signed_in(crowd.server.settings.report_database_url, LETTERBOX) as connection:
        for name, columns in guarded.items():
            rows = connection.exec_driver_sql(f'SELECT {columns or "*"} FROM "{name}"').all()
            assert rows == [], name
        for column in ("text", "about"):
            refused(connection, f"SELECT {column} FROM signal")


@pytest.mark.parametrize(
    "wrong",
    [
        "channel = 'telephone'",
        "case_id = (SELECT gen_random_uuid())",
        "received_by_id = gen_random_uuid()",
    ],
)
def test_letterbox_adds_only_what_a_stranger_may_say(crowd: Crowd, wrong: str) -> None:
    name, value = wrong.split(" = ", 1)
    given = {
        "id": "gen_random_uuid()", "channel": "'public_page'", "about": "''", "text": "''",
        "urgent": "false", "received_at": "now()",
    } | {name: value}  # fmt: skip
    statement = f"INSERT INTO signal ({', '.join(given)}) VALUES ({', '.join(given.values())})"
    with (
        signed_in(crowd.server.settings.report_database_url, LETTERBOX) as connection,
        pytest.raises(DBAPIError, match="violates row-level security"),
    ):
        connection.exec_driver_sql(statement)


# -- setting up, and refusing to start -------------------------------------------------------------


def test_setting_up_says_what_it_did_and_may_be_repeated(server: Server) -> None:
    assert len(server.said) == 6
    assert sum("is new" in line for line in server.said) == 4
    again = list(role.set_up(POSTGRES, server.settings))
    assert sum("was there" in line for line in again) == 4
    same = replace(server.settings, owner_database_url=server.settings.database_url)
    with pytest.raises(SettingsError, match="a user name of its own"):
        list(role.set_up(POSTGRES, same))
    admin = replace(server.settings, database_url=server.as_admin)
    with pytest.raises(SettingsError, match="postgres is a superuser"):
        list(role.set_up(POSTGRES, admin))
    with pytest.raises(SettingsError, match="may add roles"):
        list(role.set_up(server.settings.database_url, server.settings))


def test_production_starts_with_the_right_logins_alone(server: Server) -> None:
    settings = replace(server.settings, production=True)
    for database in (server.open(), server.open_letterbox()):
        role.check(database, settings)
        assert role.state(database) == "forced"
        database.close()
    for url, says in (
        (server.as_admin, "DATABASE_URL: The database user postgres is a superuser; make the"),
        (settings.owner_database_url, "owns tables"),
        (settings.report_database_url, f"may not work as {ENGINE} and {READER}"),
    ):
        database = Database(url)
        role.check(database, server.settings)  # not in production
        with pytest.raises(SettingsError, match=says):
            role.check(database, settings)
        database.close()
    database = Database(settings.database_url, letterbox=True)
    with pytest.raises(SettingsError, match=f"REPORT_DATABASE_URL.*may not work as {LETTERBOX}"):
        role.check(database, settings)
    database.close()


def test_production_does_not_start_where_a_table_lost_its_policy(server: Server) -> None:
    database = server.open()
    with signed_in(server.as_admin) as connection:
        connection.exec_driver_sql("ALTER TABLE note NO FORCE ROW LEVEL SECURITY")
        connection.commit()
        try:
            with pytest.raises(SettingsError, match=r"1 tables .* note .*casetable db upgrade"):
                role.check(database, replace(server.settings, production=True))
        finally:
            connection.exec_driver_sql("ALTER TABLE note FORCE ROW LEVEL SECURITY")
            connection.commit()
    database.close()


def test_bypassing_login_does_not_start(server: Server) -> None:
    name = str(make_url(server.settings.database_url).username)
    database = Database(address(str(make_url(server.settings.database_url).database), name))
    with signed_in(server.as_admin) as connection:
        connection.exec_driver_sql(f'ALTER ROLE "{name}" BYPASSRLS')
        connection.commit()
        try:
            with pytest.raises(SettingsError, match="bypasses row-level security"):
                role.check(database, replace(server.settings, production=True))
        finally:
            connection.exec_driver_sql(f'ALTER ROLE "{name}" NOBYPASSRLS')
            connection.commit()
    database.close()
