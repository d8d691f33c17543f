"""which passwords others have set: they are changed before anything else."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Whoever has signed in since has had the time to change it: nobody is stopped at an upgrade.
    column: sa.Column[bool] = sa.Column(
        "password_is_lent", sa.Boolean(), server_default=sa.false(), nullable=False
    )
    op.add_column("account", column)


def downgrade() -> None:
    op.drop_column("account", "password_is_lent")
