"""What the report says: one sentence for each kind of difference, in words for people."""

from dataclasses import fields

import pytest

from engine.comparison import Change, Side, compare, marked
from engine.comparison.element import ATTRIBUTES, DERIVED
from engine.comparison.setting import REPETITION
from engine.drawing import Element, MultiInstance
from tests.comparison.conftest import FILES, changes, sentences, shipped

CASE, PLAN, CLOSING = "case_management.bpmn", "action_plan.bpmn", "closure_decision.bpmn"
MONITORING, INTAKE = "fade_out_monitoring.bpmn", "signal_intake.bpmn"
FORM, TABLE = "forms/decide_closure.form", "decisions/deadlines.dmn"


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (
            (CLOSING, 'name="Decide on closing"', 'name="Agree to closure"'),
            "Step *Decide on closing* is now called *Agree to closure*.",
        ),
        (
            (CLOSING, 'name="dueIn" value="=profile.opinion_deadline"', 'name="dueIn" value="P2D"'),
            ("Step *Give an opinion on closing* is due in **2 days** instead of **the profile's "
            "opinion_deadline, 14 days**."),
        ),
        (
            (CLOSING, 'name="escalateTo" value="chair"', 'name="escalateTo" value="desk_head"'),
            ("When step *Look at the risk again* is late, **Head of the desk** is told instead of "
            "**Chair of the multi-agency table**."),
        ),
        (
            (CLOSING, "closing/prepare_dossier", "closing/count_opinions"),
            ("Step of the system *Prepare the closing dossier* lets the system do "
            "**closing/count_opinions** instead of **closing/prepare_dossier**."),
        ),
        (
            (CLOSING, 'type="int" value="agree_count"', 'type="int" value="agree_count + 1"'),
            ("Step of the system *Record that the rule is not met* is given **agree_count**: "
            "**agree_count plus 1** instead of **agree_count**."),
        ),
        (
            (CLOSING, ">closing_rule</spiff", ">deadlines</spiff"),
            ("Look-up *Apply the closing rule* looks at the table **deadlines** instead of "
            "**closing_rule**."),
        ),
        (
            (CASE, 'calledElement="closure_decision"', 'calledElement="action_plan"'),
            ("Phase *Joint decision to close* runs the diagram **action_plan** instead of "
            "**closure_decision**."),
        ),
        (
            (CLOSING, ">partners</bpmn:loop", ">neighbours</bpmn:loop"),
            ("Step *Give an opinion on closing* is done once for each of **neighbours** instead of "
            "**partners**."),
        ),
        (
            (CLOSING, "<bpmn:multiInstanceLoopCharacteristics>",
             '<bpmn:multiInstanceLoopCharacteristics isSequential="true">'),
            "Step *Give an opinion on closing* is now done **one after the other**.",
        ),
        (
            (CLOSING, "Starts a new closing round", "Begins a new closing round"),
            ("The explanation of step of the system *Prepare the closing dossier* is now **Begins "
            "a new closing round, lists the partners to be asked and the last day for their "
            "opinions.**; it was **Starts a new closing round, lists the partners to be asked and "
            "the last day for their opinions.**."),
        ),
        (
            (CLOSING, "opinions_due</bpmn:timeDate>", "today()</bpmn:timeDate>"),
            ("Time limit *last day passed* of *Give an opinion on closing* comes **on today** "
            "instead of **on opinions_due**."),
        ),
        (
            (CLOSING, 'sourceRef="ask_evidence" targetRef="reassess_risk"',
             'sourceRef="ask_evidence" targetRef="prepare_closing_dossier"'),
            ("The way from *Which evidence supports closing?* to *Look at the risk again* (*the "
            "risk*) now leads to *Prepare the closing dossier* instead of *Look at the "
            "risk again*."),
        ),
        (
            (CLOSING, 'default="ask_evidence_to_reassess_risk"',
             'default="ask_evidence_to_record_effect_evaluation"'),
            ("Where no condition of choice *Which evidence supports closing?* applies, it goes on "
            "to *Record the evaluation of the effect* instead of *Look at the risk again*."),
        ),
        (
            (CASE, '<bpmn:message id="message_consent_withdrawn" name="consent_withdrawn"',
             '<bpmn:message id="message_consent_withdrawn" name="consent_gone"'),
            "The message *consent_withdrawn* is now called *consent_gone*.",
        ),
        (
            (CLOSING, '<bpmn:lane id="lane_partner" name="Partners">',
             '<bpmn:lane id="lane_partner" name="Agencies">'),
            "The lane *Partners* is now called *Agencies*.",
        ),
        (
            (CLOSING, '<bpmn:serviceTask id="count_opinions"',
             '<bpmn:serviceTask id="count_opinions" completionQuantity="2"'),
            ("Step of the system *Count the opinions* differs in **completionQuantity**: **2** "
            "instead of nothing."),
        ),
        (
            (FORM, '"label": "What do you decide?"', '"label": "Your decision"'),
            ("Question *Your decision* of the form *Decision on closing* was worded **What do you "
            "decide?**."),
        ),
        (
            (FORM, '"type": "radio"', '"type": "select"'),
            ("Question *What do you decide?* of the form *Decision on closing* is now asked as a "
            "**select** instead of a **radio**."),
        ),
        (
            (FORM, '"class": "process"', '"class": "sensitive"'),
            ("The answer to question *What do you decide?* of the form *Decision on closing* goes "
            "to **the case file, as sensitive** instead of **the process, which sees it**."),
        ),
        (
            (TABLE, 'hitPolicy="UNIQUE"', 'hitPolicy="FIRST"'),
            "In the table *Set the deadlines*, rows count as **FIRST** instead of **UNIQUE**.",
        ),
        (
            (TABLE, ">profile.declaration_deadline_urgent<", '>"P2D"<'),
            ("In row 1 of the table *Set the deadlines*, *To say what can be shared* is **2 days** "
            "instead of **profile.declaration_deadline_urgent**."),
        ),
        (
            ("profile.toml", '[values.opinion_deadline]\nvalue = "P14D"',
             '[values.opinion_deadline]\nvalue = "P7D"'),
            "The profile's value *opinion_deadline* is **7 days** instead of **14 days**.",
        ),
        (
            ("profile.toml", '"Partner"\nscope = "case"', '"Partner"\nscope = "desk"'),
            ("In the roles of the profile, *partner* has the **scope** **desk** instead of "
            "**case**."),
        ),
        (
            ("rules.toml", 'role = "accountable_person", operator', "operator"),
                ("In the safety rule *L1*, **needs** is **(milestone closure_decided, operator "
                "closing/record_decision when closure_agreed is true)** instead of **(milestone "
                "closure_decided, role accountable_person, operator closing/record_decision when "
                "closure_agreed is true)**."),
        ),
    ],
)  # fmt: skip
def test_change_is_told_in_words(edit: tuple[str, str, str], told: str) -> None:
    assert told in sentences(edit)


