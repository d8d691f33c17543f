"""Takes an SQLite database along while others work with it, and takes the keys of cases out."""

import sqlite3
from contextlib import closing
from pathlib import Path

from engine.database import Database

NAME = "database.sqlite"
KEYS = "case_key"


def copy(database: Database, target: Path) -> None:
    """Copy the database as it is at one instant, by SQLite's own means."""
    raw = database.engine.raw_connection()
    try:
        with closing(sqlite3.connect(target)) as into:
            raw.driver_connection.backup(into)  # type: ignore[union-attr]
    finally:
        raw.close()


def without_keys(file: Path) -> None:
    """Take the keys of cases out of a copy, so that no page of it holds one (S15)."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("BEGIN")
        # A held case refuses that its key goes; the copy of the key is elsewhere.
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (KEYS,)
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute(f"DELETE FROM {KEYS}")  # noqa: S608  # nosec B608
        for _, statement in triggers:
            connection.execute(statement)
        connection.execute("COMMIT")
        connection.execute("VACUUM")


def settle(file: Path) -> None:
    """Bring all of a database into its one file."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
