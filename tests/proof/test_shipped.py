"""The shipped drawings keep every rule, and a single edit that breaks one is named (V1, V2)."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from engine.deployment import ResolvedDeployment, resolve
from engine.errors import DiagramError
from engine.proof.explorer import TooLargeError
from engine.proof.proof import Proof, prove
from engine.proof.report import as_json, as_text
from engine.settings import ROOT

Edit = Callable[[str], str]
PROCESS = "lane_process_coordinator"


@pytest.fixture(scope="module")
def shipped() -> ResolvedDeployment:
    return resolve(ROOT / "processes", "base")


def edited(shipped: ResolvedDeployment, file: str, edit: Edit) -> ResolvedDeployment:
    before = shipped.files[file].decode()
    after = edit(before)
    assert after != before, "the edit found nothing to change"
    return replace(shipped, files={**shipped.files, file: after.encode()})


def broken(proof: Proof) -> set[str]:
    return {verdict.rule.id for verdict in proof.verdicts if not verdict.holds}


def without_property(element: str, name: str) -> Edit:
    found = rf'(id="{element}".*?)<spiffworkflow:property name="{name}"[^>]*/>'
    return lambda text: re.sub(found, r"\1", text, count=1, flags=re.DOTALL)


def to_lane(element: str, lane: str) -> Edit:
    reference = f"<bpmn:flowNodeRef>{element}</bpmn:flowNodeRef>"

    def edit(text: str) -> str:
        head, _, tail = text.replace(reference, "", 1).partition(f'<bpmn:lane id="{lane}"')
        inside = tail.replace("</bpmn:lane>", f"{reference}</bpmn:lane>", 1)
        return f'{head}<bpmn:lane id="{lane}"{inside}'

    return edit


def condition(before: str, after: str) -> Edit:
    return lambda text: text.replace(f">{before}<", f">{after}<", 1)


def past(step: str, beyond: str) -> Edit:
    """Lead every flow into a step to what follows it: the step is taken away."""
    return lambda text: text.replace(f'targetRef="{step}"', f'targetRef="{beyond}"')


def question(key: str, other: str) -> Edit:
    """Ask something else."""
    return lambda text: text.replace(f'"key": "{key}"', f'"key": "{other}"')


def optional(key: str) -> Edit:
    found = rf'("key": "{key}".*?"required": )true'
    return lambda text: re.sub(found, r"\1false", text, count=1, flags=re.DOTALL)


def without_answer(value: str) -> Edit:
    return lambda text: text.replace(f'"value": "{value}"', '"value": "something"')


def test_shipped_drawings_keep_every_rule(shipped: ResolvedDeployment) -> None:
    proof = prove(shipped)
    assert broken(proof) == set(), as_text(proof, shipped.profile)
    safety = [one.rule.id for one in proof.verdicts if one.rule.id.startswith("L")]
    assert safety == [f"L{number}" for number in range(1, 13)]
    assert proof.states > 4_000
    assert f"{len(proof.verdicts)} rules, all hold" in as_text(proof, shipped.profile)


def test_two_interruptions_at_a_time_change_no_verdict(shipped: ResolvedDeployment) -> None:
    one, two = prove(shipped), prove(shipped, handlers=2)
    assert broken(one) == broken(two) == set()
    assert two.states > one.states


@pytest.mark.parametrize("consent", ["before_sharing", "before_support"])
def test_profile_that_asks_for_consent_keeps_every_rule(
    shipped: ResolvedDeployment, consent: str
) -> None:
    assert broken(prove(shipped.with_values({"consent": consent}))) == set()


@pytest.mark.parametrize(
    ("file", "edit", "rule"),
    [
        ("closure_decision.bpmn", past("decide_closure", "care_wanted"), "L11"),
        ("closure_decision.bpmn", to_lane("decide_closure", PROCESS), "L1"),
        (
            "case_management.bpmn",
            condition("closure_agreed = true", "closure_agreed = false"),
            "L1",
        ),
        ("closure_decision.bpmn", past("give_closing_opinion", "count_opinions"), "L2"),
        ("closure_decision.bpmn", past("reassess_risk", "evidence_recorded"), "L3"),
        (
            "fade_out_monitoring.bpmn",
            condition("monitoring_done = true", "monitoring_done = false"),
            "L4",
        ),
        ("fade_out_monitoring.bpmn", past("record_monitoring_check", "ask_relapse"), "L4"),
        ("signal_intake.bpmn", past("check_source", "is_concern"), "L5"),
        ("signal_intake.bpmn", past("involve_child_protection", "who_goes_on"), "L6"),
        ("action_plan.bpmn", past("approve_action_plan", "plan_approved"), "L11"),
        (
            "action_plan.bpmn",
            condition('plan_decision = "approve"', 'plan_decision = "improve"'),
            "L8",
        ),
        ("closure_decision.bpmn", without_property("decide_closure", "notDoneBy"), "L10"),
        ("action_plan.bpmn", without_property("draft_action_plan", "dueIn"), "L9"),
        # What the paper asks beyond the safety rules.
        ("signal_intake.bpmn", past("end_with_child_protection", "with_child_protection"), "P1"),
        ("signal_intake.bpmn", past("open_case_file", "set_intake_counters"), "P1"),
        ("case_analysis.bpmn", past("hold_case_conference", "decide_need_for_plan"), "P45"),
        ("action_plan.bpmn", past("publish_action_plan", "end_plan_published"), "P47"),
        ("action_plan.bpmn", to_lane("draft_action_plan", "lane_partner"), "P47"),
        ("retention.bpmn", past("erase_case", "erased"), "P90"),
        ("retention.bpmn", past("check_hold", "is_held"), "P90"),
        ("retention.bpmn", past("agree_erasure", "merge_erase"), "P90"),
        ("retention.bpmn", to_lane("agree_erasure", "lane_desk_head"), "P90"),
        ("retention.bpmn", without_property("agree_erasure", "notDoneBy"), "L10"),
        (
            "retention.bpmn",
            condition('erasure_agreement = "agree"', 'erasure_agreement != "agree"'),
            "P90",
        ),
        ("case_management.bpmn", past("apply_change", "partners_changed"), "P69"),
        # Comes to the same date twice: the second lies ahead of the first.
        (
            "case_management.bpmn",
            condition('start_phase = "closure"', 'not(start_phase = "closure")'),
            "L8",
        ),
        ("forms/give_closing_opinion.form", without_answer("abstain"), "P92"),
        ("forms/hold_case_conference.form", question("push_factors", "nothing"), "P45"),
        ("forms/decide_route.form", optional("reasons"), "P13"),
    ],
)
def test_edit_that_breaks_a_rule_is_named(
    shipped: ResolvedDeployment, file: str, edit: Edit, rule: str
) -> None:
    assert broken(prove(edited(shipped, file, edit), only={rule})) == {rule}


def test_end_of_a_case_that_is_written_down_nowhere_is_shown_with_its_path(
    shipped: ResolvedDeployment,
) -> None:
    wrong = edited(shipped, "signal_intake.bpmn", past("seal_file", "sealed"))
    told = as_text(prove(wrong), wrong.profile)
    assert "P1   BROKEN" in told
    assert "ended after intake is reached although what it needs has not happened" in told
    assert "5. Intake desk: Clear up the report" in told


def test_form_that_no_longer_asks_is_named_with_the_mend(shipped: ResolvedDeployment) -> None:
    for edit, said in (
        (question("online", "offline"), "does not ask for online; put the question back"),
        (lambda text: text.replace('"required": true', '"required": false'), "make it required"),
    ):
        wrong = edited(shipped, "forms/hold_case_conference.form", edit)
        told = as_text(prove(wrong), wrong.profile)
        assert "P105 BROKEN" in told
        assert said in told


def test_path_that_breaks_a_rule_is_told_step_by_step(shipped: ResolvedDeployment) -> None:
    wrong = edited(shipped, "closure_decision.bpmn", to_lane("decide_closure", PROCESS))
    proof = prove(wrong)
    told = as_text(proof, wrong.profile)
    assert "L1   BROKEN" in told
    assert re.search(r"^ +1\. The case begins", told, re.MULTILINE)
    assert "Played through in the engine, step by step" in told
    assert '"played_through": true' in as_json(proof)
    assert "Close the case is reached although what it needs has not happened" in told
    assert '"element": "close_episode"' in as_json(proof)


def test_path_of_a_drawing_that_the_engine_refuses_is_not_called_played(
    shipped: ResolvedDeployment,
) -> None:
    loose = edited(shipped, "closure_decision.bpmn", past("give_closing_opinion", "count_opinions"))
    proof = prove(loose)
    told = as_text(proof, loose.profile)
    assert "the engine refuses the drawing (closure_decision.bpmn:give_closing_opinion" in told
    assert '"played_through": true' not in as_json(proof)


def test_process_that_is_too_large_is_refused_and_not_half_proved(
    shipped: ResolvedDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.proof.explorer.explore.__defaults__", (100,))
    with pytest.raises(TooLargeError, match="nothing was proved"):
        prove(shipped)


def test_what_is_not_followed_is_refused(shipped: ResolvedDeployment) -> None:
    loop = edited(
        shipped,
        "closure_decision.bpmn",
        lambda text: text.replace(
            "</bpmn:userTask>", "<bpmn:standardLoopCharacteristics/></bpmn:userTask>", 1
        ),
    )
    with pytest.raises(DiagramError, match="is not proved"):
        prove(loop)
