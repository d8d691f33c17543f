"""The database's own refusals: no false closing, no change of what the audit trail says.

The first repeats the heart of engine/closing.py (L1, L3, L4) below all Python: a repair by hand, a
bulk update or another program meets it too. The second lets audit rows be added and nothing else
(S12). Roles that watch, run or rule have no membership, nobody has one who is recused or suspended,
and no role has one in the file of another body. Where one human must not be enough, see
engine/models/separation.py. Migrations and create_all both put them in place.
"""

from typing import Any

from sqlalchemy import Connection, MetaData, event, inspect

from engine.models import pool, refusal, separation
from engine.models.base import Base

MESSAGE = "closed only by the joint decision (L1, L3, L4)"

_EPISODE = """
NEW.status = 'closed' AND NOT (
    EXISTS (SELECT 1 FROM decision WHERE decision.episode_id = NEW.id
            AND decision.kind = 'closure' AND decision.outcome = 'agreed'
            AND decision.by_id IS NOT NULL AND decision.closing_round = NEW.closing_round)
    AND EXISTS (SELECT 1 FROM assessment WHERE assessment.episode_id = NEW.id
                AND assessment.kind IN ('risk', 'effect'))
    AND EXISTS (SELECT 1 FROM check_in WHERE check_in.episode_id = NEW.id
                AND check_in.kind = 'monitoring_check' AND check_in.outcome <> 'relapse'))
"""
_CASE = """
NEW.state = 'closed' AND NOT EXISTS (
    SELECT 1 FROM episode WHERE episode.case_id = NEW.id AND episode.status = 'closed')
"""
_GUARDED = (("episode", "status", _EPISODE), ("casework_case", "state", _CASE))
IN_NO_CASE = ("auditor", "dpo", "operator", "policy", "process_owner")
"""Roles whose holders take part in no case: who runs, rules or watches the system reads nothing."""
_WATCHES = "who runs, rules or watches the system takes part in no case"
_ROLE_OUTSIDE = """
EXISTS (SELECT 1 FROM account_role WHERE account_role.account_id = NEW.account_id
        AND account_role.role IN ('auditor', 'dpo', 'operator', 'policy', 'process_owner'))
"""
_MEMBER_ALREADY = """
NEW.role IN ('auditor', 'dpo', 'operator', 'policy', 'process_owner') AND EXISTS (
    SELECT 1 FROM case_member
    WHERE case_member.account_id = NEW.account_id AND case_member.until IS NULL)
"""
_BARRED = """
NEW.until IS NULL AND EXISTS (
    SELECT 1 FROM case_standing
    WHERE case_standing.case_id = NEW.case_id AND case_standing.account_id IN (
        SELECT twin.id FROM account twin JOIN account mine ON mine.person_id = twin.person_id
        WHERE mine.id = NEW.account_id)
    AND case_standing.until IS NULL AND case_standing.state IN ('suspended', 'recused'))
"""
_APART = """
EXISTS (SELECT 1 FROM casework_case
        WHERE casework_case.id = NEW.case_id AND casework_case.roles <> ''
        AND replace(casework_case.roles, ' ' || NEW.function || ' ', '') = casework_case.roles)
"""
_EXCLUSIONS = (
    ("case_member", "excluded", _ROLE_OUTSIDE, _WATCHES),
    ("account_role", "excluded", _MEMBER_ALREADY, _WATCHES),
    ("case_member", "barred", _BARRED, "who is recused or suspended has no access to the case"),
    ("case_member", "apart", _APART, "this role takes no part in this file"),
)
_APPEND_ONLY = ("audit_entry", "audit_checkpoint", "audit_seal")
APPEND_ONLY_MESSAGE = "rows of the audit trail are added, never changed or deleted"


def install(connection: Connection) -> None:
    """Put the refusal into a database whose tables are there; doing it again does no harm."""
    there = set(inspect(connection).get_table_names())
    dialect = connection.dialect.name
    found = statements(dialect) if {table for table, _, _ in _GUARDED} <= there else []
    for table in _APPEND_ONLY:
        if table in there:
            found += append_only(dialect, table)
    if {"case_member", "account_role", "case_standing"} <= there:
        found += exclusions(dialect)
    if there >= separation.READS:
        found += separation.statements(dialect, there)
    for statement in found:
        connection.exec_driver_sql(statement)
    refusal.install(connection)
    pool.install(connection)


