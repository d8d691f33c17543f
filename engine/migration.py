"""Brings the database's tables to the current version (Alembic), forwards and back."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from engine.database import Database

FOLDER = Path(__file__).resolve().parent / "migrations"


def config(database: Database) -> Config:
    """Return Alembic's configuration for one database."""
    found = Config()
    found.set_main_option("script_location", str(FOLDER))
    found.attributes["database"] = database
    return found


def upgrade(database: Database, to: str = "head") -> None:
    """Upgrade the tables; a database that is up to date is left alone."""
    before = revision(database.engine)
    command.upgrade(config(database), to)
    if database.is_sqlite and revision(database.engine) != before:
        _forget_old_pages(database)


def revision(engine: Engine) -> str | None:
    """Return the revision of the tables; None where there are none.

    `engine` is one of the database's: whoever owns the tables, or whoever works on them.
    """
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _forget_old_pages(database: Database) -> None:
    """Rewrite the file: what was stored plainly before would stay in its free pages (S14)."""
    raw = database.engine.raw_connection()
    try:
        for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
            raw.cursor().execute(statement)
    finally:
        raw.close()


def downgrade(database: Database, to: str) -> None:
    """Go back to an older revision."""
    command.downgrade(config(database), to)


def is_usable(database: Database) -> bool:
    """Say whether this program can work on the tables: they are at its revision, or past it.

    Past it while an upgrade rolls: the next version leaves this one what it needs.
    """
    found = revision(database.worker)
    scripts = ScriptDirectory.from_config(config(database))
    known = {one.revision for one in scripts.walk_revisions()}
    return found is not None and (found == scripts.get_current_head() or found not in known)


def is_current(database: Database) -> bool:
    """Say whether the tables are at the newest revision, asked as whoever works on them."""
    newest = ScriptDirectory.from_config(config(database)).get_current_head()
    return revision(database.worker) == newest
