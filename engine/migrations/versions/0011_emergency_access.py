"""emergency access and its review by two persons."""

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def _to(column: str, table: str, of: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{table}.id"], name=op.f(f"fk_{of}_{column}_{table}")
    )


def upgrade() -> None:
    of = "emergency_access"
    op.create_table(
        of,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(length=100), nullable=False),
        sa.Column("motive", sa.Text(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("review_by", Instant(), nullable=False),
        sa.CheckConstraint(
            "ends_at > opened_at", name=op.f("ck_emergency_access_ends_after_it_begins")
        ),
        _to("case_id", "casework_case", of),
        _to("account_id", "account", of),
        _to("organisation_id", "organisation", of),
        _to("ended_by_id", "account", of),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_access")),
    )
    with op.batch_alter_table(of, schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_emergency_access_case_id"), ["case_id"])
        batch_op.create_index(batch_op.f("ix_emergency_access_account_id"), ["account_id"])
    of = "emergency_review"
    op.create_table(
        of,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("access_id", sa.Uuid(), nullable=False),
        sa.Column("part", sa.String(length=100), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("opener_id", sa.Uuid(), nullable=False),
        sa.Column("opener_organisation_id", sa.Uuid(), nullable=False),
        sa.Column("finding", sa.String(length=100), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint(
            "account_id <> opener_id", name=op.f("ck_emergency_review_not_by_the_opener")
        ),
        sa.CheckConstraint(
            "part = 'dpo' OR organisation_id <> opener_organisation_id",
            name=op.f("ck_emergency_review_other_organisation"),
        ),
        _to("access_id", "emergency_access", of),
        _to("account_id", "account", of),
        _to("organisation_id", "organisation", of),
        _to("opener_id", "account", of),
        _to("opener_organisation_id", "organisation", of),
        sa.UniqueConstraint("access_id", "part", name=op.f("uq_emergency_review_access_id_part")),
        sa.UniqueConstraint(
            "access_id", "account_id", name=op.f("uq_emergency_review_access_id_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency_review")),
    )
    with op.batch_alter_table(of, schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_emergency_review_access_id"), ["access_id"])


def downgrade() -> None:
    op.drop_table("emergency_review")
    op.drop_table("emergency_access")
