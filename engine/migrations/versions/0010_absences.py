"""absences, and for whom a deputy acted."""

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATED = (
    "assessment",
    "contribution",
    "information_gap",
    "plan_version",
    "check_in",
    "closing_dossier",
    "opinion",
    "decision",
    "note",
    "document",
    "contribution_share",
    "step_history",
)


def upgrade() -> None:
    op.create_table(
        "absence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("deputy_id", sa.Uuid(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=True),
        sa.Column("by_id", sa.Uuid(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("account_id <> deputy_id", name=op.f("ck_absence_two_persons")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_absence_lasts")),
        *(
            sa.ForeignKeyConstraint(
                [column], ["account.id"], name=op.f(f"fk_absence_{column}_account")
            )
            for column in ("account_id", "deputy_id", "by_id", "ended_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index("ix_absence_account_id_ends_at", "absence", ["account_id", "ends_at"])
    op.create_index("ix_absence_deputy_id_ends_at", "absence", ["deputy_id", "ends_at"])
    for table in STATED:
        _add_person(table, "for_id")
    _add_person("work_item", "completed_for_id")
    with op.batch_alter_table("work_item") as batch_op:
        batch_op.add_column(
            sa.Column("deputies", sa.String(length=100), nullable=False, server_default="anybody")
        )
    with op.batch_alter_table("work_item") as batch_op:
        batch_op.alter_column("deputies", server_default=None)
    # What was owed before keeps to the same floor as what is owed from now on.
    op.execute("UPDATE work_item SET deputies = 'organisation' WHERE organisation_id IS NOT NULL")
    op.execute("UPDATE work_item SET deputies = 'nobody' WHERE role = 'accountable_person'")


def _add_person(table: str, column: str) -> None:
    with op.batch_alter_table(table) as batch_op:
        batch_op.add_column(sa.Column(column, sa.Uuid(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f(f"fk_{table}_{column}_account"), "account", [column], ["id"]
        )


def downgrade() -> None:
    with op.batch_alter_table("work_item") as batch_op:
        batch_op.drop_column("deputies")
    for table, column in (("work_item", "completed_for_id"), *((t, "for_id") for t in STATED)):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_constraint(batch_op.f(f"fk_{table}_{column}_account"), type_="foreignkey")
            batch_op.drop_column(column)
    op.drop_table("absence")
