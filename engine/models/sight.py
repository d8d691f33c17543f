"""Which rows each database role sees on PostgreSQL: the second net below every query (S3).

`casetable_reader` reads for the pages and sees what the account of its transaction may see
(sight.sql repeats engine/access). `casetable_engine` turns, works and does the few reads that
look across cases. `casetable_letterbox` serves strangers: it adds rows and finds one receipt.
None of them owns a table, so none can switch this off. engine/models/fence.py puts it in place.
"""

from typing import Final

from sqlalchemy import Table

READER, ENGINE, LETTERBOX = "casetable_reader", "casetable_engine", "casetable_letterbox"
ROLES = (READER, ENGINE, LETTERBOX)

WITHIN = "current_user <> session_user"
"""The owner sees rows inside the functions of sight.sql alone, and none by signing in."""
CASES = "{} IN (SELECT casetable_cases())"
ME = "(SELECT casetable_account())"
PAST = "case_id IN (SELECT casetable_past())"
OFFICER = "(SELECT casetable_holds('dpo'))"
MINE = "account_id IN (SELECT person FROM casetable_persons())"
EMERGENCY = "case_id IN (SELECT casetable_emergencies())"
KNOWN = "IN (SELECT casetable_known())"
OF_CASE = CASES.format("case_id")
NOT_BARRED = "case_id NOT IN (SELECT casetable_barred())"
OF_REQUEST = "id IN (SELECT disclosure_id FROM disclosure_case)"
OF_OFFICER = (
    "(SELECT w.instance_id FROM work_item w "
    "WHERE w.role = 'dpo' AND w.state = 'open' AND (SELECT casetable_holds('dpo')))"
)
"""Where the officer is asked about an erasure: the step, and nothing of its case."""
OF_INSTANCE = (
    "EXISTS (SELECT 1 FROM process_instance p WHERE p.id = instance_id "
    "AND p.case_id IN (SELECT casetable_cases()))"
)

FUNCTIONS = (
    "casetable_account()", "casetable_now()", "casetable_persons()", "casetable_roles()",
    "casetable_holds(text[])", "casetable_barred()", "casetable_cases()",
    "casetable_past()", "casetable_emergencies()", "casetable_known()",
)  # fmt: skip
"""Of sight.sql. Threat: the letterbox could ask them for the ids of anybody's cases."""

READS: Final = {
    "casework_case": f"{CASES.format('id')} OR {OFFICER} OR id {KNOWN}",
    "case_key": f"{OF_CASE} OR case_id {KNOWN}",
    "case_member": f"{OF_CASE} OR {MINE}",
    "case_standing": f"{OF_CASE} OR {MINE}",
    # That two files belong together is known to who may know of both.
    "case_link": f"{OF_CASE} AND {CASES.format('other_case_id')}",
    "contribution": f"{OF_CASE} OR (by_id = {ME} AND {PAST})",
    "form_submission": f"{OF_CASE} OR (by_id = {ME} AND {PAST})",
    "work_item": (
        f"{OF_CASE} OR (completed_by_id = {ME} AND completed_for_id IS NULL AND {PAST}) "
        f"OR (role = 'dpo' AND state = 'open' AND {OFFICER} AND {NOT_BARRED})"
    ),
    "process_instance": f"{OF_CASE} OR id IN {OF_OFFICER}",
    "draft": f"{OF_CASE} OR (account_id = {ME} AND {OFFICER})",
    "emergency_access": f"{OF_CASE} OR {EMERGENCY}",
    "emergency_review": "EXISTS (SELECT 1 FROM emergency_access a WHERE a.id = access_id)",
    "audit_entry": f"{OF_CASE} OR actor_id = {ME} OR {OFFICER} OR {EMERGENCY}",
    "incident": (
        f"{OF_CASE} OR (owner_role IN (SELECT casetable_roles()) "
        f"AND (case_id IS NULL OR case_id {KNOWN}))"
    ),
    "notice": f"account_id = {ME}",
    "identity_query": f"account_id = {ME}",
    "legal_hold": f"{OF_CASE} OR {OFFICER}",
    "erasure_round": f"{OF_CASE} OR ({OFFICER} AND {NOT_BARRED})",
    "disclosure_case": f"{OF_CASE} OR {OFFICER}",
    "release_decision": f"{OF_CASE} OR {OFFICER}",
    "disclosure": f"{OFFICER} OR {OF_REQUEST}",
    "timer": OF_INSTANCE,
    "step_history": OF_INSTANCE,
    "job": "false",
    "person_mark": "false",
}
"""When a reading session sees a row; any other table with `case_id` follows its case."""

HIDDEN = frozenset({"job", "person_mark", "identity_query", "notice"})
"""Tables that no page reads: a reading session has no right to them at all."""

OPEN = frozenset(
    {
        "absence", "account", "account_event", "account_role", "audit_checkpoint", "audit_head",
        "audit_seal", "current_deployment", "demo_clock", "deployment", "deployment_file",
        "failed_attempt", "hit_allowance", "migration_run", "organisation", "provider_flow",
        "provider_link", "provider_session", "recovery_code", "restoration", "security_key",
        "spent_challenge", "spent_logout", "totp_factor", "totp_step", "web_session",
        "workshop_change", "workshop_draft",
        "workshop_file", "workshop_judgement", "workshop_publication", "workshop_version",
        "scenario_result", "workshop_act", "workshop_play",
    }
)  # fmt: skip
"""Tables that hold nothing of a case: people who work here, drawings, seals, throttles."""
NOT_READ = frozenset(
    {
        "audit_head", "audit_seal", "failed_attempt", "provider_flow", "provider_session",
        "restoration", "spent_logout", "totp_step",
    }
)  # fmt: skip
"""Those of them that no page reads."""
ADDED_ONLY = frozenset({"audit_entry", "audit_checkpoint", "audit_seal"})
"""Not even the engine changes or deletes these rows."""

OWN_RECEIPT = "receipt_hash = nullif(current_setting('casetable.receipt', true), '')"
OF_RECEIPT = "IN (SELECT case_id FROM signal)"
LETTERBOX_READS: Final = {
    "signal": ("id, receipt_hash, case_id", OWN_RECEIPT),
    "casework_case": ("id, state", f"id {OF_RECEIPT}"),
    "episode": ("case_id, stage, number", f"case_id {OF_RECEIPT}"),
    "case_key": ("case_id, version, master_version, wrapped", f"case_id {OF_RECEIPT}"),
    "report_question": ("", "signal_id IN (SELECT id FROM signal)"),
    "report_answer": ("id, question_id", "question_id IN (SELECT id FROM report_question)"),
    "spent_challenge": ("", ""),
    "demo_clock": ("", ""),
    "current_deployment": ("", ""),
    "deployment": ("", ""),
    "deployment_file": ("", ""),
}
"""What the letterbox reads: columns, and of which rows. The keyed hash has to be known first."""
LETTERBOX_ADDS: Final = {
    "signal": "case_id IS NULL AND received_by_id IS NULL AND channel = 'public_page'",
    "signal_source": "case_id IS NULL AND by_id IS NULL",
    "report_attachment": f"case_id IS NULL OR case_id {OF_RECEIPT}",
    "report_answer": "question_id IN (SELECT id FROM report_question)",
    "job": (
        "instance_id IS NULL AND (kind IN ('report_arrived', 'answer_arrived') "
        "OR payload->>'template' = 'reports_refused')"
    ),
    "spent_challenge": "",
}


def is_guarded(table: Table) -> bool:
    """Say whether the rows of a table belong to a case, so that policies stand before them."""
    return "case_id" in table.columns or table.name in READS
