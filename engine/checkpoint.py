"""Anchors the audit trail: checkpoints over all chains, and their head to be kept outside (S12)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, and_, exists, func, select, union_all
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from engine import audit
from engine.errors import InputError
from engine.language import gettext
from engine.models import AuditCheckpoint, AuditHead, AuditSeal, Case
from engine.models.base import at_most

EVERY = timedelta(hours=1)
MARK = "casetable-audit-head"
VERSION = "1"
SEALED = (
    AuditCheckpoint.sequence,
    AuditCheckpoint.at,
    AuditCheckpoint.entries,
    AuditCheckpoint.digest,
    AuditCheckpoint.previous_hash,
)
"""The columns that a checkpoint's hash covers: every one but the hash."""
Head = tuple[UUID, int, str]
"""A chain, the number of its newest entry and that entry's hash."""


def is_due(session: Session, now: datetime) -> bool:
    """Say whether the newest checkpoint is an hour old; the worker asks at each look."""
    found = newest(session)
    return found is None or now - found.at >= EVERY


def make(session: Session, now: datetime) -> AuditCheckpoint | None:
    """Write a checkpoint over all chains as they are; None when somebody else was just first."""
    previous = newest(session)
    rows = session.execute(_moved()).all()
    moved = sorted(((row[0], row[1], row[2]) for row in rows), key=lambda head: head[0].hex)
    before = previous.entries if previous else 0
    entries = rows[0][3] if rows else before
    number = previous.sequence + 1 if previous else 1
    sealed = {
        "sequence": number,
        "at": now.astimezone(UTC),
        "entries": int(entries),
        "digest": digest_of(previous.digest if previous else "", moved),
        "previous_hash": previous.hash if previous else "",
    }
    found = AuditCheckpoint(**sealed, hash=hash_of(audit.key_of(session), tuple(sealed.values())))
    try:
        with session.begin_nested():
            session.add(found)
            session.flush()
            session.add_all(
                AuditSeal(chain_id=chain_id, sequence=sequence, hash=head, checkpoint=number)
                for chain_id, sequence, head in moved
            )
            session.flush()
    except IntegrityError:
        return None
    return found


def newest(session: Session) -> AuditCheckpoint | None:
    """Return the newest checkpoint."""
    return session.scalar(
        select(AuditCheckpoint).order_by(AuditCheckpoint.sequence.desc()).limit(at_most(1))
    )


def heads() -> "Select[UUID, int, str]":
    """Return the heads of all chains that have entries, as a query."""
    cases = select(
        Case.id.label("chain_id"), Case.audit_sequence.label("sequence"), Case.audit_head
    )
    others = select(AuditHead.chain_id, AuditHead.sequence, AuditHead.hash)
    both = union_all(cases, others).subquery()
    return select(both.c.chain_id, both.c.sequence, both.c.audit_head.label("hash")).where(
        both.c.sequence > 0
    )


def _moved() -> "Select[UUID, int, str, int]":
    """Return the heads that no checkpoint has sealed yet, each with the entries of all, as a query.

    Heads and entries come from one statement: a head that moved between two would make the
    checkpoint look changed for ever.
    """
    all_heads = heads().subquery()
    entries = select(func.sum(heads().subquery().c.sequence)).scalar_subquery()
    sealed = exists().where(
        and_(
            AuditSeal.chain_id == all_heads.c.chain_id,
            AuditSeal.sequence == all_heads.c.sequence,
        )
    )
    return select(*all_heads.c, entries).where(~sealed)


def digest_of(previous: str, moved: Iterable[Head]) -> str:
    """Return the digest over the digest before and the heads that moved, sorted by chain."""
    found = hashlib.sha256(previous.encode())
    for chain_id, sequence, head in moved:
        found.update(f"\n{chain_id.hex} {sequence} {head}".encode())
    return found.hexdigest()


def hash_of(key: bytes, sealed: Sequence[object]) -> str:
    """Return the keyed hash of a checkpoint from its columns in the order of SEALED."""
    return audit.seal(key, "checkpoint", *sealed)


@dataclass(frozen=True)
class ExportedHead:
    """The newest checkpoint as it is kept outside the database."""

    sequence: int
    at: str
    entries: int
    hash: str

    def line(self, key: bytes) -> str:
        """Return the one signed line."""
        words = (MARK, VERSION, str(self.sequence), self.at, str(self.entries), self.hash)
        return " ".join((*words, audit.seal(key, *words)))


def head_of(point: AuditCheckpoint) -> ExportedHead:
    """Return what is kept outside of a checkpoint."""
    return ExportedHead(point.sequence, point.at.isoformat(), point.entries, point.hash)


def read_head(key: bytes, line: str) -> ExportedHead:
    """Read an exported line; raise InputError when it is not one of this installation's."""
    *words, signature = line.split() or [""]
    if len(words) != 6 or words[0] != MARK or words[1] != VERSION:  # noqa: PLR2004 - see line()
        raise InputError(
            gettext("This is no exported head of the audit trail; give the file as exported.")
        )
    if audit.seal(key, *words) != signature:
        raise InputError(
            gettext("The exported head was changed, or another installation has signed it.")
        )
    return ExportedHead(int(words[2]), words[3], int(words[4]), words[5])


def export(
    session: Session,
    now: datetime,
    actor_id: UUID | None = None,
    *,
    event: str = "audit:head:export",
) -> str:
    """Seal all chains and return the newest head as one signed line; the export is on record.

    `event` says why: only a line that is kept elsewhere counts as an exported head.
    """
    audit.record(session, None, at=now, actor_id=actor_id, event=event, subject="checkpoint")
    session.flush()
    make(session, now)
    point = newest(session)
    if point is None:
        raise InputError(gettext("There is no checkpoint yet; try again."))
    return head_of(point).line(audit.key_of(session))
