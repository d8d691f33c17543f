"""who asked to print a whole file, who agreed, and whether it was printed."""

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

OF = "file_printing"
CHECKS = {
    "two_persons": """
outcome IS NULL OR outcome NOT IN ('agreed', 'refused')
OR (answered_by_id IS NOT NULL AND answered_by_id <> asked_by_id)
""",
    "answered_at_an_instant": "(outcome IS NULL) = (answered_at IS NULL)",
    "only_when_agreed": "prints_until IS NULL OR (outcome IS NOT NULL AND outcome = 'agreed')",
    "printed_in_time": """
printed_at IS NULL OR (prints_until IS NOT NULL AND printed_at <= prints_until)
""",
}


def _to(column: str, table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{OF}_{column}_{table}")
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=name)


def upgrade() -> None:
    op.create_table(
        OF,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.LargeBinary(), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("outcome", sa.String(length=100), nullable=True),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("prints_until", Instant(), nullable=True),
        sa.Column("printed_at", Instant(), nullable=True),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{OF}_{name}")) for name, rule in CHECKS.items()),
        _to("case_id", "casework_case"),
        _to("asked_by_id", "account"),
        _to("answered_by_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{OF}")),
    )
    op.create_index(op.f(f"ix_{OF}_case_id"), OF, ["case_id"])


def downgrade() -> None:
    op.drop_table(OF)
