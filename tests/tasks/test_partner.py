"""Partners share at their own level, see their own questions, and leave when they leave."""

from typing import Any

from sqlalchemy import select

from engine.models import CasePartner, Contribution, InformationGap, Job, Note, ProcessInstance
from tests.tasks.told_case import ToldCase, told_case

SELECTION = {
    "selection_reason": "Three views.",
    "pace": "enough_time",
}
BACK = {
    "source_checked": "yes",
    "what_changes": "The picture is another one.",
    "triage_outcome": "back_to_analysis",
    "reasons": "Look at it again with other partners.",
}
STATEMENT = {"personal_interest": "no", "definition_confirmed": True}


def to_contributions(case: ToldCase) -> None:
    chosen = ["police", "youth_work", "mental_health"]
    case.do("select_partners", selected_partners=chosen, **SELECTION)
    for code in chosen:
        case.do("declare_sharing", for_=code, sharing_level="summary", **STATEMENT)


def ask(case: ToldCase, *questions: dict[str, Any]) -> None:
    for code in ("police", "youth_work", "mental_health"):
        case.do("contribute_information", for_=code, level="nothing")
    case.do(
        "review_information_gaps",
        summary="Little is known.",
        evidence_against="Nothing was found.",
        information_outcome="ask_more",
        sufficiency_reason="The family is not known.",
    )
    case.do("request_information", reason="The family is not known.", questions=list(questions))


def question(organisation: str, text: str) -> dict[str, Any]:
    return {"organisation": organisation, "question": text, "legal_basis": "Covenant"}


def test_contribution_of_a_concern_keeps_no_reason() -> None:
    with told_case("intake_to_multi_agency") as case:
        to_contributions(case)
        case.do(
            "contribute_information",
            for_="police",
            level="concern_only",
            # Typed before the level was chosen: hidden fields are not taken.
            summary="An investigation is running.",
            body="All of it.",
            concern="no",
        )
        with case.reading() as session:
            row = session.scalars(select(Contribution)).one()
            assert (row.level, row.concern) == ("concern_only", True)
            assert (row.summary, row.body, row.legal_basis) == (None, None, None)
            assert "investigation" not in str(row.details)


def test_questions_are_seen_only_by_whom_they_are_for() -> None:
    with told_case("intake_to_multi_agency") as case:
        to_contributions(case)
        ask(case, question("family_support", "The family?"), question("police", "A report?"))
        shown = case.fill("answer_request", "family_support")
        assert shown == {"answers": [{"question": "The family?"}]}


def test_questions_say_until_when_and_whom_they_were_put_to() -> None:
    with told_case("intake_to_multi_agency") as case:
        to_contributions(case)
        ask(case, question("family_support", "The family?"))
        case.do(
            "answer_request", for_="family_support", answers=[{"outcome": "refused", "answer": ""}]
        )
        with case.reading() as session:
            gap = session.scalars(select(InformationGap)).one()
            assert (gap.state, gap.answer) == ("refused", None)
            assert gap.due is not None
            assert gap.due.isoformat() == "2026-01-29"
            assert gap.details["legal_basis"] == "Covenant"


def test_questions_do_not_make_an_organisation_a_partner() -> None:
    with told_case("intake_to_multi_agency") as case:
        to_contributions(case)
        ask(case, question("family_support", "The family?"))
        with case.reading() as session:
            codes = {row.organisation.code for row in session.scalars(select(CasePartner))}
        assert codes == {"police", "youth_work", "mental_health"}


def test_questions_cut_off_by_an_event_leave_no_access_behind() -> None:
    with told_case("intake_to_multi_agency") as case:
        to_contributions(case)
        ask(case, question("family_support", "The family?"))
        assert "care.karin" in case.members()
        case.step(message="new_information")
        case.do("triage_new_information", **BACK)
        case.do(
            "select_partners", selected_partners=["police", "school", "youth_work"], **SELECTION
        )
        case.do("justify_selection", selection_outcome="keep", justification="Asked, not now.")
        assert "care.karin" not in case.members()


def test_partner_who_comes_back_says_anew_what_may_be_shared() -> None:
    with told_case("intake_to_multi_agency") as case:
        to_contributions(case)
        application, instance = case.world.application, None
        with case.reading() as session:
            instance = session.scalars(
                select(ProcessInstance).where(ProcessInstance.process_id == "case_management")
            ).one()
            before = {
                row.organisation.code: row.sharing_level
                for row in session.scalars(select(CasePartner))
            }
        assert before["police"] == "summary"
        from engine.turn import Turn
        from tasks.partner import Invitation, invite_partners

        with application.database.transaction() as session:
            row = session.get_one(ProcessInstance, instance.id)
            turn = Turn(application, session, row, now=application.now(session), actor=None)
            invite_partners(turn, Invitation(["youth_work"]))
            session.flush()
            assert [p.organisation.code for p in turn.partners()] == ["youth_work"]
            invite_partners(turn, Invitation(["youth_work", "police"]))
            session.flush()
            levels = {p.organisation.code: p.sharing_level for p in turn.partners()}
            assert levels == {"youth_work": "summary", "police": "undeclared"}


def test_missed_deadline_names_only_who_missed_it() -> None:
    with told_case("intake_to_multi_agency") as case:
        to_contributions(case)
        case.do("contribute_information", for_="police", level="nothing")
        case.step(after="P21D")
        with case.reading() as session:
            notes = session.scalars(select(Note).where(Note.kind == "no_answer")).all()
            assert sorted(note.text.split(" did not")[0] for note in notes) == [
                "Mental Health Service East",
                "Youth Work Rivertown",
            ]
            told = [
                job.payload
                for job in session.scalars(select(Job).where(Job.kind == "notice"))
                if job.payload["template"] == "answer_missing"
            ]
            assert {payload["role"] for payload in told} == {"process_coordinator"}


def test_statement_is_proposed_again_without_its_confirmations() -> None:
    with told_case("intake_to_multi_agency") as case:
        chosen = ["police", "youth_work", "mental_health"]
        case.do("select_partners", selected_partners=chosen, **SELECTION)
        shown = case.fill("declare_sharing", "police")
        assert set(shown) == {"definition"}
        assert "Radicalisation" in shown["definition"]