def remove(connection: Connection) -> None:
    """Take the refusal out while a migration rebuilds tables that it reads."""
    pool.remove(connection)
    for table, _, _ in _GUARDED:
        connection.exec_driver_sql(_drop(connection.dialect.name, table))
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {_name(table)}()")
    for table, kind, _, _ in _EXCLUSIONS:
        connection.exec_driver_sql(_drop(connection.dialect.name, table, f"{table}_{kind}"))
    there = set(inspect(connection).get_table_names())
    if there >= separation.READS:
        for statement in separation.removal(connection.dialect.name, there):
            connection.exec_driver_sql(statement)
    release_audit(connection)
    refusal.remove(connection)


def exclusions(dialect: str) -> list[str]:
    """Return the SQL that keeps out of cases who may take part in none, or not in this one."""
    found: list[str] = []
    for table, kind, wrong, message in _EXCLUSIONS:
        name = f"{table}_{kind}"
        found.append(_drop(dialect, table, name))
        if dialect == "postgresql":
            found += [
                (
                    f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
                    f"BEGIN IF {wrong} THEN RAISE EXCEPTION '{table}: {message}' "
                    "USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
                ),
                (
                    f"CREATE TRIGGER {name} BEFORE INSERT ON {table} "
                    f"FOR EACH ROW EXECUTE FUNCTION {name}()"
                ),
            ]
        else:
            found.append(
                f"CREATE TRIGGER {name} BEFORE INSERT ON {table} WHEN {wrong} "
                f"BEGIN SELECT RAISE(ABORT, '{table}: {message}'); END"
            )
    return found


def release_audit(connection: Connection) -> None:
    """Take away what keeps audit rows unchanged: for migrations, and for tests of tampering."""
    there = set(inspect(connection).get_table_names())
    for table in _APPEND_ONLY:
        if table in there:
            on = f" ON {table}" if connection.dialect.name == "postgresql" else ""
            for deed in ("update", "delete"):
                connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_{deed}{on}")


def append_only(dialect: str, table: str) -> list[str]:
    """Return the SQL that refuses every change of a table's rows but an addition."""
    message = f"{table}: {APPEND_ONLY_MESSAGE}"
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_{deed} BEFORE {deed.upper()} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
            for deed in ("update", "delete")
        ]
    function = (
        "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ "
        f"BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ': {APPEND_ONLY_MESSAGE}', "
        "ERRCODE = 'check_violation'; END $$"
    )
    return [
        function,
        *(
            f"CREATE OR REPLACE TRIGGER {table}_no_{deed} BEFORE {deed.upper()} ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()"
            for deed in ("update", "delete")
        ),
    ]


def statements(dialect: str) -> list[str]:
    """Return the SQL of the refusal for `sqlite` or `postgresql`."""
    found: list[str] = []
    for table, column, wrong in _GUARDED:
        name = _name(table)
        found.append(_drop(dialect, table))
        if dialect == "postgresql":
            found.append(
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
                f"BEGIN IF {wrong} THEN RAISE EXCEPTION '{table}: {MESSAGE}' "
                "USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
            )
            found.append(
                f"CREATE TRIGGER {name} BEFORE UPDATE OF {column} ON {table} "
                f"FOR EACH ROW EXECUTE FUNCTION {name}()"
            )
        else:
            found.append(
                f"CREATE TRIGGER {name} BEFORE UPDATE OF {column} ON {table} WHEN {wrong} "
                f"BEGIN SELECT RAISE(ABORT, '{table}: {MESSAGE}'); END"
            )
    return found


def _name(table: str) -> str:
    return f"{table}_closed_by_joint_decision"


def _drop(dialect: str, table: str, name: str = "") -> str:
    on = f" ON {table}" if dialect == "postgresql" else ""
    return f"DROP TRIGGER IF EXISTS {name or _name(table)}{on}"


@event.listens_for(Base.metadata, "after_create")
def _guard(target: MetaData, connection: Connection, **settings: Any) -> None:
    del target, settings
    install(connection)
