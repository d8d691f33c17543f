"""Alembic's entry: runs the migrations on the database that engine.migration hands over."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import JSON

from engine.database import Database
from engine.models import Base, install_guard, remove_guard
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

with database.engine.execution_options(casetable_write=True).connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite cannot alter constraints in place: tables are rebuilt.
        render_as_batch=database.is_sqlite,
        compare_type=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        # SQLite refuses to rebuild a table that a trigger reads.
        remove_guard(connection)
        context.run_migrations()
        install_guard(connection)
    connection.commit()
