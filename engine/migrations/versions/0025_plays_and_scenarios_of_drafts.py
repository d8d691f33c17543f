"""plays of drafts by hand, and how the scenarios of a draft went."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from engine.models.base import Instant

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
PLAY, ACT, RESULT = "workshop_play", "workshop_act", "scenario_result"


def _to(of: str, column: str, table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{of}_{column}_{table}")
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=name)


def upgrade() -> None:
    op.create_table(
        PLAY,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("typed", JSON, nullable=False),
        sa.Column("begun_at", Instant(), nullable=False),
        _to(PLAY, "draft_id", "workshop_draft"),
        _to(PLAY, "account_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{PLAY}")),
        sa.UniqueConstraint("draft_id", "account_id", name=op.f(f"uq_{PLAY}_draft_id_account_id")),
    )
    op.create_index(op.f(f"ix_{PLAY}_account_id"), PLAY, ["account_id"])
    op.create_table(
        ACT,
        sa.Column("play_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("step", JSON, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        _to(ACT, "play_id", PLAY),
        sa.PrimaryKeyConstraint("play_id", "number", name=op.f(f"pk_{ACT}")),
    )
    op.create_table(
        RESULT,
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.String(length=300), nullable=False),
        sa.Column("set_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=100), nullable=False),
        sa.Column("problems", JSON, nullable=False),
        sa.Column("gone", JSON, nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        _to(RESULT, "draft_id", "workshop_draft"),
        _to(RESULT, "by_id", "account"),
        sa.PrimaryKeyConstraint("draft_id", "path", name=op.f(f"pk_{RESULT}")),
    )


def downgrade() -> None:
    for table in (RESULT, ACT, PLAY):
        op.drop_table(table)
