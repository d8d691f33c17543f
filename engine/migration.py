"""Brings the database's tables to the current version (Alembic), forwards and back."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from engine.database import Database

FOLDER = Path(__file__).resolve().parent / "migrations"


def config(database: Database) -> Config:
    """Return Alembic's configuration for one database."""
    found = Config()
    found.set_main_option("script_location", str(FOLDER))
    found.attributes["database"] = database
    return found


def upgrade(database: Database, revision: str = "head") -> None:
    """Upgrade the tables; a database that is up to date is left alone."""
    before = _revision(database)
    command.upgrade(config(database), revision)
    if database.is_sqlite and _revision(database) != before:
        _forget_old_pages(database)


def _revision(database: Database) -> str | None:
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _forget_old_pages(database: Database) -> None:
    """Rewrite the file: what was stored plainly before would stay in its free pages (S14)."""
    raw = database.engine.raw_connection()
    try:
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            raw.cursor().execute(statement)
    finally:
        raw.close()


def downgrade(database: Database, revision: str) -> None:
    """Go back to an older revision."""
    command.downgrade(config(database), revision)


def is_current(database: Database) -> bool:
    """Say whether the tables are at the newest revision."""
    newest = ScriptDirectory.from_config(config(database)).get_current_head()
    return _revision(database) == newest
