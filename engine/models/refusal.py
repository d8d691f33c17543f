"""The database's own refusals of an erasure: below all Python, also for SQL by hand (S15, S19).

While a hold is in force no row of the case's content is deleted, its key is not destroyed and the
case does not become erased. A hold in force is not taken back but by its lifting, and whoever acts
as the officer, or not as the officer, has to be that. A file whose newest review says that it goes
is not erased without the agreement of an officer who is another human; no review, no agreement.
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

_UNAGREED = """EXISTS (SELECT 1 FROM erasure_round newest
    WHERE newest.case_id = {row} AND newest.outcome = 'erase' AND NOT EXISTS (
        SELECT 1 FROM erasure_round later WHERE later.case_id = newest.case_id
        AND later.number > newest.number AND later.outcome IS NOT NULL)
    AND (newest.answer IS NULL OR newest.answer NOT IN ('agreed', 'dropped')
        OR (newest.answer = 'agreed' AND EXISTS (SELECT 1 FROM account one, account other
            WHERE one.id IN (newest.reviewed_by_id, newest.reviewed_for_id)
            AND other.id = newest.answered_by_id AND one.person_id = other.person_id))))"""
_NO_OFFICER = """NEW.answer = 'agreed' AND NOT EXISTS (SELECT 1 FROM account_role
    WHERE account_role.account_id = NEW.answered_by_id AND account_role.role = 'dpo')"""
_STILL_ASKED = """NEW.answer = 'dropped' AND OLD.answer IS NULL AND EXISTS (
    SELECT 1 FROM process_instance
    WHERE process_instance.id = NEW.instance_id AND process_instance.status = 'running')"""
_ROUND = ("case_id", "instance_id", "number", "ground", "asked_by_id", "asked_at")
_REVIEWED = ("outcome", "reviewed_by_id", "reviewed_for_id", "reviewed_at")
_ANSWERED = ("answer", "answered_by_id", "answered_at")


def _erasures(differs: str) -> list[tuple[str, str, str, str, str]]:
    """Return the refusals around the agreement of the officer; like those of `_rules`."""
    table, two = "erasure_round", "a reviewed file is erased when the officer has agreed (S19)"
    asked, reviewed, answered = (
        "(" + " OR ".join(f"NEW.{name} {differs} OLD.{name}" for name in names) + ")"
        for names in (_ROUND, _REVIEWED, _ANSWERED)
    )
    undone = (
        f"{asked} OR (OLD.outcome IS NOT NULL AND {reviewed}) "
        f"OR (OLD.answer IS NOT NULL AND {answered})"
    )
    answering = f"NEW.answer {differs} OLD.answer AND {_NO_OFFICER}"
    key, state = _UNAGREED.format(row="OLD.case_id"), _UNAGREED.format(row="OLD.id")
    return [
        (table, "stays", "DELETE", "1 = 1", "what was asked and answered stays"),
        (table, "kept", "UPDATE", undone, "what was asked and answered stays"),
        (table, "asked", "INSERT", _NO_OFFICER, "the data-protection officer agrees"),
        (table, "agreed", "UPDATE", answering, "the data-protection officer agrees"),
        (table, "dropped", "UPDATE", _STILL_ASKED, "the officer is asked still"),
        ("case_key", "agreed", "UPDATE", f"NEW.wrapped IS NULL AND {key}", two),
        (
            "casework_case",
            "agreed",
            "UPDATE",
            f"NEW.state = 'erased' AND OLD.state <> 'erased' AND {state}",
            two,
        ),
    ]


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
        *_erasures(differs),
    ]


def install(connection: Connection) -> None:
    """Put the refusals into a database whose tables are there; doing it again does no harm."""
    there = set(inspect(connection).get_table_names())
    if "legal_hold" not in there:
        return
    dialect = connection.dialect.name
    for table, kind, moment, wrong, message in _rules(dialect):
        if table not in there or ("erasure_round" in wrong and "erasure_round" not in there):
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
