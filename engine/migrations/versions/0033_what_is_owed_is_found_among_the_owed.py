"""What is owed is found among what is owed, not among all that ever was.

On SQLite the indexes of reminders and escalations held all steps that were ever done, so that each
look of a worker read them; on PostgreSQL they held those that had been reminded of already. Those
of instance and case knew no state, so that each turn of an old case read all its steps.
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

NEW = (
    ("ix_work_item_to_remind", "work_item", "remind_at", "state = 'open' AND reminded_at IS NULL"),
    ("ix_work_item_to_escalate", "work_item", "due_at", "state = 'open' AND escalated_at IS NULL"),
    ("ix_incident_to_retry", "incident", "retry_at", "state = 'open'"),
    ("ix_incident_for_owner", "incident", "state", "state = 'waiting_for_owner'"),
    ("ix_job_failed", "job", "state", "state = 'failed'"),
    ("ix_job_held", "job", "state", "state = 'held'"),
)
OLD = (("ix_work_item_remind", "remind_at"), ("ix_work_item_due", "due_at"))
OF = (("ix_work_item_of_instance", "instance_id"), ("ix_work_item_of_case", "case_id"))
ALONE = (("ix_work_item_instance_id", "instance_id"), ("ix_work_item_case_id", "case_id"))


def upgrade() -> None:
    for name, table, column, rows in NEW:
        where = sa.text(rows)
        op.create_index(name, table, [column], postgresql_where=where, sqlite_where=where)
    for name, column in OF:
        op.create_index(name, "work_item", [column, "state"])
    for name, _ in (*OLD, *ALONE):
        op.drop_index(name, table_name="work_item")


def downgrade() -> None:
    for name, column in OLD:
        op.create_index(name, "work_item", [column], postgresql_where=sa.text("state = 'open'"))
    for name, column in ALONE:
        op.create_index(name, "work_item", [column])
    for name, _ in OF:
        op.drop_index(name, table_name="work_item")
    for name, table, _, _ in NEW:
        op.drop_index(name, table_name=table)
