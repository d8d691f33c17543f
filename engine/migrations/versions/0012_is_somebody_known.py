"""who may be told that a person is known, and who asked."""

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def _to(column: str, table: str, of: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{table}.id"], name=op.f(f"fk_{of}_{column}_{table}")
    )


def upgrade() -> None:
    of = "hit_allowance"
    op.create_table(
        of,
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("audience_id", sa.Uuid(), nullable=False),
        sa.Column("by_id", sa.Uuid(), nullable=True),
        sa.Column("at", Instant(), nullable=False),
        _to("organisation_id", "organisation", of),
        _to("audience_id", "organisation", of),
        _to("by_id", "account", of),
        sa.PrimaryKeyConstraint("organisation_id", "audience_id", name=op.f("pk_hit_allowance")),
    )
    of = "identity_query"
    op.create_table(
        of,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("query_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        _to("account_id", "account", of),
        _to("organisation_id", "organisation", of),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_query")),
    )
    with op.batch_alter_table(of, schema=None) as batch_op:
        batch_op.create_index("ix_identity_query_account_id_day", ["account_id", "day"])


def downgrade() -> None:
    op.drop_table("identity_query")
    op.drop_table("hit_allowance")
