"""Takes a PostgreSQL database along with pg_dump, and fills an empty one with pg_restore.

Owners, rights and policies are left out: the program puts its own in place, so that a backup goes
to a server with other logins. Passwords go by the environment, which other users do not see.
"""

import os
import re
import shutil
import subprocess  # nosec B404
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Connection, func, select, text

from engine.database import Database
from engine.errors import CasetableError, InputError

NAME = "database.dump"
KEYS = "case_key"
LEFT_OUT = re.compile(
    r"^\d+; \d+ \d+ (SCHEMA|ACL|DEFAULT ACL|POLICY|ROW SECURITY|COMMENT - SCHEMA) "
)
_PASSES = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user")


@contextmanager
def snapshot(database: Database) -> Iterator[tuple[Connection, str]]:
    """Give a connection that sees one instant, and the name by which pg_dump sees the same."""
    bind = database.engine.execution_options(isolation_level="REPEATABLE READ")
    with bind.connect() as connection:
        if not connection.scalar(_PASSES):
            raise InputError(
                f"{database.url.username} does not see all rows: set "
                "CASETABLE_BACKUP_DATABASE_URL to the login that `casetable db roles` made for "
                "backups."
            )
        yield connection, str(connection.scalar(select(func.pg_export_snapshot())))


def dump(url: URL, seen: str, folder: Path) -> None:
    """Write the database as `seen` into a folder; the keys of cases stay out (S15)."""
    _run(
        url,
        "pg_dump",
        "--format=custom",
        "--no-owner",
        "--no-acl",
        "--schema=public",
        f"--snapshot={seen}",
        f"--exclude-table-data=public.{KEYS}",
        f"--file={folder / NAME}",
    )


def fill(url: URL, folder: Path) -> None:
    """Fill an empty database in one transaction: all of it, or nothing."""
    file = str(folder / NAME)
    listed = _run(None, "pg_restore", "--list", file).splitlines()
    wanted = [line for line in listed if not LEFT_OUT.match(line)]
    with NamedTemporaryFile("w", encoding="utf-8", suffix=".list") as chosen:
        chosen.write("\n".join(wanted) + "\n")
        chosen.flush()
        _run(
            url,
            "pg_restore",
            "--no-owner",
            "--no-acl",
            "--exit-on-error",
            "--single-transaction",
            f"--use-list={chosen.name}",
            file,
        )


def clear(database: Database) -> None:
    """Take away what a restore that failed left behind; the database was empty before."""
    database.close()
    with database.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
        connection.exec_driver_sql("REVOKE ALL ON SCHEMA public FROM PUBLIC")


def _run(url: URL | None, program: str, *arguments: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise InputError(
            f"{program} is missing: install PostgreSQL's client programs, of the server's version "
            "or a newer one."
        )
    environment = dict(os.environ)
    if url is not None:
        given = url.translate_connect_args(username="user", database="dbname") | dict(url.query)
        environment["PGPASSWORD"] = str(given.pop("password", ""))
        arguments = (f"--dbname={make_conninfo(**given)}", *arguments)
    done = subprocess.run(  # noqa: S603 - our own arguments
        [found, *arguments], capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        # The lines that follow the first quote rows.
        told = next((line for line in done.stderr.splitlines() if "error:" in line), program)
        raise CasetableError(f"{told.strip()} Nothing was kept.")
    return done.stdout
