"""second factors, failed attempts, half signed-in sessions."""

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Sessions last ten hours at most and do not know their new columns: people sign in again.
    op.execute("DELETE FROM web_session")
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("id", sa.Uuid(), nullable=False))
        batch_op.add_column(sa.Column("stage", sa.String(length=100), nullable=False))
        batch_op.add_column(sa.Column("device", sa.String(length=300), nullable=False))
        batch_op.add_column(sa.Column("pending_secret", sa.LargeBinary(), nullable=True))
        batch_op.create_unique_constraint(batch_op.f("uq_web_session_id"), ["id"])
    op.create_table(
        "totp_factor",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_totp_factor_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_totp_factor")),
    )
    op.create_table(
        "totp_step",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("step", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_totp_step_account_id_account")
        ),
        sa.PrimaryKeyConstraint("account_id", "step", name=op.f("pk_totp_step")),
    )
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    with op.batch_alter_table("recovery_code", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recovery_code_account_id"), ["account_id"])
    op.create_table(
        "failed_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_failed_attempt")),
    )
    with op.batch_alter_table("failed_attempt", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_failed_attempt_at"), ["at"])
        batch_op.create_index("ix_failed_attempt_kind_key_at", ["kind", "key", "at"])


def downgrade() -> None:
    op.drop_table("failed_attempt")
    op.drop_table("recovery_code")
    op.drop_table("totp_step")
    op.drop_table("totp_factor")
    # Threat: without the column that says so, a half signed-in browser would be a whole one.
    op.execute("DELETE FROM web_session")
    with op.batch_alter_table("web_session", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("uq_web_session_id"), type_="unique")
        batch_op.drop_column("pending_secret")
        batch_op.drop_column("device")
        batch_op.drop_column("stage")
        batch_op.drop_column("id")
