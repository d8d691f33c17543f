"""Let the audit trail witness the rows that give access or decide and are there already.

Revision ID: 0018
Revises: 0017
"""

from engine import witness
from engine.migrations.witnessing import witness_again

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    witness_again(witness.WITNESSED)


def downgrade() -> None:
    """What the trail has witnessed stays in it: entries are never taken back."""
