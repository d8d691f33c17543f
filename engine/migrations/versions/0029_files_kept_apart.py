"""a structure may keep files apart: which one a case is, who takes part in it, who looks after it."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

ADDED = {"file": (100, ""), "roles": (1000, ""), "steward": (100, "desk_head")}
"""What a case without files of its own has: everybody whom the drawings ask, as before."""


def upgrade() -> None:
    for name, (length, filled) in ADDED.items():
        kind = sa.String(length=length)
        column: sa.Column[str] = sa.Column(name, kind, nullable=False, server_default=filled)
        op.add_column("casework_case", column)


def downgrade() -> None:
    for name in reversed(ADDED):
        op.drop_column("casework_case", name)
