"""drafts of process owners, each change, named versions, and what two persons publish."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from engine.models.base import Instant

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")
DRAFT, FILE, CHANGE, VERSION = (
    "workshop_draft",
    "workshop_file",
    "workshop_change",
    "workshop_version",
)
JUDGEMENT, PUBLICATION = "workshop_judgement", "workshop_publication"
CHECKS = {
    "two_persons": """
outcome IS NULL OR outcome NOT IN ('agreed', 'refused')
OR (answered_by_id IS NOT NULL AND answered_by_id <> asked_by_id)
""",
    "answered_at_an_instant": "(outcome IS NULL) = (answered_at IS NULL)",
    "refused_why": "outcome IS NULL OR outcome <> 'refused' OR reason IS NOT NULL",
}


def _to(of: str, column: str, table: str, key: str = "id") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{of}_{column}_{table}")
    return sa.ForeignKeyConstraint([column], [f"{table}.{key}"], name=name)


def _at(name: str) -> sa.Column[object]:
    return sa.Column(name, Instant(), nullable=False)


def _by(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Uuid(), nullable=False)


def _hash(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.String(length=64), nullable=nullable)


def _judgement() -> None:
    op.create_table(
        JUDGEMENT,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("profile", sa.String(length=100), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=True),
        _hash("deployment_id", nullable=False),
        sa.Column("manifest", JSON, nullable=False),
        _hash("before_id"),
        _by("asked_by_id"),
        _at("asked_at"),
        sa.Column("state", sa.String(length=100), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("results", JSON, nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "(state = 'done') = (finished_at IS NOT NULL)",
            name=op.f(f"ck_{JUDGEMENT}_finished_when_done"),
        ),
        _to(JUDGEMENT, "draft_id", DRAFT),
        _to(JUDGEMENT, "before_id", "deployment"),
        _to(JUDGEMENT, "asked_by_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{JUDGEMENT}")),
    )
    for column in ("deployment_id", "draft_id"):
        op.create_index(op.f(f"ix_{JUDGEMENT}_{column}"), JUDGEMENT, [column])


def _publication() -> None:
    op.create_table(
        PUBLICATION,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("profile", sa.String(length=100), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=True),
        _by("judgement_id"),
        _hash("deployment_id", nullable=False),
        _hash("before_id"),
        sa.Column("note", sa.String(length=300), nullable=False),
        _by("asked_by_id"),
        _at("asked_at"),
        sa.Column("outcome", sa.String(length=100), nullable=True),
        sa.Column("answered_by_id", sa.Uuid(), nullable=True),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=True),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_{PUBLICATION}_{name}"))
            for name, rule in CHECKS.items()
        ),
        _to(PUBLICATION, "draft_id", DRAFT),
        _to(PUBLICATION, "judgement_id", JUDGEMENT),
        _to(PUBLICATION, "before_id", "deployment"),
        _to(PUBLICATION, "asked_by_id", "account"),
        _to(PUBLICATION, "answered_by_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{PUBLICATION}")),
    )
    for column in ("deployment_id", "draft_id", "profile"):
        op.create_index(op.f(f"ix_{PUBLICATION}_{column}"), PUBLICATION, [column])


def upgrade() -> None:
    op.create_table(
        DRAFT,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("profile", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=300), nullable=False),
        _hash("base_deployment_id", nullable=False),
        sa.Column("begun_with", JSON, nullable=False),
        sa.Column("state", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        _by("created_by_id"),
        _at("created_at"),
        _by("changed_by_id"),
        _at("changed_at"),
        sa.CheckConstraint(
            "state IN ('open', 'published', 'discarded')", name=op.f(f"ck_{DRAFT}_known_state")
        ),
        _to(DRAFT, "base_deployment_id", "deployment"),
        _to(DRAFT, "created_by_id", "account"),
        _to(DRAFT, "changed_by_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{DRAFT}")),
    )
    op.create_index(op.f(f"ix_{DRAFT}_profile"), DRAFT, ["profile"])
    op.create_table(
        FILE,
        _by("draft_id"),
        sa.Column("path", sa.String(length=300), nullable=False),
        _hash("hash"),
        _by("changed_by_id"),
        _at("changed_at"),
        _to(FILE, "draft_id", DRAFT),
        _to(FILE, "hash", "deployment_file", "hash"),
        _to(FILE, "changed_by_id", "account"),
        sa.PrimaryKeyConstraint("draft_id", "path", name=op.f(f"pk_{FILE}")),
    )
    op.create_table(
        CHANGE,
        _by("draft_id"),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(length=300), nullable=False),
        _hash("before"),
        _hash("after"),
        _by("by_id"),
        _at("at"),
        _to(CHANGE, "draft_id", DRAFT),
        _to(CHANGE, "before", "deployment_file", "hash"),
        _to(CHANGE, "after", "deployment_file", "hash"),
        _to(CHANGE, "by_id", "account"),
        sa.PrimaryKeyConstraint("draft_id", "number", "path", name=op.f(f"pk_{CHANGE}")),
    )
    op.create_table(
        VERSION,
        sa.Column("id", sa.Uuid(), nullable=False),
        _by("draft_id"),
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("manifest", JSON, nullable=False),
        _by("by_id"),
        _at("at"),
        _to(VERSION, "draft_id", DRAFT),
        _to(VERSION, "by_id", "account"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{VERSION}")),
    )
    op.create_index(op.f(f"ix_{VERSION}_draft_id"), VERSION, ["draft_id"])
    _judgement()
    _publication()


def downgrade() -> None:
    for table in (PUBLICATION, JUDGEMENT, VERSION, CHANGE, FILE, DRAFT):
        op.drop_table(table)
