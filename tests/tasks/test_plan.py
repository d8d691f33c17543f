"""Plans are versions: drafted, accepted, approved, published, and never written over."""

from typing import Any

import orjson
from sqlalchemy import select

from engine.bpmn import unseal
from engine.language import speaking
from engine.models import (
    Account,
    AccountRole,
    Action,
    Case,
    Note,
    PlanVersion,
    ProcessInstance,
    WorkItem,
)
from tests.tasks.told_case import told_case

TO_PLAN = ("intake_to_multi_agency", "analysis_to_plan")
APPOINTED = {
    "process_coordinator": "process.daan",
    "content_coordinator": "content.emma",
    "process_neutral": "yes",
    "content_neutral": "yes",
}

PLAN: dict[str, Any] = {
    "reason": "Contact is good.",
    "root_causes": "The loss.",
    "social_context": "Mother.",
    "check_in_interval": "P1M",
    "first_check_in": "2026-03-01",
    "evaluator": "University",
    "balance_reason": "Care has its own plan.",
    "goals": [{"code": "g1", "title": "Club", "indicator": "Comes", "baseline": "Does not come"}],
    "actions": [
        {
            "title": title,
            "goal": "g1",
            "kind": "social",
            "owner": owner,
            "starts": "2026-02-01",
            "due": "2026-05-01",
        }
        for title, owner in (("Mentor", "youth_work"), ("Talks", "mental_health"))
    ],
}


def test_plan_form_begins_with_what_the_conference_found() -> None:
    with told_case(*TO_PLAN) as case:
        case.do("appoint_coordinators", **APPOINTED)
        shown = case.fill("draft_action_plan")
        assert shown["root_causes"].startswith("Lost the place in a sports club")
        assert shown["online"] == "Follows two channels of the group."


def test_plan_form_gives_back_the_version_that_was_handed_in() -> None:
    with told_case(*TO_PLAN) as case:
        case.do("appoint_coordinators", **APPOINTED)
        answers: dict[str, Any] = {
            "reason": "Contact is good.",
            "root_causes": "The loss.",
            "social_context": "Mother.",
            "check_in_interval": "P2M",
            "first_check_in": None,
            "evaluator": "",
            "promises": "A call on Friday.",
            "goals": [
                {"code": "g1", "title": "Back in the club", "feasible": "The trainer agrees"}
            ],
            "actions": [
                {
                    "title": "Mentor",
                    "kind": "social",
                    "owner": "youth_work",
                    "starts": "2026-02-01",
                    "category": "mentoring",
                    "safety": "Meet in public.",
                }
            ],
        }
        case.do("draft_action_plan", **answers)
        shown = case.fill("draft_action_plan")
        assert shown["reason"] == "Contact is good."
        assert shown["check_in_interval"] == "P2M"
        assert shown["goals"][0]["feasible"] == "The trainer agrees"
        assert shown["actions"][0]["category"] == "mentoring"
        assert shown["actions"][0]["starts"] == "2026-02-01"
        assert "Nobody evaluates" in shown["came_back"]
        # The promise was noted once and is not made a second time.
        assert shown["promises"] == ""
        with case.reading() as session:
            notes = session.scalars(select(Note).where(Note.kind == "promise"))
            assert [n.text for n in notes if n.element_id == "draft_action_plan"] == [
                "A call on Friday."
            ]


def test_plan_form_tells_who_declined_and_what_the_chair_said() -> None:
    with told_case(*TO_PLAN, "plan_to_implementation") as case:
        case.step(after="P1M")
        case.do(
            "record_check_in",
            side_effects_seen="no",
            still_necessary="yes",
            summary="The mentor moved away.",
            check_in_outcome="adjust_plan",
            goal_progress=[],
        )
        assert "came_back" not in case.fill("draft_action_plan")
        case.do(
            "draft_action_plan",
            reason="The trainer takes over.",
            first_check_in="2026-04-01",
        )
        for code in ("police", "school", "mental_health"):
            case.do("accept_actions", for_=code, acceptance="accepted")
        case.do(
            "accept_actions",
            for_="youth_work",
            acceptance="declined",
            acceptance_reason="Nobody is free before May.",
        )
        assert "Nobody is free before May." in case.fill("draft_action_plan")["came_back"]


