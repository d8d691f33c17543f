"""What a change does: which rules hold no longer, and how many running cases it touches."""

import re
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from engine.application import Application
from engine.comparison import Side, as_text, compare
from engine.comparison.consequence import Consequences, rule_effects
from engine.comparison.running import touched_cases
from engine.models import Case, ProcessInstance
from engine.turn import new_instance
from tests.comparison.conftest import FILES, replaced

CLOSING = "closure_decision.bpmn"
RULES = """
[[rule]]
id = "L1"
sentence = "Nothing is agreed but by the accountable person."
sources = ["P93"]
[[rule.check]]
kind = "before"
process = "closure_decision"
at = { form = "arrange_regular_care" }
needs = [{ milestone = "closure_decided", role = "accountable_person" }]
"""
MEMBER = "<bpmn:flowNodeRef>decide_closure</bpmn:flowNodeRef>"
COORDINATOR = "<bpmn:flowNodeRef>care_wanted</bpmn:flowNodeRef>"
OLD = Side("old", {**FILES, "rules.toml": RULES.encode()})


def with_edits(*edits: tuple[str, str, str]) -> Side:
    files = dict(OLD.files)
    for edit in edits:
        files = replaced(files, *edit)
    return Side("new", files)


TO_COORDINATOR = ((CLOSING, MEMBER, ""), (CLOSING, COORDINATOR, f"{COORDINATOR}{MEMBER}"))
WEAKER = ("rules.toml", ', role = "accountable_person"', "")


def effects(new: Side) -> Consequences:
    return rule_effects(OLD, new, compare(OLD, new))


def test_rule_that_holds_no_longer_is_told_with_the_way_that_breaks_it() -> None:
    new = with_edits(*TO_COORDINATOR)
    found = effects(new)
    (effect,) = found.rules
    assert (effect.rule, effect.before, effect.after) == ("L1", True, False)
    assert effect.sentence.endswith("This held and is now BROKEN.")
    assert "is reached although what it needs has not happened" in effect.told[0]
    assert any("Decide on closing" in line for line in effect.told[1:])
    text = as_text(OLD, new, compare(OLD, new), found)
    assert "What this does to the safety rules\n  - L1: Nothing is agreed" in text
    back = rule_effects(new, OLD, compare(new, OLD))
    assert back.rules[0].sentence.endswith("This was broken and holds now.")


def test_weaker_rule_does_not_hide_what_it_allows() -> None:
    found = effects(with_edits(*TO_COORDINATOR, WEAKER))
    (effect,) = found.rules
    assert effect.sentence.startswith("L1, as it was before, would be BROKEN now")
    assert any("Decide on closing" in line for line in effect.told)


def test_rules_that_hold_on_both_sides_are_told_in_one_sentence() -> None:
    found = effects(with_edits((CLOSING, 'escalateTo" value="chair"', 'escalateTo" value="dpo"')))
    assert [effect.sentence for effect in found.rules] == [
        "All rules hold before and after: 1 proved."
    ]


def test_wording_proves_nothing() -> None:
    new = with_edits((CLOSING, 'name="Decide on closing"', 'name="Agree"'))
    assert effects(new) == Consequences()


def test_drawing_that_cannot_run_is_not_proved() -> None:
    found = effects(with_edits((CLOSING, 'targetRef="count_opinions"', 'targetRef="nowhere"')))
    assert found.rules == ()
    assert re.search("error(s that forbid| that forbids) publishing", found.unproved)


@pytest.fixture
def deployment(application: Application) -> str:
    with application.database.transaction() as session:
        return application.deployment(session).id


def running(application: Application, deployment: str, *elements: str) -> None:
    """Let a case stand on elements of the closing decision."""
    now = datetime(2026, 1, 15, tzinfo=UTC)
    with application.database.transaction() as session:
        number = uuid4()
        case = Case(
            id=number,
            code=number.hex[:12],
            kind="signal",
            deployment_id=deployment,
            created_at=now,
        )
        session.add(case)
        session.flush()
        row: ProcessInstance = new_instance(session, case, "case_management", deployment, now)
        row.active = {"closure_decision": list(elements)}


def test_running_cases_are_counted_where_they_stand(
    application: Application, deployment: str
) -> None:
    running(application, deployment, "decide_closure", "opinion_was_changed")
    running(application, deployment, "decide_closure")
    running(application, deployment, "give_closing_opinion")
    running(application, deployment, "reassess_risk")
    old = Side("published", dict(FILES), deployment)
    edits = (
        (CLOSING, 'id="decide_closure" name', 'id="agree" name'),
        (CLOSING, ">opinions_due<", ">today()<"),
        ("forms/record_effect_evaluation.form", '"required": true', '"required": false'),
    )
    files = dict(FILES)
    for edit in edits:
        files = replaced(files, *edit)
    changes = compare(old, Side("new", files))
    with application.database.reading() as session:
        told = touched_cases(session, old, changes)
    assert told == (
        "4 cases run on this version; they stay on it until somebody moves them.",
        "3 of them stand on something that changes:",
        "  *Decide on closing* is gone: 2",
        "  *Give an opinion on closing* changes: 1",
    )


def test_running_cases_of_other_versions_and_none_touched_are_told(
    application: Application, deployment: str
) -> None:
    running(application, deployment, "reassess_risk")
    old = Side("published", dict(FILES), deployment)
    edit = (CLOSING, 'id="decide_closure" name', 'id="agree" name')
    changes = compare(old, Side("new", replaced(dict(FILES), *edit)))
    with application.database.reading() as session:
        assert touched_cases(session, old, changes) == (
            "1 case runs on this version; they stay on it until somebody moves them.",
            "None of them stands on anything that changes.",
        )
        other = Side("other", dict(FILES), "0" * 64)
        assert touched_cases(session, other, changes)[1] == "1 case runs on other versions."
