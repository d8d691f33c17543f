"""What is over costs a look and a check-in nothing, however much of it there is.

Each look of a worker read all jobs that were ever done, all agreements that were ever asked for
and all incidents that were ever settled; each check-in read all before it, each worklist all
files that were ever printed, the page of who protects the data all of the audit trail.
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
    ("ix_file_printing_waiting", "file_printing", "asked_at", "outcome IS NULL"),
)
WHOLE = (
    ("ix_check_in_newest", "check_in", ["case_id", "episode_id", "kind", "number"]),
    ("ix_erasure_round_instance_id", "erasure_round", ["instance_id"]),
    ("ix_file_printing_asked_by_id", "file_printing", ["asked_by_id"]),
    ("ix_audit_entry_event_at", "audit_entry", ["event", "at"]),
)
ACTOR = "ix_audit_entry_actor_id"
"""Another index begins with the same column."""


def upgrade() -> None:
    for name, table, column, rows in NEW:
        where = sa.text(rows)
        op.create_index(name, table, [column], postgresql_where=where, sqlite_where=where)
    for name, table, columns in WHOLE:
        op.create_index(name, table, columns)
    op.drop_index(ACTOR, table_name="audit_entry")


def downgrade() -> None:
    op.create_index(ACTOR, "audit_entry", ["actor_id"])
    for name, table, _ in WHOLE:
        op.drop_index(name, table_name=table)
    for name, table, _, _ in NEW:
        op.drop_index(name, table_name=table)
