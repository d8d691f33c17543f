"""Looks after the keys of cases: wraps them anew, takes them along, destroys them (S14, S15)."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from engine import keyring
from engine.errors import InputError
from engine.masterkey import MasterKeys
from engine.models import Case, CaseKey

BATCH = 500
HEADER = {"casetable": "case keys", "format": 1}


@dataclass(frozen=True)
class Standing:
    """How many keys are wrapped under each master key, and how many were destroyed."""

    wrapped: dict[int, int]
    destroyed: int


def standing(session: Session) -> Standing:
    """Count the keys by the version of the master key that they are wrapped under."""
    counts = select(CaseKey.master_version, func.count()).where(CaseKey.wrapped.is_not(None))
    rows = session.execute(counts.group_by(CaseKey.master_version)).all()
    destroyed = select(func.count()).where(CaseKey.destroyed_at.is_not(None))
    return Standing({row[0]: row[1] for row in rows}, session.scalar(destroyed) or 0)


def destroy(session: Session, case: Case, now: datetime) -> None:
    """Destroy the key of a case: from now on no copy of the database opens its contents.

    The caller holds the lock on the case and writes it down.
    """
    session.flush()
    key = session.get(CaseKey, case.id)
    if key is not None and key.wrapped is not None:
        key.wrapped, key.destroyed_at = None, now
        keyring.of(session).learn(
            keyring.WrappedKey(key.case_id, key.version, key.master_version, None)
        )


def rewrap(session: Session, master: MasterKeys, limit: int = BATCH) -> int:
    """Wrap up to `limit` keys under the newest master key; return how many were left behind it."""
    newest, _ = master.newest()
    old = (
        select(CaseKey)
        .where(CaseKey.master_version != newest, CaseKey.wrapped.is_not(None))
        .limit(limit)
        .with_for_update(of=CaseKey)
    )
    count = 0
    for key in session.scalars(old):
        before = keyring.WrappedKey(key.case_id, key.version, key.master_version, key.wrapped)
        plain = keyring.unwrap(master, before)
        after = keyring.wrap(master, key.case_id, key.version, plain)
        key.master_version, key.wrapped = after.master_version, after.wrapped
        count += 1
    return count


def export(session: Session) -> Iterable[str]:
    """Give all keys as lines, wrapped as they are; what was destroyed is named as destroyed."""
    yield json.dumps(HEADER)
    for key in session.scalars(select(CaseKey).order_by(CaseKey.case_id)):
        yield json.dumps(
            {
                "case_id": str(key.case_id),
                "version": key.version,
                "master_version": key.master_version,
                "wrapped": key.wrapped.hex() if key.wrapped else None,
                "created_at": key.created_at.isoformat(),
                "destroyed_at": key.destroyed_at.isoformat() if key.destroyed_at else None,
            }
        )


def read(lines: Iterable[str]) -> list[dict[str, Any]]:
    """Return the keys of an export; raise InputError when it is none."""
    try:
        header, *keys = [json.loads(line) for line in lines if line.strip()]
    except ValueError:
        header, keys = None, []
    if header != HEADER:
        raise InputError(
            "This is not an export of case keys; make one with `casetable key backup`."
        )
    return keys


def bring_back(session: Session, lines: Iterable[str]) -> tuple[int, int]:
    """Add the keys that are missing; return how many, and how many stay destroyed.

    A key that was destroyed, here or in the export, never comes back.
    """
    given = read(lines)
    cases = set(session.scalars(select(Case.id)))
    here = {key.case_id: key for key in session.scalars(select(CaseKey))}
    added = destroyed = 0
    for found in given:
        row, key = _row(found), here.get(UUID(found["case_id"]))
        if row["case_id"] not in cases:
            continue
        if key is None:
            session.add(CaseKey(**row))
            added += 1
        elif row["wrapped"] is None and key.wrapped is not None:
            key.wrapped, key.destroyed_at = None, row["destroyed_at"]
        destroyed += row["wrapped"] is None
    return added, destroyed


def _row(found: dict[str, Any]) -> dict[str, Any]:
    ended = found["destroyed_at"]
    return {
        "case_id": UUID(found["case_id"]),
        "version": int(found["version"]),
        "master_version": int(found["master_version"]),
        "wrapped": bytes.fromhex(found["wrapped"]) if found["wrapped"] else None,
        "created_at": datetime.fromisoformat(found["created_at"]),
        "destroyed_at": datetime.fromisoformat(ended) if ended else None,
    }
