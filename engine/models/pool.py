"""Keeps `work_item.pool`: whether a step belongs to all holders of its role (M5).

That is a desk's step, or one whose role nobody holds in the case. It follows from the members of
the case; asking for it row by row, a list of one person would look at the open steps of all cases.
The database keeps it itself, so that no code that changes memberships can forget it. It narrows
lists and gives no access: the conditions of engine/access and the policies are asked all the same.
"""

from typing import Final

from sqlalchemy import Connection, inspect

ALL: Final = """
UPDATE work_item SET pool = (work_item.desk OR NOT EXISTS (
    SELECT 1 FROM case_member m WHERE m.case_id = work_item.case_id
    AND m.function = work_item.role AND m.until IS NULL))
"""
_OF_STEP: Final = """
NEW.desk OR NOT EXISTS (
    SELECT 1 FROM case_member m WHERE m.case_id = NEW.case_id
    AND m.function = NEW.role AND m.until IS NULL)
"""
_OF_MEMBER: Final = "case_id = {row}.case_id AND role = {row}.function AND state = 'open'"
_DEEDS: Final = {
    "insert": ("INSERT", ("NEW",)),
    "update": ("UPDATE OF until, function, case_id", ("OLD", "NEW")),
    "delete": ("DELETE", ("OLD",)),
}
_STEP: Final = {"insert": "INSERT", "update": "UPDATE OF role, desk, case_id"}


def install(connection: Connection) -> None:
    """Put the triggers in place; doing it again does no harm."""
    columns = _columns(connection)
    if "pool" in columns:
        remove(connection)
        for statement in statements(connection.dialect.name):
            connection.exec_driver_sql(statement)


def remove(connection: Connection) -> None:
    """Take the triggers away while a migration rebuilds tables."""
    if not _columns(connection):
        return
    is_postgres = connection.dialect.name == "postgresql"
    for table, deeds in (("work_item", _STEP), ("case_member", _DEEDS)):
        for deed in deeds:
            on = f" ON {table}" if is_postgres else ""
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_pool_{deed}{on}")


def _columns(connection: Connection) -> set[str]:
    found = inspect(connection)
    if not {"work_item", "case_member"} <= set(found.get_table_names()):
        return set()
    return {column["name"] for column in found.get_columns("work_item")}


def statements(dialect: str) -> list[str]:
    """Return the SQL of the triggers for `sqlite` or `postgresql`."""
    if dialect == "sqlite":
        return [*_of_steps_in_sqlite(), *_of_members_in_sqlite()]
    found = [
        (
            "CREATE OR REPLACE FUNCTION work_item_pool() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN NEW.pool := {_OF_STEP}; RETURN NEW; END $$"
        )
    ]
    found += [
        f"CREATE TRIGGER work_item_pool_{deed} BEFORE {when} ON work_item "
        "FOR EACH ROW EXECUTE FUNCTION work_item_pool()"
        for deed, when in _STEP.items()
    ]
    for deed, (when, rows) in _DEEDS.items():
        body = "; ".join(_of(row) for row in rows)
        found += [
            (
                f"CREATE OR REPLACE FUNCTION case_member_pool_{deed}() RETURNS trigger "
                f"LANGUAGE plpgsql AS $$ BEGIN {body}; RETURN NULL; END $$"
            ),
            (
                f"CREATE TRIGGER case_member_pool_{deed} AFTER {when} ON case_member "
                f"FOR EACH ROW EXECUTE FUNCTION case_member_pool_{deed}()"
            ),
        ]
    return found


def _of(row: str) -> str:
    return f"{ALL} WHERE {_OF_MEMBER.format(row=row)}"


def _of_steps_in_sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER work_item_pool_{deed} AFTER {when} ON work_item "
        f"BEGIN {ALL} WHERE id = NEW.id; END"
        for deed, when in _STEP.items()
    ]


def _of_members_in_sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER case_member_pool_{deed} AFTER {when} ON case_member "
        f"BEGIN {'; '.join(_of(row) for row in rows)}; END"
        for deed, (when, rows) in _DEEDS.items()
    ]
