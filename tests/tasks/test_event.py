"""What may happen at any time leaves a decision, tells those concerned, and changes access."""

from engine.models import CasePartner, Decision, InboxMessage, Job
from tests.tasks.casefile import play


def test_triage_tells_those_who_must_know_and_nobody_else() -> None:
    with play("new_information_in_analysis") as world:
        told = [
            row.payload for row in world.rows(Job) if row.payload.get("template") == "case_news"
        ]
    assert {payload["role"] for payload in told} == {"process_coordinator", "content_coordinator"}


def test_request_check_in_is_kept_until_the_team_can_meet() -> None:
    with play("new_information_in_analysis", until=6) as world:
        answers = {
            "source_checked": "yes",
            "what_changes": "A lot.",
            "triage_outcome": "check_in_now",
            "reasons": "It cannot wait.",
        }
        assert world.do({"do": "triage_new_information", "answers": answers}) == []
        waiting = [row.name for row in world.rows(InboxMessage) if row.state == "waiting"]
    assert waiting == ["check_in_requested"]


def test_withdrawal_is_told_to_every_partner() -> None:
    with play("withdrawal_unwilling") as world:
        told = {
            row.payload["organisation_id"]
            for row in world.rows(Job)
            if row.payload.get("template") == "case_news"
        }
        partners = {str(row.organisation_id) for row in world.rows(CasePartner)}
    assert told == partners


def test_partner_change_keeps_who_decided_and_why() -> None:
    with play("partner_change") as world:
        found = [row for row in world.rows(Decision) if row.kind == "partner_change"]
    assert all(row.by_id and row.reasons for row in found)
    assert {row.outcome for row in found} == {"join", "leave"}


def test_partner_who_comes_back_declares_anew_what_may_be_shared() -> None:
    with play("partner_change") as world:
        answers = {
            "partner_change": "join",
            "changed_organisation": "school",
            "reasons": "Back at school.",
        }
        assert world.do({"do": "change_partners", "answers": answers}) == []
        school = next(row for row in world.rows(CasePartner) if row.organisation.code == "school")
    assert (school.state, school.sharing_level) == ("active", "undeclared")
