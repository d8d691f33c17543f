"""Reading a BPMN file into a Drawing."""

import pytest

from engine.drawing import Drawing, outline, parse_drawing, role_of, user_tasks
from engine.errors import InputError, XmlError

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
  xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
  xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:di="http://www.omg.org/spec/DD/20100524/DI"
  xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" xmlns:camunda="urn:c"
  exporter="Test" exporterVersion="1">
"""

MODEL = """
<bpmn:message id="m1" name="consent_withdrawn">
  <bpmn:extensionElements>
    <spiffworkflow:messageVariable>news</spiffworkflow:messageVariable>
  </bpmn:extensionElements>
</bpmn:message>
<bpmn:process id="intake" name="Intake" isExecutable="true">
  <bpmn:laneSet id="lanes">
    <bpmn:lane id="office" name="Office">
      <bpmn:extensionElements><spiffworkflow:properties>
        <spiffworkflow:property name="candidateRole" value="coordinator"/>
      </spiffworkflow:properties></bpmn:extensionElements>
      <bpmn:flowNodeRef>begin</bpmn:flowNodeRef>
      <bpmn:flowNodeRef>check_source</bpmn:flowNodeRef>
      <bpmn:flowNodeRef>inner</bpmn:flowNodeRef>
      <bpmn:childLaneSet id="children">
        <bpmn:lane id="desk" name="Desk">
          <bpmn:flowNodeRef>check_source</bpmn:flowNodeRef>
        </bpmn:lane>
      </bpmn:childLaneSet>
    </bpmn:lane>
  </bpmn:laneSet>
  <bpmn:startEvent id="begin"><bpmn:outgoing>f1</bpmn:outgoing></bpmn:startEvent>
  <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="check_source"/>
  <bpmn:userTask id="check_source" name="Check the&#10;source" camunda:formKey="old">
    <bpmn:documentation>Who tells us?</bpmn:documentation>
    <bpmn:extensionElements><spiffworkflow:properties>
      <spiffworkflow:property name="formRef" value="check_source"/>
      <spiffworkflow:property name="candidateRole" value="ignored_inside_a_lane"/>
    </spiffworkflow:properties></bpmn:extensionElements>
  </bpmn:userTask>
  <bpmn:boundaryEvent id="withdrawn" name="Consent withdrawn" attachedToRef="check_source"
      cancelActivity="false">
    <bpmn:messageEventDefinition messageRef="m1"/>
  </bpmn:boundaryEvent>
  <bpmn:sequenceFlow id="f9" sourceRef="withdrawn" targetRef="over"/>
  <bpmn:sequenceFlow id="f2" sourceRef="check_source" targetRef="route"/>
  <bpmn:exclusiveGateway id="route" default="f3"/>
  <bpmn:sequenceFlow id="f3" sourceRef="route" targetRef="inner"/>
  <bpmn:sequenceFlow id="f4" name="unfounded" sourceRef="route" targetRef="over">
    <bpmn:conditionExpression>route = "unfounded"</bpmn:conditionExpression>
  </bpmn:sequenceFlow>
  <bpmn:subProcess id="inner" name="Ask partners">
    <bpmn:startEvent id="inner_begin"/>
    <bpmn:sequenceFlow id="g1" sourceRef="inner_begin" targetRef="ask"/>
    <bpmn:userTask id="ask" name="Ask">
      <bpmn:multiInstanceLoopCharacteristics>
        <bpmn:loopDataInputRef>partners</bpmn:loopDataInputRef>
        <bpmn:loopDataOutputRef>ops</bpmn:loopDataOutputRef>
        <bpmn:inputDataItem id="partner"/><bpmn:outputDataItem id="op"/>
      </bpmn:multiInstanceLoopCharacteristics>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="g2" sourceRef="ask" targetRef="special"/>
    <bpmn:userTask id="special">
      <bpmn:extensionElements><spiffworkflow:properties>
        <spiffworkflow:property name="candidateRole" value="accountable"/>
      </spiffworkflow:properties></bpmn:extensionElements>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="g3" sourceRef="special" targetRef="inner_over"/>
    <bpmn:endEvent id="inner_over"/>
  </bpmn:subProcess>
  <bpmn:sequenceFlow id="f5" sourceRef="inner" targetRef="open_file"/>
  <bpmn:serviceTask id="open_file" name="Open file">
    <bpmn:extensionElements>
      <spiffworkflow:serviceTaskOperator id="case/open_file">
        <spiffworkflow:parameters>
          <spiffworkflow:parameter id="case_type" type="str" value="kind"/>
        </spiffworkflow:parameters>
      </spiffworkflow:serviceTaskOperator>
    </bpmn:extensionElements>
  </bpmn:serviceTask>
  <bpmn:sequenceFlow id="f6" sourceRef="open_file" targetRef="wait"/>
  <bpmn:intermediateCatchEvent id="wait">
    <bpmn:timerEventDefinition>
      <bpmn:timeDuration>P3M</bpmn:timeDuration>
    </bpmn:timerEventDefinition>
  </bpmn:intermediateCatchEvent>
  <bpmn:sequenceFlow id="f7" sourceRef="wait" targetRef="over"/>
  <bpmn:endEvent id="over" name="Over"/>
