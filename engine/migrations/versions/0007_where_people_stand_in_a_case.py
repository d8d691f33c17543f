"""where people stand in a case: invited, suspended, recused; who granted access, on what basis."""

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TWO_OTHERS = """
state <> 'recused' OR ended_as IS NULL OR ended_as <> 'returned' OR (
    return_asked_by_id IS NOT NULL AND ended_by_id IS NOT NULL
    AND return_asked_by_id <> ended_by_id
    AND return_asked_by_id <> account_id AND ended_by_id <> account_id)
"""


def upgrade() -> None:
    with op.batch_alter_table("case_member", schema=None) as batch_op:
        batch_op.add_column(sa.Column("legal_basis", sa.String(length=300), nullable=True))
        batch_op.add_column(sa.Column("granted_by_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("confirmed_at", Instant(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_case_member_granted_by_id_account"),
            "account",
            ["granted_by_id"],
            ["id"],
        )
    people = ("account_id", "granted_by_id", "return_asked_by_id", "ended_by_id")
    op.create_table(
        "case_standing",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("function", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=100), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("legal_basis", sa.String(length=300), nullable=True),
        sa.Column("granted_by_id", sa.Uuid(), nullable=True),
        sa.Column("return_asked_by_id", sa.Uuid(), nullable=True),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("ended_as", sa.String(length=100), nullable=True),
        sa.CheckConstraint(TWO_OTHERS, name=op.f("ck_case_standing_return_by_two_others")),
        sa.ForeignKeyConstraint(
            ["case_id"], ["casework_case.id"], name=op.f("fk_case_standing_case_id_casework_case")
        ),
        *(
            sa.ForeignKeyConstraint(
                [column], ["account.id"], name=op.f(f"fk_case_standing_{column}_account")
            )
            for column in people
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_standing")),
    )
    with op.batch_alter_table("case_standing", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_case_standing_account_id"), ["account_id"])
        batch_op.create_index(batch_op.f("ix_case_standing_case_id"), ["case_id"])
        batch_op.create_index(
            "uq_case_standing_open",
            ["case_id", "account_id", "function"],
            unique=True,
            postgresql_where=sa.text("until IS NULL"),
            sqlite_where=sa.text("until IS NULL"),
        )


def downgrade() -> None:
    op.drop_table("case_standing")
    with op.batch_alter_table("case_member", schema=None) as batch_op:
        batch_op.drop_constraint(
            batch_op.f("fk_case_member_granted_by_id_account"), type_="foreignkey"
        )
        batch_op.drop_column("confirmed_at")
        batch_op.drop_column("granted_by_id")
        batch_op.drop_column("legal_basis")
