"""Erasing removes every word about a person and leaves a proof that names none."""

import pytest
from sqlalchemy import text

from engine.models import (
    Assessment,
    AuditEntry,
    Base,
    CasePartner,
    Contribution,
    Decision,
    FormSubmission,
    Goal,
    Note,
    Person,
    PlanVersion,
    Signal,
    WorkItem,
)
from tests.tasks.casefile import Play, play

GONE = (
    Assessment,
    CasePartner,
    Contribution,
    Decision,
    FormSubmission,
    Goal,
    Note,
    Person,
    PlanVersion,
    Signal,
)
WORDS = ("Person A", "I have had enough of you", "What we saw ourselves", "mentor")


def test_erase_removes_every_word_about_the_person() -> None:
    with play("retention_prolong_and_erase") as world:
        left = {table.__tablename__ for table in GONE if world.rows(table)}
        everything = "".join(
            str(row) for table in Base.metadata.sorted_tables for row in _raw(world, table.name)
        )
        assert left == set()
        assert all(not row.variables for row in world.rows(WorkItem))
    for words in WORDS:
        assert words not in everything


def _raw(world: Play, table: str) -> list[object]:
    with world.application.database.reading() as session:
        return list(session.execute(text(f'SELECT * FROM "{table}"')))  # noqa: S608 - our tables


def test_erase_leaves_a_proof_of_counts_and_hashes() -> None:
    with play("retention_prolong_and_erase") as world:
        [proof] = [row for row in world.rows(AuditEntry) if row.event == "case:file:erase"]
        case = world.case()
    erased = proof.detail["erased"]
    assert erased["person"]["rows"] == 1
    assert erased["form_submission"]["rows"] > len(GONE)
    assert len(erased["signal"]["ids_sha256"]) == 64
    assert (case.state, case.code != "") == ("erased", True)


@pytest.mark.parametrize(
    ("name", "steps", "until"),
    [("intake_unfounded", 6, "2026-02-14"), ("intake_transfer", None, "2026-04-15")],
)
def test_schedule_counts_on_the_calendar_from_the_end(
    name: str, steps: int | None, until: str
) -> None:
    with play(name, until=steps) as world:
        assert str(world.case().erase_after) == until
