"""which steps belong to all holders of a role, so that no list looks at those of all cases.

The version before need not know the column: the database keeps it (engine/models/pool.py).
"""

import sqlalchemy as sa
from alembic import op

from engine.models.pool import ALL

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

INDEXES = (
    ("ix_work_item_pool", "work_item", "role", "state = 'open' AND pool"),
    (
        "ix_work_item_escalated",
        "work_item",
        "escalate_to",
        "state = 'open' AND escalated_at IS NOT NULL",
    ),
    ("ix_process_instance_running", "process_instance", "status", "status = 'running'"),
)


def upgrade() -> None:
    op.add_column(
        "work_item", sa.Column("pool", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.execute(ALL)
    for name, table, column, rows in INDEXES:
        where = sa.text(rows)
        op.create_index(name, table, [column], postgresql_where=where, sqlite_where=where)


def downgrade() -> None:
    for name, table, _, _ in INDEXES:
        op.drop_index(name, table_name=table)
    op.drop_column("work_item", "pool")