def test_report_of_one_edit_says_nothing_else() -> None:
    assert len(changes((CLOSING, "closing/prepare_dossier", "closing/other"))) == 1
    assert len(changes((FORM, '"type": "radio"', '"type": "select"'))) == 1


@pytest.mark.parametrize(
    ("edit", "weight"),
    [
        ((CLOSING, 'name="Decide on closing"', 'name="Agree"'), "wording"),
        ((CLOSING, 'name="guidance" value="', 'name="guidance" value="Please: '), "wording"),
        ((CLOSING, "<dc:Bounds x=", '<dc:Bounds x="7" oldx='), "layout"),
        ((CLOSING, "<di:waypoint x=", '<di:waypoint x="7" oldx='), "layout"),
        ((FORM, '"label": "', '"label": "Really: '), "wording"),
        ((TABLE, "<description>", "<description>New: "), "wording"),
        (("profile.toml", 'explain = "', 'explain = "In short: '), "wording"),
        ((CASE, "closure_agreed = true", "closure_agreed=true"), "wording"),
        ((CASE, "closure_agreed = true", "true"), "meaning"),
        (("profile.toml", 'time_zone = "Europe/', 'time_zone = "Africa/'), "meaning"),
    ],
)  # fmt: skip
def test_change_has_its_weight(edit: tuple[str, str, str], weight: str) -> None:
    if "Africa" in edit[2]:
        edit = (edit[0], "Europe/Amsterdam", "Africa/Tunis")
    found = changes(edit)
    assert found
    assert {change.weight for change in found} == {weight}


