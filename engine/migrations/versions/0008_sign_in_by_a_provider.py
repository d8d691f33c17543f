"""links to the organisation's own directory, sign-ins that are under way there."""

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_link",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_provider_link_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_link")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_provider_link_issuer_subject")),
        sa.UniqueConstraint(
            "account_id", "issuer", name=op.f("uq_provider_link_account_id_issuer")
        ),
    )
    op.create_table(
        "provider_flow",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=64), nullable=False),
        sa.Column("target", sa.String(length=300), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_provider_flow")),
    )
    with op.batch_alter_table("provider_flow", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_provider_flow_ends_at"), ["ends_at"])


def downgrade() -> None:
    op.drop_table("provider_flow")
    op.drop_table("provider_link")
