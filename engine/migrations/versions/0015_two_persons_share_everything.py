"""who asked and who agreed that others read everything; accounts of one human."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ACCOUNT = sa.table("account", sa.column("id", sa.Uuid()), sa.column("person_id", sa.Uuid()))
FULL_TAKES_TWO = """
level <> 'full' OR one_person OR (
    agreed_by_id IS NOT NULL AND request_id IS NOT NULL AND agreed_by_id <> by_id
    AND (for_id IS NULL OR agreed_by_id <> for_id))
"""
TWO_PERSONS = """
outcome IS NULL OR outcome NOT IN ('agreed', 'refused') OR (
    answered_by_id IS NOT NULL AND answered_by_id <> asked_by_id
    AND (asked_for_id IS NULL OR answered_by_id <> asked_for_id)
    AND (answered_for_id IS NULL OR (
        answered_for_id <> asked_by_id
        AND (asked_for_id IS NULL OR answered_for_id <> asked_for_id))))
"""


def _to(column: str, table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{table}.id"], name=op.f(f"fk_sharing_request_{column}_{table}")
    )


def upgrade() -> None:
    _tell_humans_apart()
    op.create_table(
        "sharing_request",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=False),
        sa.Column("contribution_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("audience_id", sa.Uuid(), nullable=True),
        sa.Column("summary", sa.LargeBinary(), nullable=True),
        sa.Column("legal_basis", sa.LargeBinary(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("asked_by_id", sa.Uuid(), nullable=False),
        sa.Column("asked_for_id", sa.Uuid(), nullable=True),
        sa.Column("asked_at", Instant(), nullable=False),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("answered_for_id", sa.Uuid(), nullable=True),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.Column("outcome", sa.String(length=100), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(TWO_PERSONS, name=op.f("ck_sharing_request_two_persons")),
        sa.CheckConstraint(
            "(outcome IS NULL) = (answered_at IS NULL)",
            name=op.f("ck_sharing_request_answered_at_an_instant"),
        ),
        _to("case_id", "casework_case"),
        _to("contribution_id", "contribution"),
        _to("organisation_id", "organisation"),
        _to("audience_id", "organisation"),
        _to("asked_by_id", "account"),
        _to("asked_for_id", "account"),
        _to("answered_by_id", "account"),
        _to("answered_for_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharing_request")),
    )
    for column in ("case_id", "contribution_id", "organisation_id"):
        op.create_index(op.f(f"ix_sharing_request_{column}"), "sharing_request", [column])
    _allow_what_was("contribution")
    _allow_what_was("contribution_share")
    with op.batch_alter_table("contribution", schema=None) as batch_op:
        batch_op.create_check_constraint(
            batch_op.f("ck_contribution_full_takes_two"), "level <> 'full' OR one_person"
        )
    with op.batch_alter_table("contribution_share", schema=None) as batch_op:
        batch_op.add_column(sa.Column("request_id", sa.Uuid(), nullable=True))
        batch_op.add_column(sa.Column("agreed_by_id", sa.Uuid(), nullable=True))
        for column, table in (("request_id", "sharing_request"), ("agreed_by_id", "account")):
            batch_op.create_foreign_key(
                batch_op.f(f"fk_contribution_share_{column}_{table}"), table, [column], ["id"]
            )
        batch_op.create_check_constraint(
            batch_op.f("ck_contribution_share_full_takes_two"), FULL_TAKES_TWO
        )


def _tell_humans_apart() -> None:
    """Each account begins as one human; `casetable user person` says where two are one."""
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("person_id", sa.Uuid(), nullable=True))
    connection = op.get_bind()
    for account_id in connection.scalars(sa.select(ACCOUNT.c.id)).all():
        one = sa.update(ACCOUNT).where(ACCOUNT.c.id == account_id)
        connection.execute(one.values(person_id=uuid4()))
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.alter_column("person_id", existing_type=sa.Uuid(), nullable=False)
        batch_op.create_index(batch_op.f("ix_account_person_id"), ["person_id"])


def _allow_what_was(table: str) -> None:
    """What one person shared before there was the rule stays shared, and says so."""
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("one_person", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    rows = sa.table(table, sa.column("level", sa.String()), sa.column("one_person", sa.Boolean()))
    op.get_bind().execute(sa.update(rows).where(rows.c.level == "full").values(one_person=True))
    with op.batch_alter_table(table, schema=None) as batch_op:
        batch_op.alter_column("one_person", existing_type=sa.Boolean(), server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("contribution_share", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_contribution_share_full_takes_two"), type_="check")
        for column, table in (("request_id", "sharing_request"), ("agreed_by_id", "account")):
            batch_op.drop_constraint(
                batch_op.f(f"fk_contribution_share_{column}_{table}"), type_="foreignkey"
            )
            batch_op.drop_column(column)
        batch_op.drop_column("one_person")
    with op.batch_alter_table("contribution", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("ck_contribution_full_takes_two"), type_="check")
        batch_op.drop_column("one_person")
    op.drop_table("sharing_request")
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_person_id"))
        batch_op.drop_column("person_id")
