"""What a new diagram, table, form or scenario begins as: small, valid, ready to be changed."""

import re
from dataclasses import dataclass
from string import Template

from engine.errors import InputError
from engine.language.telling import told
from engine.workshop.place import DIAGRAM, FORM, SCENARIO, TABLE

NAME = re.compile(r"[a-z][a-z0-9_]{1,59}")


@dataclass(frozen=True)
class Made:
    """A new file."""

    path: str
    content: bytes


_DIAGRAM = """\
<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
    xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
    xmlns:di="http://www.omg.org/spec/DD/20100524/DI"
    id="definitions_${name}" targetNamespace="http://casetable/processes">
  <bpmn:process id="${name}" name="${title}" isExecutable="true">
    <bpmn:startEvent id="begin_${name}" name="Begin">
      <bpmn:outgoing>flow_${name}</bpmn:outgoing>
    </bpmn:startEvent>
    <bpmn:endEvent id="end_${name}" name="Done">
      <bpmn:incoming>flow_${name}</bpmn:incoming>
    </bpmn:endEvent>
    <bpmn:sequenceFlow id="flow_${name}" sourceRef="begin_${name}" targetRef="end_${name}" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram_${name}">
    <bpmndi:BPMNPlane id="plane_${name}" bpmnElement="${name}">
      <bpmndi:BPMNShape id="shape_begin_${name}" bpmnElement="begin_${name}">
        <dc:Bounds x="160" y="100" width="36" height="36" />
        <bpmndi:BPMNLabel><dc:Bounds x="158" y="142" width="40" height="14" /></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="shape_end_${name}" bpmnElement="end_${name}">
        <dc:Bounds x="420" y="100" width="36" height="36" />
        <bpmndi:BPMNLabel><dc:Bounds x="418" y="142" width="40" height="14" /></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="edge_${name}" bpmnElement="flow_${name}">
        <di:waypoint x="196" y="118" />
        <di:waypoint x="420" y="118" />
      </bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""
_TABLE = """\
<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/"
    xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/"
    xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/"
    id="definitions_${name}" name="${title}" namespace="http://casetable/processes">
  <decision id="${name}" name="${title}">
    <decisionTable id="table_${name}" hitPolicy="FIRST">
      <input id="input_${name}" label="Kind of case">
        <inputExpression id="expression_${name}" typeRef="string">
          <text>case_type</text>
        </inputExpression>
      </input>
      <output id="output_${name}" label="Result" name="result" typeRef="string" />
      <rule id="rule_${name}">
        <inputEntry id="cell_${name}"><text>-</text></inputEntry>
        <outputEntry id="answer_${name}"><text>"yes"</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
  <dmndi:DMNDI>
    <dmndi:DMNDiagram id="diagram_${name}">
      <dmndi:DMNShape id="shape_${name}" dmnElementRef="${name}">
        <dc:Bounds height="80" width="180" x="160" y="100" />
      </dmndi:DMNShape>
    </dmndi:DMNDiagram>
  </dmndi:DMNDI>
</definitions>
"""
_FORM = """\
{
  "id": "${name}",
  "title": "${title}",
  "type": "default",
  "schemaVersion": 19,
  "components": [
    {
      "type": "textarea",
      "id": "field_note",
      "key": "note",
      "label": "Note",
      "properties": { "class": "case" }
    }
  ]
}
"""
_SCENARIO = """\
title = "${title}"
use = ["signal_to_route"]
"""
_TEXTS = {
    DIAGRAM.code: (DIAGRAM, _DIAGRAM),
    TABLE.code: (TABLE, _TABLE),
    FORM.code: (FORM, _FORM),
    SCENARIO.code: (SCENARIO, _SCENARIO),
}
KINDS = tuple(_TEXTS)


def of(kind: str, name: str) -> Made:
    """Return a new file of a kind; raise InputError where the name cannot be an id."""
    if kind not in _TEXTS:
        raise InputError(told("Choose one of: %(items)s.", items=", ".join(KINDS)))
    if NAME.fullmatch(name) is None:
        raise InputError(
            told(
                "Name the file in small letters, digits and _, beginning with a letter, like "
                "inform_school."
            )
        )
    place, text = _TEXTS[kind]
    title = name.replace("_", " ").capitalize()
    return Made(place.place(name), Template(text).substitute(name=name, title=title).encode())
