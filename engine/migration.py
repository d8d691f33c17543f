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
    command.upgrade(config(database), revision)


def downgrade(database: Database, revision: str) -> None:
    """Go back to an older revision."""
    command.downgrade(config(database), revision)


def is_current(database: Database) -> bool:
    """Say whether the tables are at the newest revision."""
    newest = ScriptDirectory.from_config(config(database)).get_current_head()
    with database.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision() == newest