def test_plan_version_is_never_written_over() -> None:
    with told_case(*TO_PLAN, "plan_to_implementation") as case:
        with case.reading() as session:
            first = session.scalars(select(PlanVersion)).one()
            before = (first.reason, first.first_check_in, [a.title for a in first.actions])
        case.step(after="P1M")
        case.do(
            "record_check_in",
            side_effects_seen="no",
            still_necessary="yes",
            summary="The mentor moved away.",
            check_in_outcome="adjust_plan",
            goal_progress=[],
            action_progress=[{"action_number": "1", "progress": "under_way"}],
        )
        case.do("draft_action_plan", reason="Another mentor.", first_check_in="2026-04-01")
        with case.reading() as session:
            versions = session.scalars(select(PlanVersion).order_by(PlanVersion.number)).all()
            assert [(v.number, v.state) for v in versions] == [(1, "published"), (2, "draft")]
            kept = versions[0]
            assert (kept.reason, kept.first_check_in, [a.title for a in kept.actions]) == before
            assert versions[1].reason == "Another mentor."
            # How far an action is goes on in the new version.
            assert versions[1].actions[0].progress == "under_way"
            assert {a.acceptance for a in versions[1].actions} == {"asked"}


def test_plan_shows_each_organisation_its_own_part_and_everybody_elses() -> None:
    with told_case(*TO_PLAN) as case:
        case.do("appoint_coordinators", **APPOINTED)
        case.do("draft_action_plan", **PLAN)
        shown = case.fill("accept_actions", "mental_health")
        assert "Talks" in shown["own_actions"]
        assert "Mentor" not in shown["own_actions"]
        assert "Mentor" in shown["all_actions"]
        assert "All partners start at the same time" in shown["findings"]


def test_plan_is_shown_in_the_language_of_the_reader() -> None:
    with told_case(*TO_PLAN) as case:
        case.do("appoint_coordinators", **APPOINTED)
        case.do("draft_action_plan", **PLAN)
        with speaking("nl"):
            shown = case.fill("accept_actions", "mental_health")["own_actions"]
        assert shown.endswith(": Talks (sociaal, 1 februari 2026 tot 1 mei 2026)")
        english = case.fill("accept_actions", "mental_health")["own_actions"]
        assert english.endswith(": Talks (social, 1 February 2026 to 1 May 2026)")


def test_process_variables_hold_nothing_about_a_person() -> None:
    with told_case(*TO_PLAN, "plan_to_implementation") as case, case.reading() as session:
        settings = case.world.application.settings
        blobs = [
            bytes(unseal(row.blob, settings.state_key))
            for row in session.scalars(select(ProcessInstance))
            if row.blob
        ]
        variables = orjson.dumps(
            [item.variables for item in session.scalars(select(WorkItem)).unique()]
        )
        written = [action.title for action in session.scalars(select(Action))]
        written += ["Lost the place", "withdrew from friends", "uncle", "second view", "Person A"]
        # The state is readable here, or the search would find nothing whatever it held.
        assert any(b"youth_work" in place for place in blobs)
        for text in written:
            assert all(text.encode() not in place for place in [*blobs, variables])
        assert session.scalars(select(Case)).one().state == "open"


def test_plan_is_not_approved_by_whoever_drafted_it() -> None:
    with told_case(*TO_PLAN) as case:
        with case.world.application.database.transaction() as session:
            emma = session.scalars(select(Account).where(Account.username == "content.emma"))
            session.add(AccountRole(account_id=emma.unique().one().id, role="chair"))
        case.do("appoint_coordinators", **APPOINTED)
        case.do("draft_action_plan", **PLAN)
        case.step(do="accept_actions", each=True, answers={"acceptance": "accepted"})
        case.step(
            refused="approve_action_plan",
            **{"as": "content.emma"},
            says="somebody else has to do",
            answers={"plan_decision": "approve", "reasons": "I wrote it."},
        )
        case.do("approve_action_plan", plan_decision="approve", reasons="Clear.")
        with case.reading() as session:
            plan = session.scalars(select(PlanVersion)).one()
            assert plan.state == "published"
            assert session.get_one(Account, plan.approved_by_id).username == "chair.clara"


def test_coordinators_may_be_one_person_with_a_reason() -> None:
    with told_case(*TO_PLAN) as case:
        with case.world.application.database.transaction() as session:
            emma = session.scalars(select(Account).where(Account.username == "content.emma"))
            session.add(AccountRole(account_id=emma.unique().one().id, role="process_coordinator"))
        one = APPOINTED | {"process_coordinator": "content.emma"}
        case.step(refused="appoint_coordinators", says="Why one person", answers=one)
        case.do("appoint_coordinators", **one, same_person_reason="A small municipality.")
        assert "content.emma" in case.members()
        assert "process.daan" not in case.members()
