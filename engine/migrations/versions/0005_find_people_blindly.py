"""keyed hashes by which people are found again."""

import sqlalchemy as sa
from alembic import context, op

from engine import blind_index

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PERSON = sa.table(
    "person", sa.column("id", sa.Uuid()), sa.column("name"), sa.column("birth_date", sa.Date())
)


def upgrade() -> None:
    op.create_table(
        "person_mark",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("mark", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_person_mark_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("person_id", "kind", "mark", name=op.f("pk_person_mark")),
    )
    with op.batch_alter_table("person_mark", schema=None) as batch_op:
        batch_op.create_index("ix_person_mark_mark", ["mark"])
    connection = op.get_bind()
    for row in connection.execute(sa.select(PERSON)).all():
        key = context.config.attributes["database"].index_key
        marks = blind_index.marks_of(key, row.name, row.birth_date)
        blind_index.write(connection, row.id, marks)


def downgrade() -> None:
    op.drop_table("person_mark")
