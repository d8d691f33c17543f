"""Diagrams that are too large for people are said to be so, and cost little."""

from engine.check import CheckContext, check_deployment

HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:di="http://www.omg.org/spec/BPMN/20100524/DI"'
    ' xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"><process id="p">'
)


def codes(body: str, layout: str = "") -> set[str]:
    content = f"{HEAD}{body}</process>{layout}</definitions>".encode()
    return {found.code for found in check_deployment({"p.bpmn": content}, CheckContext())}


def test_more_elements_than_can_be_executed_are_named() -> None:
    tasks = "".join(f'<userTask id="t{n}"/>' for n in range(301))
    assert {"too_many_elements", "no_form"} <= codes(tasks)


def test_more_elements_than_can_be_checked_are_only_named() -> None:
    tasks = "".join(f'<userTask id="t{n}"/>' for n in range(601))
    assert codes(tasks) == {"too_many_elements"}


def test_more_shapes_than_can_be_compared_are_named() -> None:
    shapes = "".join(
        f'<di:BPMNShape bpmnElement="t{n}"><dc:Bounds x="0" y="0" width="9" height="9"/>'
        "</di:BPMNShape>"
        for n in range(401)
    )
    layout = (
        f'<di:BPMNDiagram><di:BPMNPlane bpmnElement="p">{shapes}</di:BPMNPlane></di:BPMNDiagram>'
    )
    tasks = "".join(f'<userTask id="t{n}"/>' for n in range(401))
    assert "layout_not_checked" in codes(tasks, layout)
    assert "shapes_overlap" not in codes(tasks, layout)


def test_more_expressions_than_can_be_read_are_named() -> None:
    flows = "".join(
        f'<sequenceFlow id="f{n}" sourceRef="x" targetRef="x"><conditionExpression>'
        f"a = {'1' * 10} or {'b + ' * 200}{n} &gt; 0</conditionExpression></sequenceFlow>"
        for n in range(130)
    )
    assert "too_many_expressions" in codes(f'<exclusiveGateway id="x"/>{flows}')
