"""who signed in by the organisation's own directory, so that leaving there ends it here."""

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_session",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_provider_session_account_id_account")
        ),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_provider_session")),
    )
    op.create_table(
        "spent_logout",
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("mark", name=op.f("pk_spent_logout")),
    )
    for table in ("provider_session", "spent_logout"):
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.create_index(batch_op.f(f"ix_{table}_ends_at"), ["ends_at"])


def downgrade() -> None:
    op.drop_table("spent_logout")
    op.drop_table("provider_session")
