"""The database's own refusals around a legal hold: below all Python, also for SQL by hand (S15).

While a hold is in force no row of the case's content is deleted, its key is not destroyed and the
case does not become erased. A hold in force is not taken back but by its lifting, and whoever acts
as the officer, or not as the officer, has to be that.
"""

from sqlalchemy import Connection, inspect

MESSAGE = "a legal hold is in force, nothing of this case is erased (S15)"
CONTENT = (
    "action",
    "assessment",
    "case_link",
    "case_partner",
    "check_in",
    "closing_dossier",
    "contribution",
    "contribution_share",
    "decision",
    "document",
    "form_submission",
    "goal",
    "information_gap",
    "note",
    "opinion",
    "person",
    "plan_version",
    "report_answer",
    "report_attachment",
    "report_question",
    "sharing_request",
    "signal",
    "signal_source",
)
"""Tables whose rows tell of a case and are deleted by its erasure alone."""

_HELD = """EXISTS (SELECT 1 FROM legal_hold WHERE legal_hold.case_id = {row}
    AND legal_hold.agreed_at IS NOT NULL AND legal_hold.lifted_at IS NULL)"""
_RELEASED = """NEW.released_by_id IS NOT NULL AND (
    NOT EXISTS (SELECT 1 FROM account_role WHERE account_role.account_id = NEW.released_by_id
        AND account_role.role = 'dpo')
    OR EXISTS (SELECT 1 FROM release_decision WHERE release_decision.disclosure_id = NEW.id
        AND release_decision.by_id = NEW.released_by_id))"""
_FIXED = ("case_id", "asked_by_id", "asked_part", "agreed_by_id", "agreed_part", "agreed_at")
_DONE = ("lift_asked_by_id", "lift_asked_part", "lifted_by_id", "lifted_part", "lifted_at")


_OFFICER = """(NEW.{deed}_part IS NOT NULL AND (NEW.{deed}_part = 'dpo') <> EXISTS (
    SELECT 1 FROM account_role WHERE account_role.account_id = NEW.{deed}_by_id
    AND account_role.role = 'dpo'))"""


def _rules(dialect: str) -> list[tuple[str, str, str, str, str]]:
    """Return table, kind, moment, the wrong condition and the message of each refusal."""
    differs = "IS DISTINCT FROM" if dialect == "postgresql" else "IS NOT"
    found = [
        (table, "held", "DELETE", _HELD.format(row="OLD.case_id"), MESSAGE) for table in CONTENT
    ]
    key = f"NEW.wrapped IS NULL AND {_HELD.format(row='OLD.case_id')}"
    state = f"NEW.state = 'erased' AND {_HELD.format(row='OLD.id')}"
    back = " OR ".join(f"NEW.{name} {differs} OLD.{name}" for name in _FIXED)
    done = " OR ".join(f"NEW.{name} {differs} OLD.{name}" for name in _DONE)
    undone = f"(OLD.agreed_at IS NOT NULL AND ({back})) OR (OLD.lifted_at IS NOT NULL AND ({done}))"
    deeds = ("asked", "agreed", "lift_asked", "lifted")
    acting = " OR ".join(_OFFICER.format(deed=deed) for deed in deeds)
    officer = "one of the two is the data-protection officer, the other is not"
    return [
        *found,
        ("case_key", "held", "UPDATE", key, MESSAGE),
        ("case_key", "held_row", "DELETE", _HELD.format(row="OLD.case_id"), MESSAGE),
        ("casework_case", "held", "UPDATE", state, MESSAGE),
        (
            "disclosure",
            "released",
            "UPDATE",
            _RELEASED,
            "whoever decided about a record does not release, and only an officer does",
        ),
        ("legal_hold", "stays", "DELETE", "1 = 1", "a hold is lifted by two persons, not deleted"),
        ("legal_hold", "kept", "UPDATE", undone, "what two persons have agreed to stays"),
        ("legal_hold", "asked", "INSERT", acting, officer),
        ("legal_hold", "agreed", "UPDATE", acting, officer),
    ]


def install(connection: Connection) -> None:
    """Put the refusals into a database whose tables are there; doing it again does no harm."""
    there = set(inspect(connection).get_table_names())
    if "legal_hold" not in there:
        return
    dialect = connection.dialect.name
    for table, kind, moment, wrong, message in _rules(dialect):
        if table not in there:
            continue
        name = f"{table}_{kind}"
        connection.exec_driver_sql(_drop(dialect, table, name))
        for statement in _create(dialect, table, name, moment, wrong, f"{table}: {message}"):
            connection.exec_driver_sql(statement)


def _create(
    dialect: str, table: str, name: str, moment: str, wrong: str, message: str
) -> list[str]:
    if dialect == "sqlite":
        text = f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
        return [f"CREATE TRIGGER {name} BEFORE {moment} ON {table} WHEN {wrong} {text}"]
    row = "OLD" if moment == "DELETE" else "NEW"
    return [
        (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN IF {wrong} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'check_violation'; "
            f"END IF; RETURN {row}; END $$"
        ),
        f"CREATE TRIGGER {name} BEFORE {moment} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
    ]


def remove(connection: Connection) -> None:
    """Take the refusals out while a migration rebuilds tables that they read."""
    there = set(inspect(connection).get_table_names())
    dialect = connection.dialect.name
    for table, kind, _, _, _ in _rules(dialect):
        if table in there:
            connection.exec_driver_sql(_drop(dialect, table, f"{table}_{kind}"))
            if dialect == "postgresql":
                connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {table}_{kind}()")


def _drop(dialect: str, table: str, name: str) -> str:
    return f"DROP TRIGGER IF EXISTS {name}" + (f" ON {table}" if dialect == "postgresql" else "")
