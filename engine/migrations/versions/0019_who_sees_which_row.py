"""the roles of row-level security, and an index by which own steps are found again.

The policies themselves are put in place after each migration, for the tables as they are then
(engine/migrations/env.py): a table that comes later has its policy without a revision of its own.
"""

from alembic import op

from engine.errors import StateError
from engine.models.fence import make_roles_where_permitted, missing_roles

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_work_item_completed_by_id", "work_item", ["completed_by_id"])
    connection = op.get_bind()
    if connection.dialect.name != "postgresql" or not missing_roles(connection):
        return
    if not connection.exec_driver_sql(
        "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"
    ).scalar_one():
        raise StateError(
            "The database has no roles for Casetable yet; run `casetable db roles` as somebody "
            "who may add roles, then `casetable db upgrade` again."
        )
    make_roles_where_permitted(connection)


def downgrade() -> None:
    # The roles stay: they belong to the whole cluster, and other databases may use them.
    op.drop_index("ix_work_item_completed_by_id", table_name="work_item")
