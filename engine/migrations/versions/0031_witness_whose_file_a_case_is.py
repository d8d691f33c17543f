"""Let the audit trail witness which file a case is and which roles take part in it.

Revision ID: 0031
Revises: 0030
"""

from engine.migrations.witnessing import witness_again
from engine.models import Case

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    witness_again([Case])


def downgrade() -> None:
    """What the trail has witnessed stays in it: entries are never taken back."""
