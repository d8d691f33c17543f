"""What all tables share: naming of constraints, aware instants, random ids."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any
from uuid import UUID, uuid4

from sqlalchemy import (
    JSON,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    TypeDecorator,
    Uuid,
    event,
    inspect,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import TypeEngine

from engine.language.telling import packed, read, unpacked, written

# Constraints are named so that migrations can find them on both databases.
NAMING = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def spelled_out(column: Any, code: str) -> Any:
    """Return the condition that a column has a code of the program, with the code written out.

    SQLite uses a partial index only for a condition that it can read.
    """
    return column == literal_column(f"'{code}'")


def other_than(column: Any, code: str) -> Any:
    """Return the condition that a column has another code of the program, written out as well."""
    return column != literal_column(f"'{code}'")


def at_most(rows: int) -> ColumnElement[int]:
    """Return a limit with its number written out, for `limit`.

    PostgreSQL takes a limit that it cannot read for a tenth of all rows. In a large installation
    the plan that it could keep looks dear to it then, and it makes a new one at each execution.
    """
    return literal_column(f"{rows:d}", Integer)


class Instant(TypeDecorator[datetime]):
    """An aware instant, stored and returned in UTC; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive instants: they would be read in another zone later (R8)."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("An instant needs a time zone.")
        moved = value.astimezone(UTC)
        return moved.replace(tzinfo=None) if dialect.name == "sqlite" else moved

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return UTC on both databases."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Retold(TypeDecorator[Any]):
    """Data in JSON whose sentences can be told in any language (`engine.language.telling`)."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the same column as of any other JSON."""
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else JSON())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """Store key and values of each sentence."""
        del dialect
        return packed(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """Return the sentences; what was stored as a plain text stays one."""
        del dialect
        return unpacked(value)


class RetoldText(TypeDecorator[str]):
    """One sentence in a text column that can be told in any language."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Store key and values."""
        del dialect
        return None if value is None else written(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the sentence; what was stored as a plain text stays one."""
        del dialect
        return None if value is None else read(value)


JsonValue = JSON().with_variant(JSONB(), "postgresql")

type_map: dict[Any, Any] = {
    datetime: Instant(),
    dict[str, Any]: JsonValue,
    list[str]: JsonValue,
    UUID: Uuid(),
}


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = type_map


@event.listens_for(Base, "init", propagate=True)
def _fill_defaults(target: Base, arguments: Any, given: dict[str, Any]) -> None:
    """Give a new row its id and defaults at once, so that nobody has to store it to read them."""
    del arguments
    for name, default in _defaults(type(target)):
        if name not in given:
            given[name] = default(None)


@cache
def _defaults(kind: type[Base]) -> list[tuple[str, Callable[[Any], Any]]]:
    found: list[tuple[str, Callable[[Any], Any]]] = []
    for attribute in inspect(kind).column_attrs:
        default: Any = attribute.columns[0].default
        if default is not None and default.is_callable:
            found.append((attribute.key, default.arg))
        elif default is not None and default.is_scalar:
            found.append((attribute.key, _always(default.arg)))
    return found


def _always(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


Id = Annotated[UUID, mapped_column(primary_key=True, default=uuid4)]
"""A random 128-bit id: it cannot be guessed from another one (S2)."""
Code = Annotated[str, mapped_column(String(100))]
Line = Annotated[str, mapped_column(String(300))]
Prose = Annotated[str, mapped_column(Text)]
RetoldData = Annotated[dict[str, Any], mapped_column(Retold)]
RetoldLines = Annotated[list[str], mapped_column(Retold)]
RetoldProse = Annotated[str, mapped_column(RetoldText)]
"""Sentences that were made once and are read in many languages."""


def index_of_some(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """Return an index that holds only some rows of its table, the same ones on each system.

    Where one system alone knew the condition, the other would keep every row that ever was.
    """
    condition = text(where)
    return Index(name, *columns, unique=unique, postgresql_where=condition, sqlite_where=condition)