def test_steps_that_came_and_went_are_told_with_who_does_them() -> None:
    edit = (CLOSING, 'id="decide_closure" name="Decide on closing"', 'id="x" name="Decide"')
    told = sentences(edit)
    assert "Step *Decide on closing* is gone, for **Accountable person**." in told
    assert "Step *Decide* is new." in told


def test_files_that_came_and_went_are_told() -> None:
    files = {path: content for path, content in FILES.items() if path not in (FORM, TABLE)}
    files["forms/new.form"] = FILES[FORM]
    found = [marked(change.sentence) for change in compare(shipped(), Side("new", files))]
    assert found == [
        "The table *Set the deadlines* is gone.",
        "The form *Decision on closing* is gone.",
        "The form *Decision on closing* is new.",
    ]


def test_rule_that_is_gone_or_asks_less_is_told() -> None:
    rules = FILES["rules.toml"].decode().split("[[rule]]")
    kept = "[[rule]]".join(one for one in rules if 'id = "L2"' not in one)
    files = {**FILES, "rules.toml": kept.encode()}
    told = [marked(change.sentence) for change in compare(shipped(), Side("new", files))]
    assert [one.split(":")[0] for one in told] == ["The safety rule *L2* is gone"]


def test_own_role_of_a_step_is_told_even_where_its_lane_decides() -> None:
    own = '<spiffworkflow:property name="candidateRole" value="{}" /><spiffworkflow:property '
    place = 'name="formRef" value="decide_closure"'
    text = FILES[CLOSING].decode()
    head, _, tail = text.partition(f"<spiffworkflow:property {place}")
    sides = [
        Side(role, {**FILES, CLOSING: f"{head}{own.format(role)}{place}{tail}".encode()})
        for role in ("chair", "partner")
    ]
    found = [marked(change.sentence) for change in compare(*sides)]
    assert found == [
        (
            "Step *Decide on closing* names **Partner** as its role instead of **Chair of the "
            "multi-agency table**."
        )
    ]
    outside = [
        Side(
            side.title,
            {CLOSING: side.files[CLOSING].replace(b">decide_closure</bpmn:flow", b"></bpmn:flow")},
        )
        for side in sides
    ]
    assert [marked(change.sentence) for change in compare(*outside)] == [
        "Step *Decide on closing* moves from **Chair** to **Partner**."
    ]


def test_order_in_which_ways_are_tried_is_told() -> None:
    text = FILES[INTAKE].decode()
    flows = _conditional(text)
    assert flows is not None
    first, second = flows
    swapped = text.replace(first, "@@").replace(second, first).replace("@@", second)
    found = compare(shipped(), Side("new", {**FILES, INTAKE: swapped.encode()}))
    assert [change.attribute for change in found] == ["order"]
    assert found[0].weight == "meaning"


def _conditional(text: str) -> tuple[str, str] | None:
    """Return two flows with conditions that leave the same choice."""
    import re

    flows = re.findall(r"<bpmn:sequenceFlow [^>]*[^/]>.*?</bpmn:sequenceFlow>", text, re.DOTALL)
    by_source: dict[str, list[str]] = {}
    for flow in flows:
        source = re.search(r'sourceRef="(\w+)"', flow)
        if source is not None:
            by_source.setdefault(source[1], []).append(flow)
    pairs = [found for found in by_source.values() if len(found) > 1]
    return (pairs[0][0], pairs[0][1]) if pairs else None


def test_each_attribute_of_the_model_has_its_words() -> None:
    assert ATTRIBUTES.keys() | DERIVED.keys() == {one.name for one in fields(Element)}
    assert not ATTRIBUTES.keys() & (DERIVED.keys() - {"lane"})
    assert REPETITION.keys() == {one.name for one in fields(MultiInstance)}


def test_long_texts_are_shown_around_their_difference() -> None:
    found = changes((CASE, "</bpmn:documentation>", " At the end.</bpmn:documentation>"))
    sentence = marked(found[0].sentence)
    assert "At the end." in sentence
    assert len(sentence) < 500
    assert found[0].after.endswith("At the end.")


def test_change_names_its_element() -> None:
    (found,) = changes((CLOSING, "closing/prepare_dossier", "closing/other"))
    assert isinstance(found, Change)
    assert (found.element, found.name) == ("prepare_closing_dossier", "Prepare the closing dossier")
    assert (found.before, found.after) == ("closing/prepare_dossier", "closing/other")
