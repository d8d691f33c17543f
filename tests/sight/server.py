"""A database set up as an operator would: by the commands, with a login for each purpose."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from engine import migration, role
from engine.database import Database
from engine.settings import Settings
from tests.conftest import POSTGRES, make_settings

SECRET = "a password of the tests"


@dataclass(frozen=True)
class Server:
    """The addresses of one database, and what the set-up said."""

    settings: Settings
    said: tuple[str, ...]

    @property
    def as_admin(self) -> str:
        """The address of who may do everything, which no process of the product gets."""
        name = make_url(self.settings.database_url).database
        return make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)

    def open(self) -> Database:
        return Database(self.settings.database_url)

    def open_as_owner(self) -> Database:
        return Database(self.settings.owner_database_url)

    def open_letterbox(self) -> Database:
        return Database(self.settings.report_database_url, letterbox=True)


def address(database: str, user: str) -> str:
    url = make_url(POSTGRES).set(database=database, username=user, password=SECRET)
    return url.render_as_string(hide_password=False)


@contextmanager
def served(folder: Path) -> Iterator[Server]:
    """Make logins, database and tables, and take them away again."""
    name = f"casetable_sight_{os.getpid()}"
    users = [f"{name}_{part}" for part in ("owner", "app", "letters", "backup")]
    settings = replace(
        make_settings(folder, address(name, users[1])),
        owner_database_url=address(name, users[0]),
        report_database_url=address(name, users[2]),
        backup_database_url=address(name, users[3]),
        report_url="http://report.localhost:8080",
    )
    admin = create_engine(POSTGRES, isolation_level="AUTOCOMMIT")
    try:
        said = tuple(role.set_up(POSTGRES, settings))
        found = Server(settings, said)
        owner = found.open_as_owner()
        migration.upgrade(owner)
        owner.close()
        yield found
    finally:
        with admin.connect() as connection:
            connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
            for user in users:
                connection.execute(text(f'DROP ROLE IF EXISTS "{user}"'))
        admin.dispose()
