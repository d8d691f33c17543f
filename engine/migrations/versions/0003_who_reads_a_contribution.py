"""who reads how much of a contribution."""

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contribution_share",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=True),
        sa.Column("level", sa.String(length=100), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("legal_basis", sa.String(length=300), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint(
            "organisation_id IS NOT NULL OR expires_on IS NULL",
            name=op.f("ck_contribution_share_table_for_good"),
        ),
        sa.ForeignKeyConstraint(
            ["by_id"], ["account.id"], name=op.f("fk_contribution_share_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["casework_case.id"],
            name=op.f("fk_contribution_share_case_id_casework_case"),
        ),
        sa.ForeignKeyConstraint(
            ["contribution_id"],
            ["contribution.id"],
            name=op.f("fk_contribution_share_contribution_id_contribution"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_contribution_share_organisation_id_organisation"),
        ),
        sa.UniqueConstraint(
            "contribution_id",
            "number",
            name=op.f("uq_contribution_share_contribution_id_number"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contribution_share")),
    )
    with op.batch_alter_table("contribution_share", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_contribution_share_case_id"), ["case_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_contribution_share_contribution_id"), ["contribution_id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("contribution_share", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contribution_share_contribution_id"))
        batch_op.drop_index(batch_op.f("ix_contribution_share_case_id"))
    op.drop_table("contribution_share")
