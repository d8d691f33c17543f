"""What is over costs a look and a check-in nothing, however much of it there is.

Each look of a worker read all jobs that were ever done, all agreements that were ever asked for
and all incidents that were ever settled; each check-in read all before it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

NEW = (
    ("ix_job_calling", "job", "run_after", "state = 'calling'"),
    ("ix_sharing_request_waiting", "sharing_request", "asked_at", "outcome IS NULL"),
    ("ix_incident_unresolved", "incident", "key", "state <> 'resolved'"),
)
NEWEST = "ix_check_in_newest"


def upgrade() -> None:
    for name, table, column, rows in NEW:
        where = sa.text(rows)
        op.create_index(name, table, [column], postgresql_where=where, sqlite_where=where)
    op.create_index(NEWEST, "check_in", ["case_id", "episode_id", "kind", "number"])


def downgrade() -> None:
    op.drop_index(NEWEST, table_name="check_in")
    for name, table, _, _ in NEW:
        op.drop_index(name, table_name=table)
