"""who reviewed a file, who asked that it be erased before its time, and which officer agreed."""

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

OF = "erasure_round"
CHECKS = {
    "agreed_by_two": """
answer IS NULL OR answer <> 'agreed' OR (outcome IS NOT NULL AND outcome = 'erase'
    AND answered_by_id IS NOT NULL AND answered_by_id <> reviewed_by_id)
""",
    "asked_whole": "(asked_at IS NULL) = (asked_by_id IS NULL)",
    "reviewed_whole": (
        "(outcome IS NULL) = (reviewed_at IS NULL) AND (outcome IS NULL) = (reviewed_by_id IS NULL)"
    ),
    "answered_at_an_instant": "(answer IS NULL) = (answered_at IS NULL)",
}
PEOPLE = ("asked_by_id", "reviewed_by_id", "reviewed_for_id", "answered_by_id")


def _to(column: str, table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{OF}_{column}_{table}")
    return sa.ForeignKeyConstraint([column], [f"{table}.id"], name=name)


def upgrade() -> None:
    op.create_table(
        OF,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("ground", sa.String(length=100), nullable=False),
        sa.Column("asked_by_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=True),
        sa.Column("legal_basis", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("outcome", sa.String(length=100), nullable=True),
        sa.Column("reviewed_by_id", sa.Uuid(), nullable=True),
        sa.Column("reviewed_for_id", sa.Uuid(), nullable=True),
        sa.Column("reviewed_at", Instant(), nullable=True),
        sa.Column("neutral_words", sa.LargeBinary(), nullable=True),
        sa.Column("answer", sa.String(length=100), nullable=True),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.Column("refusal_reason", sa.LargeBinary(), nullable=True),
        *(sa.CheckConstraint(rule, name=op.f(f"ck_{OF}_{name}")) for name, rule in CHECKS.items()),
        _to("case_id", "casework_case"),
        _to("instance_id", "process_instance"),
        *(_to(column, "account") for column in PEOPLE),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{OF}")),
        sa.UniqueConstraint("case_id", "number", name=op.f(f"uq_{OF}_case_id_number")),
    )
    op.create_index(op.f(f"ix_{OF}_case_id"), OF, ["case_id"])


def downgrade() -> None:
    op.drop_table(OF)
