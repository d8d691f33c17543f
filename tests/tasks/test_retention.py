"""Erasing removes every word about a person and leaves a proof that names none."""

from uuid import uuid4

import pytest
from sqlalchemy import select, text

from engine.models import (
    Account,
    Assessment,
    AuditEntry,
    Base,
    Case,
    CasePartner,
    Contribution,
    Decision,
    FormSubmission,
    Goal,
    Note,
    Person,
    PlanVersion,
    ReportAnswer,
    ReportAttachment,
    ReportQuestion,
    Signal,
    SignalSource,
    WorkItem,
)
from tasks.erasure import OF_CASE, erase
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


def test_erase_reaches_what_the_reporter_sent_and_said() -> None:
    with play("retention_prolong_and_erase", until=1) as world:
        with world.application.database.transaction() as session:
            case = session.get_one(Case, world.case().id)
            [signal] = session.scalars(select(Signal))
            asked = ReportQuestion(
                id=uuid4(),
                case_id=case.id,
                signal_id=signal.id,
                number=1,
                text="CANARY asked",
                at=signal.received_at,
                by_id=session.scalars(select(Account.id).limit(1)).one(),
            )
            session.add(asked)
            session.flush()
            common = {"case_id": case.id, "at": signal.received_at}
            session.add_all(
                [
                    ReportAnswer(question_id=asked.id, text="CANARY answered", **common),
                    SignalSource(signal_id=signal.id, said={"name": "CANARY"}, **common),
                    ReportAttachment(
                        signal_id=signal.id,
                        name="CANARY.txt",
                        media_type="text/plain",
                        size=6,
                        sha256="0" * 64,
                        content=b"CANARY",
                        **common,
                    ),
                ]
            )
            session.flush()
            proof = erase(session, case)
        everything = "".join(
            str(row) for table in Base.metadata.sorted_tables for row in _raw(world, table.name)
        )
    assert "CANARY" not in everything
    tables = ("report_answer", "report_question", "report_attachment", "signal_source", "signal")
    assert {table: proof[table]["rows"] for table in tables} == dict.fromkeys(tables, 1)


def test_erase_knows_every_table_that_belongs_to_a_case() -> None:
    """A new table with content has to be erased too, or say here why it stays."""
    stays = {
        "audit_entry": "ids and codes",
        "action": "erased with its plan",
        "case_key": "destroyed: its row stays as the proof",
        "case_link": "erased by its own condition",
        "case_member": "who worked on it; its reason is emptied",
        "case_standing": "who stood where; its reason is emptied",
        "draft": "erased with its work item",
        "emergency_access": "who opened it; its motive is emptied",
        "emergency_review": "who reviewed it; its reasons are emptied",
        "episode": "codes and dates",
        "erasure_round": "who reviewed and who agreed; its words are emptied",
        "file_printing": "who printed it; its words are emptied",
        "goal": "erased with its plan",
        "inbox_message": "its payload is emptied",
        "instance_move": "from where to where it moved; its state from before is emptied",
        "incident": "its message is emptied",
        "legal_hold": "who held it; its words are emptied",
        "migration_outcome": "what a run did with it: positions and a sentence about the drawing",
        "notice": "names of templates",
        "process_instance": "carries nothing about a person",
        "work_item": "who did which step; its variables are emptied",
    }
    erased = {table.__tablename__ for table in OF_CASE}
    of_case = {table.name for table in Base.metadata.sorted_tables if "case_id" in table.columns}
    assert of_case - erased == set(stays)


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
