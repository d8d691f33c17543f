"""who reported in a table of its own, questions, answers, files, spent challenges."""

from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects.postgresql import JSONB

from engine.models.base import Instant
from engine.sealing import fingerprint

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

JsonValue = sa.JSON().with_variant(JSONB(), "postgresql")
SIGNAL = sa.table(
    "signal",
    sa.column("id", sa.Uuid()),
    sa.column("case_id", sa.Uuid()),
    sa.column("receipt_hash", sa.String()),
    sa.column("reporter", JsonValue),
    sa.column("received_at", Instant()),
)
SOURCE = sa.table(
    "signal_source",
    sa.column("id", sa.Uuid()),
    sa.column("signal_id", sa.Uuid()),
    sa.column("case_id", sa.Uuid()),
    sa.column("said", JsonValue),
    sa.column("at", Instant()),
)
SUBMISSION = sa.table(
    "form_submission",
    sa.column("id", sa.Uuid()),
    sa.column("case_id", sa.Uuid()),
    sa.column("form_id", sa.String()),
    sa.column("values", JsonValue),
)
SHIELDED = {
    "check_source": ("source_kind", "source_identity", "source_motives", "reporter_told"),
    "register_arrival": ("announced_by",),
}
"""Forms whose answers told who reported, with those answers; copied into the signal before."""


def upgrade() -> None:
    _make_tables()
    _move_sources()
    _strip_submissions()
    _key_receipts()
    # In place and not as a batch: SQLite would rebuild a table to which the new ones refer.
    op.drop_column("signal", "reporter")
    op.create_index(op.f("ix_signal_received_at"), "signal", ["received_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_signal_received_at"), "signal")
    op.add_column("signal", sa.Column("reporter", JsonValue, nullable=False, server_default="{}"))
    _move_sources_back()
    # A keyed hash leads back to no other one: receipts of before are worth nothing after this.
    op.execute("UPDATE signal SET receipt_hash = NULL")
    for table in ("spent_challenge", "report_answer", "report_question"):
        op.drop_table(table)
    for table in ("report_attachment", "signal_source"):
        op.drop_table(table)


def _move_sources() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(SIGNAL)).mappings().all():
        if row["reporter"]:
            connection.execute(
                sa.insert(SOURCE).values(
                    id=uuid4(),
                    signal_id=row["id"],
                    case_id=row["case_id"],
                    said=row["reporter"],
                    at=row["received_at"],
                )
            )


def _move_sources_back() -> None:
    connection = op.get_bind()
    said: dict[Any, dict[str, Any]] = {}
    for row in connection.execute(sa.select(SOURCE).order_by(SOURCE.c.at)).mappings():
        said[row["signal_id"]] = {**said.get(row["signal_id"], {}), **row["said"]}
    for signal_id in connection.execute(sa.select(SIGNAL.c.id)).scalars().all():
        connection.execute(
            sa.update(SIGNAL)
            .where(SIGNAL.c.id == signal_id)
            .values(reporter=said.get(signal_id, {}))
        )


def _strip_submissions() -> None:
    """Take out of the answers what stands in the signal; only there it is read on record."""
    connection = op.get_bind()
    rows = connection.execute(
        sa.select(SUBMISSION.c.id, SUBMISSION.c.form_id, SUBMISSION.c["values"]).where(
            SUBMISSION.c.form_id.in_(SHIELDED)
        )
    ).all()
    for row_id, form_id, values in rows:
        kept = {key: value for key, value in values.items() if key not in SHIELDED[form_id]}
        connection.execute(
            sa.update(SUBMISSION).where(SUBMISSION.c.id == row_id).values({"values": kept})
        )


def _key_receipts() -> None:
    """Key the hashes that are there, so that receipts already handed out go on working."""
    connection = op.get_bind()
    key = context.config.attributes["database"].report_key
    for row in connection.execute(sa.select(SIGNAL)).mappings().all():
        if row["receipt_hash"]:
            keyed = fingerprint(key, "receipt", row["receipt_hash"])
            connection.execute(
                sa.update(SIGNAL).where(SIGNAL.c.id == row["id"]).values(receipt_hash=keyed)
            )


def _make_tables() -> None:
    op.create_table(
        "signal_source",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("signal_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("said", JsonValue, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        *_keys("signal_source", signal_id="signal", case_id="casework_case", by_id="account"),
    )
    op.create_table(
        "report_question",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("signal_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        *_keys("report_question", signal_id="signal", case_id="casework_case", by_id="account"),
    )
    op.create_table(
        "report_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("question_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.UniqueConstraint("question_id", name=op.f("uq_report_answer_question_id")),
        *_keys("report_answer", case_id="casework_case", question_id="report_question"),
    )
    op.create_table(
        "report_attachment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("signal_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        *_keys("report_attachment", signal_id="signal", case_id="casework_case"),
    )
    op.create_table(
        "spent_challenge",
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_spent_challenge")),
    )
    op.create_index(op.f("ix_spent_challenge_at"), "spent_challenge", ["at"])
    for table, columns in INDEXED.items():
        for column in columns:
            op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


INDEXED = {
    "signal_source": ("signal_id", "case_id"),
    "report_question": ("signal_id", "case_id"),
    "report_answer": ("case_id",),
    "report_attachment": ("signal_id", "case_id"),
}


def _keys(table: str, **references: str) -> list[Any]:
    foreign = [
        sa.ForeignKeyConstraint(
            [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}")
        )
        for column, other in references.items()
    ]
    return [*foreign, sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}"))]
