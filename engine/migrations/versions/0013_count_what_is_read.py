"""an index by which it is counted how many cases a person opens in a day."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_audit_entry_actor_id_at", "audit_entry", ["actor_id", "at"])


def downgrade() -> None:
    op.drop_index("ix_audit_entry_actor_id_at", table_name="audit_entry")
