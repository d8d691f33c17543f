"""Many cases from a few: rows are copied inside the database, under ids that follow a number."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Table, TextClause, Uuid, bindparam, insert, select, text

from benchmarks.place import Place
from engine import keyring
from engine.models import (
    Base,
    Case,
    CaseKey,
    CaseMember,
    CasePartner,
    Episode,
    ProcessInstance,
    StepHistory,
    Timer,
    WorkItem,
)

COPIED: tuple[type[Base], ...] = (
    Case,
    ProcessInstance,
    Episode,
    CaseMember,
    CasePartner,
    WorkItem,
    Timer,
)
"""What carries no sealed words: those are bound to their row and would not open in a copy."""
WITH_HISTORY: tuple[type[Base], ...] = (*COPIED, StepHistory)
FACTOR = 2654435761
"""Odd, so that each number has its own eight digits, and ids lie as scattered as random ones."""
BATCH = 10_000
Changes = Mapping[str, str]
"""SQL for columns, as `{"work_item.due_at": "..."}`; the number of a copy is `n.i`."""


def copy_case(
    found: Place,
    case_id: UUID,
    numbers: range,
    changes: Changes | None = None,
    *,
    prefix: str = "B",
    models: tuple[type[Base], ...] = COPIED,
    only: Changes | None = None,
) -> None:
    """Copy a case once for each number; the same number leads to the same ids everywhere.

    Codes begin with `prefix`, which is another one for each case that is copied. Of the tables
    in `models` come the rows for which `only` says no other.
    """
    code = f"'{prefix}' || substr(CAST(10000000 + n.i AS text), 2)"
    wanted = {
        "casework_case.code": code,
        "casework_case.audit_sequence": "0",
        "casework_case.audit_head": "''",
        **(changes or {}),
    }
    with found.application.database.transaction() as session:
        connection, now = session.connection(), as_given(found.clock.now())
        for begin in range(numbers.start, numbers.stop, BATCH):
            end = min(begin + BATCH, numbers.stop)
            for model in models:
                statement = _copies(
                    connection, model, wanted, (only or {}).get(model.__tablename__, "")
                )
                given = {"case": case_id, "first": begin, "last": end - 1, "now": now}
                connection.execute(statement, {name: given[name] for name in _names(statement)})


def id_of(row_id: UUID, number: int) -> UUID:
    """Return the id that the copy of a row with this number has."""
    return UUID(f"{(number * FACTOR) & 0xFFFFFFFF:08x}{row_id.hex[8:]}")


def number_id(connection: Connection, column: str, number: str = "n.i") -> str:
    """Return the SQL for the same."""
    if connection.dialect.name == "sqlite":
        scattered = f"printf('%08x', ({number} * {FACTOR}) & 4294967295)"
        return f"{scattered} || substr({column}, 9)"
    scattered = f"lpad(to_hex((CAST({number} AS bigint) * {FACTOR}) & 4294967295), 8, '0')"
    return f"({scattered} || substr(replace({column}::text, '-', ''), 9))::uuid"


def numbers_between(connection: Connection) -> str:
    """Return the SQL for a table `n` whose column `i` counts from `:first` to `:last`."""
    if connection.dialect.name == "sqlite":
        return (
            "(WITH RECURSIVE c(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM c "
            "WHERE i < :last) SELECT i FROM c) n"
        )
    return "(SELECT generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS i) n"


def instant(connection: Connection, seconds: str) -> str:
    """Return the SQL for the instant so many seconds after `:now` (see `as_given`)."""
    if connection.dialect.name == "sqlite":
        return f"strftime('%Y-%m-%d %H:%M:%S', :now, ({seconds}) || ' seconds') || '.000000'"
    return f"CAST(:now AS timestamptz) + make_interval(secs => {seconds})"


def as_given(moment: datetime) -> str:
    """Return an instant as both databases read it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S+00:00")


def _copies(
    connection: Connection, model: type[Base], changes: Changes, condition: str
) -> TextClause:
    table = Base.metadata.tables[model.__tablename__]
    copied = {Base.metadata.tables[other.__tablename__] for other in COPIED}
    columns = {
        column.name: changes.get(f"{table.name}.{column.name}")
        or _copied(connection, column, copied)
        for column in table.columns
        if column.name != "id" or isinstance(column.type, Uuid)
    }
    names = ", ".join(f'"{name}"' for name in columns)
    statement = text(
        f'INSERT INTO "{table.name}" ({names}) SELECT {", ".join(columns.values())} '  # noqa: S608
        f'FROM "{table.name}" t CROSS JOIN {numbers_between(connection)} '
        f"WHERE {_of_case(table)}{condition and f' AND {condition}'}"
    )
    return statement.bindparams(bindparam("case", type_=Uuid()))


def _copied(connection: Connection, column: Any, copied: set[Table]) -> str:
    leads = {key.column.table for key in column.foreign_keys}
    if column.name == "id" or leads & copied:
        return number_id(connection, f't."{column.name}"')
    return f't."{column.name}"'


def _names(statement: TextClause) -> Iterable[str]:
    return list(statement.compile().params)


def _of_case(table: Table) -> str:
    if table.name == "casework_case":
        return "t.id = :case"
    if "case_id" in table.columns:
        return "t.case_id = :case"
    return "t.instance_id IN (SELECT p.id FROM process_instance p WHERE p.case_id = :case)"


def give_keys(found: Place) -> None:
    """Give each case without a key one of its own: it is wrapped for the case it belongs to."""
    master = found.application.database.master_keys
    keyless = select(Case.id).where(Case.id.not_in(select(CaseKey.case_id)))
    with found.application.database.transaction() as session:
        now = found.application.now(session)
        rows = [
            {
                "case_id": case_id,
                "version": 1,
                "master_version": key.master_version,
                "wrapped": key.wrapped,
                "created_at": now,
            }
            for case_id in session.scalars(keyless)
            for key in [keyring.wrap(master, case_id, 1, case_id.bytes * 2)]
        ]
        if rows:
            session.connection().execute(insert(CaseKey), rows)
