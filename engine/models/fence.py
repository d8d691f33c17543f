"""Puts roles, rights and policies of row-level security in place (engine/models/sight.py).

Migrations and create_all both do it, for all tables as they are then. SQLite has neither roles
nor policies.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, MetaData, Table, event, inspect, text

from engine.models.base import Base
from engine.models.guard import IN_NO_CASE
from engine.models.membership import BARRING
from engine.models.sight import (
    ADDED_ONLY,
    ENGINE,
    FUNCTIONS,
    HIDDEN,
    LETTERBOX,
    LETTERBOX_ADDS,
    LETTERBOX_READS,
    NOT_READ,
    OF_CASE,
    OPEN,
    READER,
    READS,
    ROLES,
    WITHIN,
    is_guarded,
)

NEVER_DELEGATED = ("accountable_person", "dpo")
WATCHING = ("chair", "desk_head", "dpo")
"""As engine/policy.py has them, which stands above the tables; a test compares."""


def make_roles(connection: Connection) -> None:
    """Make the three roles of a cluster where they are missing; nobody signs in as one of them."""
    for role in ROLES:
        # Two installations may be set up at the same instant: one of them is told that it is there.
        connection.exec_driver_sql(
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN; "
            "EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
        )


def missing_roles(connection: Connection) -> list[str]:
    """Return the roles that the cluster does not have yet."""
    found = connection.execute(
        text("SELECT rolname FROM pg_roles WHERE rolname = ANY (:names)"), {"names": list(ROLES)}
    )
    return sorted(set(ROLES) - set(found.scalars()))


def install(connection: Connection) -> None:
    """Put roles' rights and policies in place; doing it again does no harm and takes no time."""
    if connection.dialect.name != "postgresql":
        return
    there = set(inspect(connection).get_table_names())
    tables = [table for table in Base.metadata.sorted_tables if table.name in there]
    if len(tables) < len(Base.metadata.tables):
        return
    wanted = statements(tables, has_versions="alembic_version" in there)
    mark = hashlib.sha256("\n".join(wanted).encode()).hexdigest()
    if _mark(connection) == mark:
        return
    make_roles_where_permitted(connection)
    remove(connection)
    wanted.append(f"COMMENT ON FUNCTION casetable_cases() IS '{mark}'")
    # One round trip instead of some hundred; a driver that is given no values takes them at once.
    connection.exec_driver_sql(";\n".join(wanted).replace("%", "%%"))


def make_roles_where_permitted(connection: Connection) -> None:
    """Make missing roles, which only who may add roles can."""
    if missing_roles(connection):
        make_roles(connection)


def _mark(connection: Connection) -> Any:
    return connection.scalar(
        text("SELECT obj_description(to_regprocedure('casetable_cases()'), 'pg_proc')")
    )


def remove(connection: Connection) -> None:
    """Take policies and functions away, so that a migration can rebuild and fill tables."""
    if connection.dialect.name != "postgresql":
        return
    rows = connection.execute(
        text("SELECT tablename, policyname FROM pg_policies WHERE schemaname = 'public'")
    ).all()
    dropped = [f'DROP POLICY "{policy}" ON "{table}"' for table, policy in rows]
    dropped += [
        f'ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY'
        for table in sorted({table for table, _ in rows})
    ]
    functions = connection.scalars(
        text(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE proname LIKE 'casetable\\_%' "
            "AND pronamespace = 'public'::regnamespace"
        )
    )
    dropped += [f"DROP FUNCTION {name}" for name in functions]
    if dropped:
        connection.exec_driver_sql(";\n".join(dropped))


def functions() -> str:
    """Return the SQL of the functions that policies ask."""
    source = Path(__file__).with_name("sight.sql").read_text(encoding="utf-8")
    return source.format(
        outside=_listed(IN_NO_CASE),
        barring=_listed(BARRING),
        never=_listed(NEVER_DELEGATED),
        watches=_listed(WATCHING),
    )


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(values))


def statements(tables: list[Table], *, has_versions: bool = False) -> list[str]:
    """Return the SQL of functions, rights and policies over some tables."""
    found = [
        functions().rstrip().rstrip(";"),
        f"REVOKE ALL ON FUNCTION {', '.join(FUNCTIONS)} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {', '.join(FUNCTIONS)} TO {READER}",
        f"GRANT USAGE ON SCHEMA public TO {', '.join(ROLES)}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {ENGINE}",
    ]
    if has_versions:
        found.append(f"GRANT SELECT ON alembic_version TO {ENGINE}")
    for table in tables:
        found += _rights(table.name)
        if is_guarded(table):
            found += _policies(table.name)
    return found


def _rights(name: str) -> list[str]:
    engine = "SELECT, INSERT" + ("" if name in ADDED_ONLY else ", UPDATE, DELETE")
    found = [
        f'REVOKE ALL ON "{name}" FROM PUBLIC, {", ".join(ROLES)}',
        f'GRANT {engine} ON "{name}" TO {ENGINE}',
    ]
    is_known = name in OPEN or is_guarded(Base.metadata.tables[name])
    if is_known and name not in HIDDEN | NOT_READ:
        found.append(f'GRANT SELECT ON "{name}" TO {READER}')
    if name in LETTERBOX_READS:
        columns = LETTERBOX_READS[name][0]
        found.append(f'GRANT SELECT {f"({columns})" if columns else ""} ON "{name}" TO {LETTERBOX}')
    if name in LETTERBOX_ADDS:
        found.append(f'GRANT INSERT ON "{name}" TO {LETTERBOX}')
    return found


def _policies(name: str) -> list[str]:
    reads = READS.get(name, OF_CASE)
    found = [
        f'ALTER TABLE "{name}" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY',
        f'CREATE POLICY owner ON "{name}" TO CURRENT_USER USING ({WITHIN})',
        f'CREATE POLICY engine ON "{name}" TO {ENGINE} USING (true)',
        f'CREATE POLICY reader ON "{name}" FOR SELECT TO {READER} USING ({reads})',
    ]
    if LETTERBOX_READS.get(name, ("", ""))[1]:
        found.append(
            f'CREATE POLICY receipt ON "{name}" FOR SELECT TO {LETTERBOX} '
            f"USING ({LETTERBOX_READS[name][1]})"
        )
    if name in LETTERBOX_ADDS:
        found.append(
            f'CREATE POLICY letter ON "{name}" FOR INSERT TO {LETTERBOX} '
            f"WITH CHECK ({LETTERBOX_ADDS[name] or 'true'})"
        )
    return found


@event.listens_for(Base.metadata, "after_create")
def _guard(target: MetaData, connection: Connection, **settings: Any) -> None:
    del target, settings
    install(connection)
