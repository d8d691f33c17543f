"""Collects what turns write at their end, so that many rows of a table cost one statement."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import Executable, Insert, Table
from sqlalchemy.orm import Session

from engine.models import Base

Rows = list[dict[str, Any]]


class PendingRows:
    """What one turn owes the database beside the rows that it has loaded."""

    def __init__(self) -> None:
        self._owed: dict[Executable, Rows] = {}

    def append(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        """Add rows to a table."""
        if rows := list(rows):
            self.send(insert_into(table), rows)

    def send(self, statement: Executable, parameters: Rows) -> None:
        """Send a statement once for each set of parameters, before rows are added."""
        self._owed.setdefault(statement, []).extend(parameters)

    def take(self) -> dict[Executable, Rows]:
        """Return all statements with their parameters, once."""
        owed, self._owed = self._owed, {}
        return owed


@cache
def insert_into(table: Table) -> Insert:
    """Return the statement that adds rows to a table; the same object each time."""
    return table.insert()


def send_all(session: Session, many: Iterable[dict[Executable, Rows]]) -> None:
    """Send what several turns owe: each statement once, and changes before new rows."""
    owed: dict[Executable, Rows] = {}
    for one in many:
        for statement, parameters in one.items():
            owed.setdefault(statement, []).extend(parameters)
    for statement in sorted(owed, key=lambda one: one.is_insert):
        session.connection().execute(statement, owed[statement])


def table_of(model: type[Base]) -> Table:
    """Return the table of a model."""
    return Base.metadata.tables[model.__tablename__]
