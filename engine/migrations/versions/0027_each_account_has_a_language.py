"""nobody had chosen a language: until then the column held what the program wrote."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

ACCOUNT = sa.table("account", sa.column("language", sa.String()))


def upgrade() -> None:
    op.execute(ACCOUNT.update().values(language=""))


def downgrade() -> None:
    op.execute(ACCOUNT.update().where(ACCOUNT.c.language == "").values(language="en"))
