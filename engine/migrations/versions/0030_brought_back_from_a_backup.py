"""that the database was brought back from a backup, and what was said about its mails."""

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

NAME = "restoration"


def _to_account(column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], ["account.id"], name=op.f(f"fk_{NAME}_{column}_account")
    )


def upgrade() -> None:
    op.create_table(
        NAME,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("moment", Instant(), nullable=False),
        sa.Column("restored_at", Instant(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("owed", sa.String(length=100), nullable=True),
        sa.Column("since", sa.String(length=100), nullable=True),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (answered_by_id IS NULL) "
            "AND (answered_at IS NULL) = (owed IS NULL) "
            "AND (answered_at IS NULL) = (since IS NULL)",
            name=op.f(f"ck_{NAME}_answered_whole"),
        ),
        _to_account("by_id"),
        _to_account("second_id"),
        _to_account("answered_by_id"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{NAME}")),
    )


def downgrade() -> None:
    op.drop_table(NAME)
