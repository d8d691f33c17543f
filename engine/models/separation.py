"""The database's own refusals where one human must not be enough (L10, S19, security.md 2.4).

Persons are compared and not accounts: somebody with two accounts is one. A deputy counts as both.
The drawings and the engine refuse the same first and in kind words; this meets a repair by hand,
a bulk update or another program too.
"""

from string import Template
from typing import Final

MESSAGE: Final = "this takes two persons (L10, S19)"


_SAME: Final = Template("""
EXISTS (SELECT 1 FROM account one, account other $source
        WHERE one.id IN ($first) AND other.id IN ($second)
        AND one.person_id = other.person_id $where)
""")


def _same(first: str, second: str, *, source: str = "", where: str = "") -> str:
    """Return the condition that one human stands on both sides; each side lists account ids."""
    return _SAME.substitute(
        first=first,
        second=second,
        source=f", {source}" if source else "",
        where=f"AND {where}" if where else "",
    )


_NO_COLLEAGUE: Final = """
NOT EXISTS (SELECT 1 FROM account colleague WHERE colleague.id = NEW.answered_by_id
            AND colleague.organisation_id = NEW.organisation_id)
"""
_SHARING_REQUEST: Final = f"""
NEW.outcome IN ('agreed', 'refused') AND ({_NO_COLLEAGUE} OR
    {_same("NEW.asked_by_id, NEW.asked_for_id", "NEW.answered_by_id, NEW.answered_for_id")})
"""
_CONTRIBUTION_SHARE: Final = """
NEW.level = 'full' AND NOT NEW.one_person AND NOT EXISTS (
    SELECT 1 FROM sharing_request asked
    WHERE asked.id = NEW.request_id AND asked.outcome = 'agreed'
    AND asked.contribution_id = NEW.contribution_id
    AND asked.asked_by_id = NEW.by_id AND asked.answered_by_id = NEW.agreed_by_id
    AND (asked.audience_id = NEW.organisation_id
         OR (asked.audience_id IS NULL AND NEW.organisation_id IS NULL)))
"""
_CASE_STANDING: Final = f"""
NEW.state = 'recused' AND NEW.ended_as = 'returned' AND (
    {_same("NEW.return_asked_by_id", "NEW.ended_by_id, NEW.account_id")}
    OR {_same("NEW.ended_by_id", "NEW.account_id")})
"""
_BEFORE: Final = "review.access_id = NEW.access_id AND review.id <> NEW.id"
_EMERGENCY_REVIEW: Final = f"""
{_same("NEW.account_id", "NEW.opener_id")}
OR {_same("NEW.account_id", "review.account_id", source="emergency_review review", where=_BEFORE)}
"""
_JUDGED: Final = "judged.episode_id = NEW.episode_id AND judged.kind IN ('source', 'signal')"
_PROPOSED: Final = """
proposed.id = (SELECT newest.id FROM check_in newest
               WHERE newest.episode_id = NEW.episode_id AND newest.outcome = 'propose_closing'
               ORDER BY newest.at DESC, newest.number DESC LIMIT 1)
"""
_REQUESTED: Final = """
requested.id = (SELECT newest.id FROM note newest
                WHERE newest.case_id = NEW.case_id AND newest.kind = 'reopening_request'
                ORDER BY newest.at DESC LIMIT 1)
"""


def _stated(row: str) -> str:
    return f"{row}.by_id, {row}.for_id"


_DECISION: Final = f"""
(NEW.kind = 'route'
 AND {_same(_stated("NEW"), _stated("judged"), source="assessment judged", where=_JUDGED)})
OR (NEW.kind = 'closure' AND NEW.outcome = 'agreed'
 AND {_same(_stated("NEW"), _stated("proposed"), source="check_in proposed", where=_PROPOSED)})
OR (NEW.kind = 'reopening'
 AND {_same(_stated("NEW"), _stated("requested"), source="note requested", where=_REQUESTED)})
"""
_FILE_PRINTING: Final = f"""
(NEW.outcome IN ('agreed', 'refused') AND {_same("NEW.asked_by_id", "NEW.answered_by_id")})
OR (NEW.printed_at IS NOT NULL AND {_same("NEW.asked_by_id", "NEW.answered_by_id")})
"""
_PUBLICATION: Final = f"""
NEW.outcome IN ('agreed', 'refused') AND {_same("NEW.asked_by_id", "NEW.answered_by_id")}
"""
_ERASURE_ROUND: Final = f"""
NEW.answer = 'agreed'
AND {_same("NEW.reviewed_by_id, NEW.reviewed_for_id", "NEW.answered_by_id")}
"""
TABLES: Final = {
    "sharing_request": _SHARING_REQUEST,
    "contribution_share": _CONTRIBUTION_SHARE,
    "case_standing": _CASE_STANDING,
    "emergency_review": _EMERGENCY_REVIEW,
    "decision": _DECISION,
    "file_printing": _FILE_PRINTING,
    "workshop_publication": _PUBLICATION,
    "erasure_round": _ERASURE_ROUND,
}
"""The condition under which a row of each table would be the work of one human."""
LATER: Final = frozenset({"erasure_round", "file_printing", "workshop_publication"})
"""Tables of later revisions; their refusals come when they are there."""
READS: Final = frozenset({"account", "assessment", "check_in", "note", *TABLES}) - LATER
"""What has to be there before the refusals can be."""
_DEEDS: Final = ("insert", "update")


def statements(dialect: str, there: set[str]) -> list[str]:
    """Return the SQL that puts the refusals in place, for `sqlite` or `postgresql`.

    `there` are the tables of the database, which may be that of an older version.
    """
    found = removal(dialect, there)
    for table, wrong in TABLES.items():
        if table not in there:
            continue
        message = f"{table}: {MESSAGE}"
        if dialect == "postgresql":
            found += [
                (
                    f"CREATE OR REPLACE FUNCTION {table}_two_persons() RETURNS trigger "
                    f"LANGUAGE plpgsql AS $$ BEGIN IF {wrong} THEN RAISE EXCEPTION '{message}' "
                    "USING ERRCODE = 'check_violation'; END IF; RETURN NEW; END $$"
                ),
                *(
                    f"CREATE TRIGGER {table}_two_persons_{deed} BEFORE {deed.upper()} ON {table} "
                    f"FOR EACH ROW EXECUTE FUNCTION {table}_two_persons()"
                    for deed in _DEEDS
                ),
            ]
        else:
            found += [
                f"CREATE TRIGGER {table}_two_persons_{deed} BEFORE {deed.upper()} ON {table} "
                f"WHEN {wrong} BEGIN SELECT RAISE(ABORT, '{message}'); END"
                for deed in _DEEDS
            ]
    return found


def removal(dialect: str, there: set[str]) -> list[str]:
    """Return the SQL that takes the refusals out, e.g. while a migration rebuilds tables."""
    return [
        f"DROP TRIGGER IF EXISTS {table}_two_persons_{deed}"
        + (f" ON {table}" if dialect == "postgresql" else "")
        for table in TABLES
        if table in there
        for deed in _DEEDS
    ]
