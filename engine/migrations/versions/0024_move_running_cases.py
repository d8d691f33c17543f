"""moving running cases from one deployment to another: runs, what became of each case."""

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant, JsonValue

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

RUN, OUTCOME, MOVE = "migration_run", "migration_outcome", "instance_move"


def _to(of: str, column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{table}.id"], name=op.f(f"fk_{of}_{column}_{table}")
    )


def upgrade() -> None:
    _runs()
    _outcomes()
    _moves()


def _runs() -> None:
    op.create_table(
        RUN,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("from_id", sa.String(length=64), nullable=False),
        sa.Column("to_id", sa.String(length=64), nullable=False),
        sa.Column("places", JsonValue, nullable=False),
        sa.Column("state", sa.String(length=100), nullable=False),
        sa.Column("plan", JsonValue, nullable=False),
        sa.Column("result", JsonValue, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("reverts_id", sa.Uuid(), nullable=True),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("started_by_id", sa.Uuid(), nullable=True),
        sa.Column("started_at", Instant(), nullable=True),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.CheckConstraint("from_id <> to_id", name=op.f(f"ck_{RUN}_to_another")),
        sa.CheckConstraint(
            "state IN ('planning', 'planned', 'running', 'done', 'failed')",
            name=op.f(f"ck_{RUN}_state"),
        ),
        _to(RUN, "from_id", "deployment"),
        _to(RUN, "to_id", "deployment"),
        _to(RUN, "reverts_id", RUN),
        _to(RUN, "asked_by_id", "account"),
        _to(RUN, "started_by_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{RUN}")),
    )


def _outcomes() -> None:
    op.create_table(
        OUTCOME,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=100), nullable=False),
        sa.Column("places", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint(
            "state IN ('moved', 'refused', 'waiting')", name=op.f(f"ck_{OUTCOME}_state")
        ),
        _to(OUTCOME, "run_id", RUN),
        _to(OUTCOME, "case_id", "casework_case"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{OUTCOME}")),
        sa.UniqueConstraint("run_id", "case_id", name=op.f(f"uq_{OUTCOME}_run_id_case_id")),
    )
    op.create_index(op.f(f"ix_{OUTCOME}_run_id"), OUTCOME, ["run_id"])
    op.create_index(op.f(f"ix_{OUTCOME}_case_id"), OUTCOME, ["case_id"])


def _moves() -> None:
    op.create_table(
        MOVE,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.String(length=64), nullable=False),
        sa.Column("to_id", sa.String(length=64), nullable=False),
        sa.Column("step_count", sa.Integer(), nullable=False),
        sa.Column("before", sa.LargeBinary(), nullable=False),
        sa.Column("after_hash", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        _to(MOVE, "run_id", RUN),
        _to(MOVE, "case_id", "casework_case"),
        _to(MOVE, "instance_id", "process_instance"),
        _to(MOVE, "from_id", "deployment"),
        _to(MOVE, "to_id", "deployment"),
        _to(MOVE, "by_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{MOVE}")),
    )
    for column in ("run_id", "case_id", "instance_id"):
        op.create_index(op.f(f"ix_{MOVE}_{column}"), MOVE, [column])


def downgrade() -> None:
    for table in (MOVE, OUTCOME, RUN):
        op.drop_table(table)
