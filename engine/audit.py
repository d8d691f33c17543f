"""Writes the audit trail: one hash chain a case and one a person, in the same commit as the deed.

The hashes are keyed (HMAC): whoever can write the tables and does not hold the key can neither
change nor add an entry unseen (S12). engine/verification.py checks, engine/checkpoint.py anchors.
"""

import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import orjson
from sqlalchemy import Uuid, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from engine.errors import StateError
from engine.models import Account, AuditEntry, AuditHead, Case

SYSTEM = UUID(int=0)
"""The chain of what nobody did in person and what concerns no single case."""
LINKED = (
    AuditEntry.previous_hash,
    AuditEntry.id,
    AuditEntry.chain_id,
    AuditEntry.case_id,
    AuditEntry.sequence,
    AuditEntry.at,
    AuditEntry.actor_id,
    AuditEntry.event,
    AuditEntry.subject,
    AuditEntry.detail,
)
"""The columns that an entry's hash covers, in this order: every one but the hash."""


def seal(key: bytes, *parts: object) -> str:
    """Return the keyed hash of some values; the same values in the same order give the same."""
    return hmac.digest(key, orjson.dumps(parts, option=orjson.OPT_SORT_KEYS), "sha256").hex()


def key_of(session: Session) -> bytes:
    """Return the key under which this installation's audit trail is written."""
    key: bytes = session.info["audit_key"]
    return key


def record(
    session: Session,
    case: Case | None,
    *,
    at: datetime,
    actor_id: UUID | None,
    event: str,
    subject: object,
    **detail: Any,
) -> None:
    """Append an entry; the caller holds the lock on the case row, so the chain cannot fork.

    `event` has the grammar `scope:resource:action`; `detail` holds ids and codes, no content.
    Without a case the entry goes to the person's own chain, which is locked here.
    """
    head = case or _lock_own_head(session, actor_id or SYSTEM)
    columns = chain(
        key_of(session), head, at=at, actor_id=actor_id, event=event, subject=subject, detail=detail
    )
    session.add(AuditEntry(**columns))


def acting_for(absent: Account | None) -> dict[str, str]:
    """Return what an entry says in addition when its actor deputised: for whom (P36)."""
    return {"for": str(absent.id)} if absent is not None else {}


def deputised_for(detail: Mapping[str, Any]) -> list[UUID]:
    """Return for whom the actor of an entry deputised; a reading may be for several people."""
    told = detail.get("for", [])
    return [UUID(one) for one in ([told] if isinstance(told, str) else told)]


def chain(
    key: bytes,
    head: Case | AuditHead,
    *,
    at: datetime,
    actor_id: UUID | None,
    event: str,
    subject: object,
    detail: dict[str, Any],
) -> dict[str, Any]:
    """Return the columns of the next entry and move the head of its chain to it."""
    case_id = head.id if isinstance(head, Case) else None
    if isinstance(head, Case):
        chain_id, sequence, previous = head.id, head.audit_sequence + 1, head.audit_head
    else:
        chain_id, sequence, previous = head.chain_id, head.sequence + 1, head.hash
    columns: dict[str, Any] = {
        "previous_hash": previous,
        "id": uuid4(),
        "chain_id": chain_id,
        "case_id": case_id,
        "sequence": sequence,
        "at": at.astimezone(UTC),
        "actor_id": actor_id,
        "event": event,
        "subject": str(subject),
        "detail": detail,
    }
    digest = link(key, tuple(columns.values()))
    if isinstance(head, Case):
        head.audit_head, head.audit_sequence = digest, sequence
    else:
        head.hash, head.sequence = digest, sequence
    return columns | {"hash": digest}


def link(key: bytes, linked: Sequence[object]) -> str:
    """Return the hash of one entry from its columns in the order of LINKED."""
    return seal(key, *linked)


def _lock_own_head(session: Session, chain_id: UUID) -> AuditHead:
    """Return the locked head of a chain without a case, adding it the first time."""
    found = _locked_head(session, chain_id)
    if found is None:
        system = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}
        insert: Any = system[session.get_bind().dialect.name](AuditHead)
        # Of two who come first at once, the second waits here and finds what the first has added.
        first = insert.values(chain_id=chain_id, sequence=0, hash="").on_conflict_do_nothing()
        session.execute(first)
        found = _locked_head(session, chain_id)
    if found is None:
        raise StateError(f"The chain {chain_id} has no head.")
    return found


def _locked_head(session: Session, chain_id: UUID) -> AuditHead | None:
    return session.scalar(_LOCK_HEAD, {"chain": chain_id})


_LOCK_HEAD: Final = (
    select(AuditHead)
    .where(AuditHead.chain_id == bindparam("chain", type_=Uuid()))
    .with_for_update()
    .execution_options(populate_existing=True)
)
