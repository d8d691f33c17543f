"""Reads the audit trail for its verification: each entry as text, without objects in between (S12).

A hash covers the JSON of an entry's columns. The columns come from the database as text, and are
brought into the form that JSON gives an id and an instant; making ids, instants and dictionaries
of them first would cost more than the hashes. What cannot be brought into that form was not
written by the application.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Select, String, Text, cast, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from engine import audit
from engine.models import AuditEntry

NOT_TEXT = {AuditEntry.id, AuditEntry.chain_id, AuditEntry.case_id, AuditEntry.actor_id}
_BLOCK = 64
"""The block of SHA-256 in bytes."""


def entries(dialect: str) -> "Select[*tuple[Any, ...]]":
    """Return the question for all entries, chain by chain: the stored hash, then LINKED."""
    columns = [_as_text(dialect, column) for column in audit.LINKED]
    in_order = (AuditEntry.chain_id, AuditEntry.sequence)
    return select(AuditEntry.hash, *columns).order_by(*in_order)


def _as_text(dialect: str, column: InstrumentedAttribute[Any]) -> Any:
    if dialect == "sqlite":
        return column if column is AuditEntry.sequence else type_coerce(column, String)
    if column is AuditEntry.at:
        utc = func.timezone("UTC", column)
        return func.to_char(utc, 'YYYY-MM-DD"T"HH24:MI:SS.US')
    if column is AuditEntry.detail or column in NOT_TEXT:
        return cast(column, Text)
    return column


def linked(row: Sequence[Any]) -> tuple[Any, ...] | None:
    """Return what the hash of a row of `entries` covers; None: no application wrote this."""
    _, previous, key, chain, case, sequence, at, actor, event, subject, detail = row
    try:
        return (
            previous,
            _written(key),
            known_id(chain),
            case and known_id(case),
            sequence,
            at.replace(" ", "T", 1).removesuffix(".000000") + "+00:00",
            actor and known_id(actor),
            event,
            subject,
            orjson.loads(detail),
        )
    except (AttributeError, TypeError, ValueError):
        return None


def _written(stored: str) -> str:
    """Return an id as JSON writes it: SQLite keeps 32 digits, PostgreSQL gives it with dashes."""
    if "-" in stored:
        return stored
    return f"{stored[:8]}-{stored[8:12]}-{stored[12:16]}-{stored[16:20]}-{stored[20:]}"


known_id = lru_cache(maxsize=10_000)(_written)
"""The same for ids that come again and again: of chains, cases and people."""


def linking(key: bytes) -> Callable[[Sequence[Any]], str]:
    """Return `audit.link` for one key, which is taken in once and not for each entry (RFC 2104)."""
    short = key if len(key) <= _BLOCK else hashlib.sha256(key).digest()
    padded = short.ljust(_BLOCK, b"\0")
    inner = hashlib.sha256(bytes(one ^ 0x36 for one in padded))
    outer = hashlib.sha256(bytes(one ^ 0x5C for one in padded))

    def link(columns: Sequence[Any]) -> str:
        first, second = inner.copy(), outer.copy()
        first.update(orjson.dumps(columns, option=orjson.OPT_SORT_KEYS))
        second.update(first.digest())
        return second.hexdigest()

    return link