</bpmn:process>
<bpmndi:BPMNDiagram id="d"><bpmndi:BPMNPlane id="p" bpmnElement="intake">
  <bpmndi:BPMNShape id="s1" bpmnElement="begin">
    <dc:Bounds x="1" y="2" width="36" height="36"/>
    <bpmndi:BPMNLabel><dc:Bounds x="1" y="40" width="30" height="14"/></bpmndi:BPMNLabel>
  </bpmndi:BPMNShape>
  <bpmndi:BPMNShape id="s2" bpmnElement="over">
    <dc:Bounds x="NaN" y="2" width="36" height="36"/>
  </bpmndi:BPMNShape>
  <bpmndi:BPMNEdge id="e1" bpmnElement="f1">
    <di:waypoint x="37" y="20"/><di:waypoint x="80" y="20"/>
  </bpmndi:BPMNEdge>
</bpmndi:BPMNPlane></bpmndi:BPMNDiagram>
"""


@pytest.fixture(scope="module", name="drawing")
def _drawing() -> Drawing:
    return parse_drawing(f"{HEAD}{MODEL}</bpmn:definitions>".encode(), file="intake.bpmn")


def test_reader_keeps_settings_of_each_kind(drawing: Drawing) -> None:
    process = drawing.processes[0]
    check = process.by_id["check_source"]
    assert (process.id, process.name, process.executable) == ("intake", "Intake", True)
    assert check.name == "Check the source"
    assert check.properties["formRef"] == "check_source"
    assert check.documentation == "Who tells us?"
    assert check.foreign == {"camunda:formKey": "old"}
    assert (check.incoming, check.outgoing) == (("f1",), ("f2",))
    assert process.by_id["route"].default_flow == "f3"
    assert process.flow_by_id["f4"].condition == 'route = "unfounded"'
    operator = process.by_id["open_file"]
    assert operator.operator == "case/open_file"
    assert [(p.name, p.type, p.value) for p in operator.parameters] == [
        ("case_type", "str", "kind")
    ]
    assert drawing.exporter == "Test 1"


def test_reader_understands_events(drawing: Drawing) -> None:
    process = drawing.processes[0]
    withdrawn = process.by_id["withdrawn"]
    assert withdrawn.event is not None
    assert (withdrawn.event.kind, withdrawn.event.name) == ("message", "consent_withdrawn")
    assert (withdrawn.attached_to, withdrawn.interrupting) == ("check_source", False)
    assert drawing.messages[0].variable == "news"
    timer = process.by_id["wait"].event
    assert timer is not None
    assert (timer.kind, timer.rule_kind, timer.rule) == ("timer", "timeDuration", "P3M")
    many = process.by_id["ask"].multi_instance
    assert many is not None
    assert (many.collection, many.item, many.output, many.output_item) == (
        "partners",
        "partner",
        "ops",
        "op",
    )


def test_reader_gives_roles_from_lanes(drawing: Drawing) -> None:
    roles = {task.id: role_of(task) for task in user_tasks(drawing)}
    assert roles == {"check_source": "coordinator", "ask": "coordinator", "special": "accountable"}
    by_id = drawing.processes[0].by_id
    assert by_id["check_source"].lane == "desk"
    assert by_id["ask"].lane == "office"


def test_reader_reads_layout_and_drops_broken_numbers(drawing: Drawing) -> None:
    assert drawing.shape_by_id["begin"].box.right == 37
    assert drawing.shape_by_id["begin"].label is not None
    assert "over" not in drawing.shape_by_id
    assert drawing.edge_by_id["f1"].points == ((37, 20), (80, 20))


def test_outline_tells_steps_in_reading_order(drawing: Drawing) -> None:
    steps = outline(drawing.processes[0])
    assert [step.element for step in steps] == [
        "begin",
        "check_source",
        "route",
        "inner",
        "open_file",
        "wait",
        "over",
    ]
    told = {step.element: step for step in steps}
    assert told["check_source"].text == ("Check the source, for Desk, then exclusive gateway route")
    assert told["check_source"].children[0].text == (
        "At any time: Consent withdrawn, the step goes on, then Over"
    )
    assert [child.text for child in told["route"].children] == [
        "Otherwise: Ask partners",
        "If unfounded: Over",
    ]
    assert [child.element for child in told["inner"].children] == [
        "inner_begin",
        "ask",
        "special",
        "inner_over",
    ]


def test_outline_survives_a_sub_process_inside_its_own_namesake() -> None:
    inner = '<bpmn:subProcess id="a"><bpmn:subProcess id="a"/></bpmn:subProcess>'
    content = f'{HEAD}<bpmn:process id="p">{inner}</bpmn:process></bpmn:definitions>'
    drawing = parse_drawing(content.encode(), file="f")
    assert outline(drawing.processes[0])


def test_reader_follows_prefixed_references() -> None:
    content = f"""{HEAD.replace("xmlns:camunda", 'xmlns:tns="urn:x" xmlns:camunda')}
    <bpmn:process id="p"><bpmn:startEvent id="a"/><bpmn:endEvent id="b"/>
    <bpmn:sequenceFlow id="f" sourceRef="tns:a" targetRef="tns:b"/></bpmn:process>
    </bpmn:definitions>"""
    flow = parse_drawing(content.encode(), file="f").flows[0]
    assert (flow.source, flow.target) == ("a", "b")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", XmlError),
        (b"<a", XmlError),
        (b"<!DOCTYPE a><a/>", XmlError),
        (b'<a xmlns:y="r"><x:b/><y:c xmlns:y="Serious?"/></a>', XmlError),
        (b"<a/>", InputError),
        (b'<definitions xmlns="http://schema.omg.org/spec/BPMN/1.0"/>', InputError),
    ],
)
def test_reader_refuses_what_is_not_bpmn(content: bytes, kind: type[InputError]) -> None:
    with pytest.raises(kind, match=r"odd\.bpmn"):
        parse_drawing(content, file="odd.bpmn")
