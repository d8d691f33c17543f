"""what rules ask of the history of an episode, noted beside its steps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    op.add_column("step_history", sa.Column("told", JSON, nullable=True))


def downgrade() -> None:
    op.drop_column("step_history", "told")
