"""Rows that are there already are witnessed by the audit trail, for the revisions that ask for it.

Threat: a column that gives access and that no entry covers could be changed past the application.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.orm import Session

from engine import audit, witness
from engine.models import AuditHead, Base, Case
from engine.models.base import Instant, JsonValue

ENTRY = sa.table(
    "audit_entry",
    sa.column("id", sa.Uuid()),
    sa.column("chain_id", sa.Uuid()),
    sa.column("case_id", sa.Uuid()),
    sa.column("sequence", sa.Integer()),
    sa.column("at", Instant()),
    sa.column("actor_id", sa.Uuid()),
    sa.column("event", sa.String()),
    sa.column("subject", sa.String()),
    sa.column("detail", JsonValue),
    sa.column("previous_hash", sa.String()),
    sa.column("hash", sa.String()),
)
CASE = sa.table(
    "casework_case",
    sa.column("id", sa.Uuid()),
    sa.column("audit_sequence", sa.Integer()),
    sa.column("audit_head", sa.String()),
)
HEAD = sa.table(
    "audit_head",
    sa.column("chain_id", sa.Uuid()),
    sa.column("sequence", sa.Integer()),
    sa.column("hash", sa.String()),
)


def witness_again(models: Iterable[type[Base]]) -> None:
    """Write into the chains what is stored now of all rows of some models.

    A model some of whose witnessed columns come with a later revision is left to that one.
    """
    database = context.config.attributes["database"]
    session = Session(op.get_bind())
    session.info["audit_key"] = database.audit_key
    told: dict[UUID | None, dict[str, str]] = {}
    whole = [model for model in models if _is_whole(model)]
    for (name, case_id), digest in witness.digests(session, models=whole):
        told.setdefault(case_id, {})[name] = digest
    now = database.now(session)
    for case_id, rows in told.items():
        head = _case(case_id) if case_id else _system()
        columns = audit.chain(
            database.audit_key,
            head,
            at=now,
            actor_id=None,
            event=witness.EVENT,
            subject="rows",
            detail={"rows": rows},
        )
        op.get_bind().execute(sa.insert(ENTRY).values(columns))
        _store(head)


def _is_whole(model: type[Base]) -> bool:
    inspector = sa.inspect(op.get_bind())
    if not inspector.has_table(model.__tablename__):
        return False
    there = {column["name"] for column in inspector.get_columns(model.__tablename__)}
    return set(witness.WITNESSED[model]) <= there


def _case(case_id: UUID) -> Case:
    """Return the head of a chain as it is stored, without the columns of other revisions."""
    row = op.get_bind().execute(sa.select(CASE).where(CASE.c.id == case_id)).one()
    return Case(id=case_id, audit_sequence=row.audit_sequence, audit_head=row.audit_head)


def _system() -> AuditHead:
    found = sa.select(HEAD).where(HEAD.c.chain_id == audit.SYSTEM)
    row: Any = op.get_bind().execute(found).one_or_none()
    if row is None:
        first = {"chain_id": audit.SYSTEM, "sequence": 0, "hash": ""}
        op.get_bind().execute(sa.insert(HEAD).values(first))
        return AuditHead(**first)
    return AuditHead(chain_id=audit.SYSTEM, sequence=row.sequence, hash=row.hash)


def _store(head: Case | AuditHead) -> None:
    if isinstance(head, Case):
        changed: Any = sa.update(CASE).where(CASE.c.id == head.id)
        changed = changed.values(audit_sequence=head.audit_sequence, audit_head=head.audit_head)
    else:
        changed = sa.update(HEAD).where(HEAD.c.chain_id == head.chain_id)
        changed = changed.values(sequence=head.sequence, hash=head.hash)
    op.get_bind().execute(changed)
