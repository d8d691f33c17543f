"""The verification reads entries as text; their hashes are those that were written (S12)."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text

from engine import audit, trail, verification
from engine.database import Database
from engine.models import AuditEntry, AuditHead
from tests.conftest import with_all_rights
from tests.engine.desk import Desk

KEY = b"a key of the test"
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
_SECONDS = st.integers(0, 7_000_000_000)
AT = st.builds(
    lambda seconds, more: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(0, seconds, more),
    _SECONDS,
    st.just(0) | st.integers(0, 999_999),
).flatmap(lambda at: st.sampled_from([at, at.astimezone(timezone(timedelta(hours=2)))]))
ENTRY = st.fixed_dictionaries(
    {
        "at": AT,
        "event": TEXT,
        "subject": TEXT | st.uuids(),
        "detail": st.dictionaries(TEXT, VALUE, max_size=4),
        "of_case": st.booleans(),
        "by_somebody": st.booleans(),
    }
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(drawn=st.lists(ENTRY, min_size=1, max_size=6), chain_id=st.uuids())
def test_text_of_an_entry_has_the_hash_that_was_written(
    desk: Desk, drawn: list[dict[str, Any]], chain_id: UUID
) -> None:
    database = desk.application.database
    anna = desk.account("intake.anna").id
    head = AuditHead(chain_id=chain_id, sequence=0, hash="")
    written = [
        audit.chain(
            KEY,
            head,
            at=one["at"],
            actor_id=anna if one["by_somebody"] else None,
            event=one["event"],
            subject=one["subject"],
            detail=one["detail"],
        )
        for one in drawn
    ]
    for row, one in zip(written, drawn, strict=True):
        row["case_id"] = _case(desk) if one["of_case"] else None
        row["hash"] = audit.link(KEY, [row[column.key] for column in audit.LINKED])
    link = trail.linking(KEY)
    with database.transaction() as session:
        session.execute(insert(AuditEntry), written)
        kind = session.get_bind().dialect.name
        typed = select(*audit.LINKED).where(AuditEntry.chain_id == chain_id)
        slow = [audit.link(KEY, row) for row in session.execute(typed.order_by("sequence"))]
        read = session.execute(trail.entries(kind).where(AuditEntry.chain_id == chain_id)).all()
        fast = [link(trail.linked(row) or ()) for row in read]
        session.rollback()
    assert fast == slow == [row["hash"] for row in written]
    assert [row[0] for row in read] == fast


def _case(desk: Desk) -> UUID:
    known = getattr(desk, "case_of_test", None) or desk.open()
    desk.case_of_test = known  # type: ignore[attr-defined]
    return known


@pytest.mark.parametrize("size", [0, 1, 32, 64, 65, 200])
def test_key_of_any_length_links_as_the_library_does(size: int) -> None:
    key, columns = b"k" * size, ("", "ä", 1, None, {"b": 1, "a": [True]})
    assert trail.linking(key)(columns) == audit.link(key, columns)


KNOWN = (
    (1, "2026-03-29T01:30:00+00:00", {"pages": ["überblick"], "code": None}),
    (2, "2026-03-29T01:30:00.000007+00:00", {"z": {"b": 2, "a": 1}, "a": 'line\n\u2028\\"'}),
)
KNOWN_HASHES = (
    "76cdee3beaa687afb301d33c3e5c60f5e9e0892988c905663767d49ed1d28d1f",
    "0f435a721484026b48b57dbd79d4c4a3b6464b9a13ab9784a5ee9fc54a7d4f67",
)
"""Never changed: chains of older versions stay valid."""


def test_known_chain_keeps_its_hashes(database: Database) -> None:
    previous, rows = "", []
    for number, at, detail in KNOWN:
        row: dict[str, Any] = {
            "previous_hash": previous,
            "id": UUID(int=number),
            "chain_id": UUID("5eed0000-0000-4000-8000-000000000001"),
            "case_id": None,
            "sequence": number,
            "at": datetime.fromisoformat(at),
            "actor_id": None,
            "event": "case:file:read",
            "subject": "überblick",
            "detail": detail,
        }
        row["hash"] = previous = audit.link(KEY, tuple(row.values()))
        rows.append(row)
    assert tuple(row["hash"] for row in rows) == KNOWN_HASHES
    link = trail.linking(KEY)
    with database.transaction() as session:
        session.execute(insert(AuditEntry), rows)
        read = session.execute(trail.entries(session.get_bind().dialect.name)).all()
        assert tuple(link(trail.linked(row) or ()) for row in read) == KNOWN_HASHES
        session.rollback()


@pytest.mark.parametrize(
    ("column", "value"),
    [("detail", "[1"), ("detail", "5"), ("detail", '{"a": NaN}'), ("at", "7"), ("id", "x")],
)
def test_what_the_application_cannot_have_written_is_named_and_not_stumbled_over(
    desk: Desk, column: str, value: str
) -> None:
    if not desk.application.database.is_sqlite:
        pytest.skip("the types of PostgreSQL refuse it")
    case_id = desk.open()
    with with_all_rights(desk.application.database) as session:
        from engine.models.guard import release_audit

        release_audit(session.connection())
        statement = f"UPDATE audit_entry SET {column} = :value WHERE chain_id = :chain"  # noqa: S608
        session.execute(
            text(f"{statement} AND sequence = 1"), {"value": value, "chain": case_id.hex}
        )
    with desk.application.database.reading() as session:
        (found,) = verification.verify(session).breaks
    assert str(found).endswith("entry 1 was changed")
