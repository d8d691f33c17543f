"""legal holds set and lifted by two persons; requests for access to the own data."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from engine.models.base import Instant

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

SEALED = sa.LargeBinary
HOLD_CHECKS = {
    "set_by_two": "agreed_by_id <> asked_by_id",
    "set_by_officer_and_another": "agreed_part <> asked_part",
    "lifted_by_two": "lifted_by_id <> lift_asked_by_id",
    "lifted_by_officer_and_another": "lifted_part <> lift_asked_part",
    "agreed_whole": "(agreed_at IS NULL) = (agreed_by_id IS NULL) "
    "AND (agreed_at IS NULL) = (agreed_part IS NULL)",
    "lift_asked_whole": "(lift_asked_at IS NULL) = (lift_asked_by_id IS NULL) "
    "AND (lift_asked_at IS NULL) = (lift_asked_part IS NULL)",
    "lifted_after_both": "(lifted_at IS NULL) = (lifted_by_id IS NULL) "
    "AND (lifted_at IS NULL) = (lifted_part IS NULL) "
    "AND (lifted_at IS NULL OR (lift_asked_at IS NOT NULL AND agreed_at IS NOT NULL))",
}

DISCLOSURE_CHECKS = {
    "released_by_another": "released_by_id <> searched_by_id",
    "closed_with_outcome": "(closed_at IS NULL) = (outcome IS NULL) "
    "AND (released_by_id IS NULL OR closed_at IS NOT NULL)",
    "released_after_all": "outcome <> 'released' OR (released_by_id IS NOT NULL "
    "AND identity_at IS NOT NULL AND searched_at IS NOT NULL)",
}
DECISION_CHECKS = {
    "known_outcome": "outcome IN ('release', 'part', 'refuse')",
    "text_of_part": "(outcome = 'part') = (text IS NOT NULL)",
    "ground_of_withheld": "(outcome = 'release') = (ground IS NULL)",
}


def _column(name: str, kind: Any, *, empty: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, kind, nullable=empty)


def _to(column: str, table: str, of: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{table}.id"], name=op.f(f"fk_{of}_{column}_{table}")
    )


def _checks(of: str, checks: dict[str, str]) -> list[sa.CheckConstraint]:
    return [
        sa.CheckConstraint(wrong, name=op.f(f"ck_{of}_{name}")) for name, wrong in checks.items()
    ]


def _people(of: str, *columns: str) -> list[sa.ForeignKeyConstraint]:
    return [_to(f"{name}_by_id", "account", of) for name in columns]


def _index(of: str, *columns: str) -> None:
    with op.batch_alter_table(of, schema=None) as batch_op:
        for column in columns:
            batch_op.create_index(batch_op.f(f"ix_{of}_{column}"), [column])


def upgrade() -> None:
    code, instant, key = sa.String(length=100), Instant(), sa.Uuid()
    of = "legal_hold"
    op.create_table(
        of,
        _column("id", key),
        _column("case_id", key),
        _column("ground", code),
        _column("reference", SEALED()),
        _column("reason", SEALED()),
        _column("review_on", sa.Date(), empty=True),
        _column("asked_by_id", key),
        _column("asked_part", code),
        _column("asked_at", instant),
        _column("answer_by", instant),
        _column("agreed_by_id", key, empty=True),
        _column("agreed_part", code, empty=True),
        _column("agreed_at", instant, empty=True),
        _column("declined_by_id", key, empty=True),
        _column("declined_at", instant, empty=True),
        _column("lift_reason", SEALED(), empty=True),
        _column("lift_asked_by_id", key, empty=True),
        _column("lift_asked_part", code, empty=True),
        _column("lift_asked_at", instant, empty=True),
        _column("lifted_by_id", key, empty=True),
        _column("lifted_part", code, empty=True),
        _column("lifted_at", instant, empty=True),
        *_checks(of, HOLD_CHECKS),
        _to("case_id", "casework_case", of),
        *_people(of, "asked", "agreed", "declined", "lift_asked", "lifted"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    _index(of, "case_id")
    _disclosures()


def _disclosures() -> None:
    code, instant, key = sa.String(length=100), Instant(), sa.Uuid()
    of = "disclosure"
    op.create_table(
        of,
        _column("id", key),
        _column("code", code),
        _column("relation", code),
        _column("requester", SEALED()),
        _column("contact", SEALED()),
        _column("about_name", SEALED()),
        _column("about_born", SEALED(), empty=True),
        _column("scope", SEALED(), empty=True),
        _column("received_on", sa.Date()),
        _column("due_on", sa.Date()),
        _column("registered_by_id", key),
        _column("registered_at", instant),
        _column("identity_means", code, empty=True),
        _column("identity_note", SEALED(), empty=True),
        _column("identity_by_id", key, empty=True),
        _column("identity_at", instant, empty=True),
        _column("is_party", sa.Boolean(), empty=True),
        _column("searched_by_id", key, empty=True),
        _column("searched_at", instant, empty=True),
        _column("outcome", code, empty=True),
        _column("released_by_id", key, empty=True),
        _column("closed_at", instant, empty=True),
        _column("erased_at", instant, empty=True),
        *_checks(of, DISCLOSURE_CHECKS),
        *_people(of, "registered", "identity", "searched", "released"),
        sa.UniqueConstraint("code", name=op.f("uq_disclosure_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
    )
    of = "disclosure_case"
    op.create_table(
        of,
        _column("id", key),
        _column("disclosure_id", key),
        _column("case_id", key),
        _column("found_by_id", key),
        _column("found_at", instant),
        _to("disclosure_id", "disclosure", of),
        _to("case_id", "casework_case", of),
        *_people(of, "found"),
        sa.UniqueConstraint(
            "disclosure_id", "case_id", name=op.f("uq_disclosure_case_disclosure_id_case_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure_case")),
    )
    _index(of, "disclosure_id", "case_id")
    of = "release_decision"
    op.create_table(
        of,
        _column("id", key),
        _column("disclosure_id", key),
        _column("case_id", key),
        _column("record_kind", code),
        _column("record_id", key),
        _column("organisation_id", key),
        _column("outcome", code),
        _column("ground", code, empty=True),
        _column("reason", SEALED(), empty=True),
        _column("text", SEALED(), empty=True),
        _column("by_id", key),
        _column("at", instant),
        *_checks(of, DECISION_CHECKS),
        _to("disclosure_id", "disclosure", of),
        _to("case_id", "casework_case", of),
        _to("organisation_id", "organisation", of),
        _to("by_id", "account", of),
        sa.UniqueConstraint(
            "disclosure_id", "record_id", name=op.f("uq_release_decision_disclosure_id_record_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release_decision")),
    )
    _index(of, "disclosure_id", "case_id")


def downgrade() -> None:
    op.drop_table("release_decision")
    op.drop_table("disclosure_case")
    op.drop_table("disclosure")
    op.drop_table("legal_hold")
