"""Alembic's entry: runs the migrations on the database that engine.migration hands over."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON

from engine.database import Database
from engine.errors import StateError
from engine.migrations.alone import hold_all_tables
from engine.models import Base, install_fence, install_guard, remove_fence, remove_guard
from engine.models.base import Instant


def render_item(kind: str, item: Any, autogen_context: Any) -> str | Literal[False]:
    """Write our own column types by their short name."""
    if kind == "type" and isinstance(item, Instant):
        autogen_context.imports.add("from engine.models.base import Instant")
        return "Instant()"
    if kind == "type" and isinstance(item, JSON):
        autogen_context.imports.add("from engine.models.base import JsonValue")
        return "JsonValue"
    return False


database: Database = context.config.attributes["database"]


def foreign_keys(*, on: bool) -> None:
    """Let SQLite rebuild tables that others refer to; the pragma works outside transactions."""
    if database.is_sqlite:
        raw: Any = connection.connection.driver_connection
        raw.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def check_references() -> None:
    """Refuse to commit when a rebuilt table lost what others refer to."""
    if database.is_sqlite and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
        raise StateError("The migration would break references between tables; nothing is changed.")


def is_newest() -> bool:
    """Say whether the tables are those of the models, which the policies name."""
    return bool(context.get_context().get_current_revision() == context.get_head_revision())


def moves() -> bool:
    """Say whether there is anything to migrate: else no table is locked."""
    return not is_newest() or context.get_revision_argument() != context.get_head_revision()


with database.engine.execution_options(casetable_write=True).connect() as connection:
    foreign_keys(on=False)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite cannot alter constraints in place: tables are rebuilt.
        render_as_batch=database.is_sqlite,
        compare_type=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        hold_all_tables(connection)
        # SQLite refuses to rebuild a table that a trigger reads.
        remove_guard(connection)
        if moves():
            # A migration reads and fills all rows, and drops tables that policies name.
            remove_fence(connection)
        context.run_migrations()
        install_guard(connection)
        if is_newest():
            install_fence(connection)
        check_references()
    connection.commit()
    foreign_keys(on=True)
