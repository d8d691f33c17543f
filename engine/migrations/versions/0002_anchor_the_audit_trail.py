"""Anchor the audit trail: chains for what concerns no case, checkpoints, keyed hashes.

Revision ID: 0002
Revises: 0001
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from alembic import context, op

from engine.models.base import Instant, JsonValue

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

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
CASE = sa.table("casework_case", sa.column("id", sa.Uuid()), sa.column("audit_head", sa.String()))
HEAD = sa.table(
    "audit_head",
    sa.column("chain_id", sa.Uuid()),
    sa.column("sequence", sa.Integer()),
    sa.column("hash", sa.String()),
)


def upgrade() -> None:
    op.create_table(
        "audit_head",
        sa.Column("chain_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain_id", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("previous_hash", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_checkpoint")),
    )
    op.create_table(
        "audit_seal",
        sa.Column("chain_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("checkpoint", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["checkpoint"],
            ["audit_checkpoint.sequence"],
            name=op.f("fk_audit_seal_checkpoint_audit_checkpoint"),
        ),
        sa.PrimaryKeyConstraint("chain_id", "sequence", name=op.f("pk_audit_seal")),
    )
    with op.batch_alter_table("audit_seal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_seal_checkpoint"), ["checkpoint"], unique=False)
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.add_column(sa.Column("chain_id", sa.Uuid(), nullable=True))
        batch_op.drop_constraint("uq_audit_entry_case_id_sequence", type_="unique")
    _number_and_link_anew()
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.alter_column("chain_id", existing_type=sa.Uuid(), nullable=False)
        batch_op.create_unique_constraint(
            "uq_audit_entry_chain_id_sequence", ["chain_id", "sequence"]
        )


def downgrade() -> None:
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_constraint("uq_audit_entry_chain_id_sequence", type_="unique")
    op.get_bind().execute(
        sa.update(ENTRY).where(ENTRY.c.case_id.is_(None)).values(sequence=1, previous_hash="")
    )
    _link_anew(_unkeyed)
    with op.batch_alter_table("audit_entry", schema=None) as batch_op:
        batch_op.drop_column("chain_id")
        batch_op.create_unique_constraint(
            "uq_audit_entry_case_id_sequence", ["case_id", "sequence"]
        )
    op.drop_table("audit_seal")
    op.drop_table("audit_checkpoint")
    op.drop_table("audit_head")


def _number_and_link_anew() -> None:
    """Give each entry its chain; what concerned no case was not chained before."""
    connection = op.get_bind()
    chain = sa.func.coalesce(ENTRY.c.case_id, ENTRY.c.actor_id, sa.literal(UUID(int=0), sa.Uuid()))
    connection.execute(sa.update(ENTRY).values(chain_id=chain))
    loose = sa.select(ENTRY.c.id, ENTRY.c.chain_id).where(ENTRY.c.case_id.is_(None))
    counted: dict[UUID, int] = {}
    for entry_id, chain_id in connection.execute(loose.order_by(ENTRY.c.at, ENTRY.c.id)).all():
        counted[chain_id] = counted.get(chain_id, 0) + 1
        connection.execute(
            sa.update(ENTRY).where(ENTRY.c.id == entry_id).values(sequence=counted[chain_id])
        )
    key = context.config.attributes["database"].audit_key
    heads = _link_anew(lambda row: _keyed(key, row))
    for chain_id, count in counted.items():
        connection.execute(
            sa.insert(HEAD).values(chain_id=chain_id, sequence=count, hash=heads[chain_id])
        )


def _link_anew(hashed: Callable[[dict[str, Any]], str]) -> dict[UUID, str]:
    """Write all hashes anew, and the heads of the cases; return the head of each chain."""
    connection = op.get_bind()
    heads: dict[UUID, str] = {}
    rows = connection.execute(sa.select(ENTRY).order_by(ENTRY.c.chain_id, ENTRY.c.sequence))
    for row in [dict(found) for found in rows.mappings()]:
        row["previous_hash"] = heads.get(row["chain_id"], "") if row["sequence"] > 1 else ""
        heads[row["chain_id"]] = hashed(row)
        connection.execute(
            sa.update(ENTRY)
            .where(ENTRY.c.id == row["id"])
            .values(previous_hash=row["previous_hash"], hash=heads[row["chain_id"]])
        )
    for case_id, head in heads.items():
        connection.execute(sa.update(CASE).where(CASE.c.id == case_id).values(audit_head=head))
    return heads


def _keyed(key: bytes, row: dict[str, Any]) -> str:
    names = ("previous_hash", "id", "chain_id", "case_id", "sequence", "at")
    linked = [row[name] for name in (*names, "actor_id", "event", "subject", "detail")]
    body = orjson.dumps(linked, option=orjson.OPT_SORT_KEYS)
    return hmac.digest(key, body, "sha256").hex()


def _unkeyed(row: dict[str, Any]) -> str:
    names = ("previous_hash", "case_id", "sequence", "at", "actor_id", "event", "subject")
    words: list[Any] = [
        row[name] if name in {"previous_hash", "sequence", "event", "subject"} else str(row[name])
        for name in names
    ]
    words[3] = row["at"].isoformat()
    body = json.dumps([*words, row["detail"]], sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(body.encode()).hexdigest()
