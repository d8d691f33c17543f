"""The check of a plan says what is missing, in words, and never fails on a strange plan."""

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.language import parts_of, source_of, speaking
from engine.models import Action, Assessment, Goal, Organisation, PlanVersion
from engine.reading.recorded import findings_in_words
from tasks.plan_check import Circumstances, check_plan

TODAY = date(2026, 3, 2)
NOW = Circumstances(TODAY, frozenset({"police", "youth_work"}), frozenset(), "P7D")


def goal(**columns: Any) -> Goal:
    given: dict[str, Any] = {
        "code": "g1",
        "title": "Back in the club",
        "reason": "Belonged there",
        "indicator": "Comes twice a month",
        "baseline": "Does not come",
        "due": TODAY + timedelta(180),
        "details": {},
    }
    return Goal(**given | columns)


def action(owner: str = "youth_work", **columns: Any) -> Action:
    given: dict[str, Any] = {
        "title": "Mentor",
        "goal_code": "g1",
        "kind": "social",
        "starts": TODAY + timedelta(7),
        "due": TODAY + timedelta(90),
        "outsourced": False,
        "details": {"checker": "Content coordinator"},
    }
    return Action(**given | columns, owner=Organisation(code=owner, name=owner))


def plan(**columns: Any) -> PlanVersion:
    given: dict[str, Any] = {
        "goals": [goal()],
        "actions": [
            action(),
            action("police", kind="security", title="Contact", starts=TODAY + timedelta(40)),
        ],
        "first_check_in": TODAY + timedelta(30),
        "evaluator": "University",
        "details": {
            "online": "Nothing is needed",
            "mental_health": "A talk",
            "evaluation_on": "2026-09-01",
        },
    }
    return PlanVersion(**given | columns)


def told(found: PlanVersion, circumstances: Circumstances = NOW) -> list[str]:
    return [finding.text for finding in check_plan(found, circumstances)]


def blocking(found: PlanVersion, circumstances: Circumstances = NOW) -> list[str]:
    return [finding.text for finding in check_plan(found, circumstances) if finding.blocking]


def test_plan_check_is_silent_about_a_whole_plan() -> None:
    assert told(plan()) == []


def test_findings_are_kept_in_english_and_read_in_the_language_of_the_reader() -> None:
    found = [one.text for one in check_plan(plan(goals=[goal(due=None), goal(code="g2")]), NOW)]
    kept = {"said": [parts_of(text) for text in found]}
    summary = "\n".join(source_of(text) for text in found)
    with speaking("nl"):
        read = findings_in_words(Assessment(summary=summary, details=kept))
        old = findings_in_words(Assessment(summary=summary, details={}))
    assert "Doel “Back in the club” heeft geen datum." in read.splitlines()
    assert len(read.splitlines()) == len(found)
    assert old == summary


def test_plan_check_wants_goals_and_actions() -> None:
    found = blocking(plan(goals=[], actions=[]))
    assert any("no goal" in text for text in found)
    assert any("no action" in text for text in found)


def test_plan_check_wants_an_indicator_and_a_baseline() -> None:
    assert len(blocking(plan(goals=[goal(indicator=" ", baseline=None)]))) == 2


def test_plan_check_wants_each_goal_to_have_its_own_number() -> None:
    assert blocking(plan(goals=[goal(), goal()])) == [
        "Two goals have the number g1: give each its own."
    ]


def test_plan_check_wants_each_action_to_serve_a_goal_of_the_plan() -> None:
    lost = [action(goal_code="g2"), action("police", kind="security", goal_code=None)]
    assert sum("belongs to no goal" in text for text in blocking(plan(actions=lost))) == 2


def test_plan_check_refuses_an_owner_who_is_not_at_the_table() -> None:
    away = NOW.__class__(TODAY, frozenset({"police"}), frozenset(), "P7D")
    assert blocking(plan(), away) == [
        "Action “Mentor” belongs to an organisation that is not at the table."
    ]


def test_plan_check_wants_both_kinds_or_a_reason() -> None:
    only_security = [action(kind="security"), action("police", kind="security")]
    assert any("no social action" in text for text in blocking(plan(actions=only_security)))
    reasoned = plan(actions=only_security)
    reasoned.details = reasoned.details | {"balance_reason": "Care has its own plan."}
    assert not any("no social action" in text for text in told(reasoned))


def test_plan_check_lets_an_action_under_way_keep_its_start() -> None:
    begun = [action(starts=TODAY - timedelta(30)), action("police", kind="security")]
    assert any("before the plan" in text for text in blocking(plan(actions=begun)))
    running = Circumstances(TODAY, NOW.partners, frozenset({"Mentor"}), "P7D")
    assert not any("before the plan" in text for text in blocking(plan(actions=begun), running))


@given(st.integers(0, 60))
def test_plan_check_warns_when_all_partners_start_within_a_week(days: int) -> None:
    actions = [
        action(),
        action("police", kind="security", starts=TODAY + timedelta(7 + days)),
    ]
    warned = any("at the same time" in text for text in told(plan(actions=actions)))
    assert warned == (days < 7)


def test_plan_check_leaves_one_partner_alone() -> None:
    alone = [action(), action(kind="security", title="Agreement")]
    assert told(plan(actions=alone)) == []


def test_plan_check_wants_a_check_on_outsourced_work() -> None:
    outside = action(outsourced=True)
    found = blocking(plan(actions=[outside, action("police", kind="security")]))
    assert any("nobody checks it" in text for text in found)


def test_plan_check_wants_a_check_in_ahead() -> None:
    assert blocking(plan(first_check_in=None)) == ["There is no date for the first check-in."]
    assert blocking(plan(first_check_in=TODAY - timedelta(1))) == [
        "The first check-in lies in the past."
    ]


DAY = st.none() | st.dates(date(2020, 1, 1), date(2035, 12, 31))
TEXT = st.none() | st.text(max_size=8)
ACTIONS = st.builds(
    action,
    owner=st.sampled_from(["police", "youth_work", "elsewhere"]),
    goal_code=st.sampled_from([None, "g1", "g2", "g9"]),
    kind=st.sampled_from(["social", "security"]),
    starts=DAY,
    due=DAY,
    outsourced=st.booleans(),
    details=st.dictionaries(st.sampled_from(["checker", "outsourced_check"]), TEXT),
)
GOALS = st.builds(
    goal,
    code=st.sampled_from(["g1", "g2"]),
    indicator=TEXT,
    baseline=TEXT,
    reason=TEXT,
    due=DAY,
)
PLANS = st.builds(
    plan,
    goals=st.lists(GOALS, max_size=3),
    actions=st.lists(ACTIONS, max_size=4),
    first_check_in=DAY,
    evaluator=TEXT,
    details=st.dictionaries(st.sampled_from(["online", "mental_health", "order_reason"]), TEXT),
)


@given(PLANS)
def test_plan_check_speaks_in_sentences_and_puts_first_what_blocks(found: PlanVersion) -> None:
    findings = check_plan(found, NOW)
    assert all(finding.text.endswith(".") for finding in findings)
    order = [finding.blocking for finding in findings]
    assert order == sorted(order, reverse=True)


@given(PLANS)
def test_plan_check_never_passes_a_plan_without_owner_dates_and_both_kinds(
    found: PlanVersion,
) -> None:
    if not any(finding.blocking for finding in check_plan(found, NOW)):
        assert found.goals
        assert all(a.starts and a.due and a.owner.code in NOW.partners for a in found.actions)
        assert {a.kind for a in found.actions} == {"social", "security"}
        assert found.first_check_in is not None
        assert found.first_check_in >= TODAY
