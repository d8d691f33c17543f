"""A model of forty nodes: five phases as call activities, and a loop of one step in the third."""

import itertools

NAMESPACE = 'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
PHASES = ("first", "second", "third", "fourth", "fifth")
LOOPED = "third"
STEPS = 5
"""User tasks of each phase that has no loop."""


def files() -> dict[str, str]:
    """Return the diagrams by file name; the process to start is called `main`."""
    found = {f"{phase}.bpmn": _straight(phase) for phase in PHASES if phase != LOOPED}
    return {"main.bpmn": _main(), f"{LOOPED}.bpmn": _loop(), **found}


def _main() -> str:
    calls = [f'<bpmn:callActivity id="call_{p}" calledElement="{p}"/>' for p in PHASES]
    return _process("main", ["begin", *(f"call_{p}" for p in PHASES), "finish"], calls)


def _straight(phase: str) -> str:
    names = [f"{phase}_{number}" for number in range(STEPS)]
    steps = [f'<bpmn:userTask id="{name}" name="{name}"/>' for name in names]
    return _process(phase, ["begin", *names, "finish"], steps)


def _loop() -> str:
    nodes = [
        '<bpmn:exclusiveGateway id="again"/>',
        '<bpmn:userTask id="record" name="record"/>',
        '<bpmn:exclusiveGateway id="which_way" default="flow_which_way_again"/>',
        _flow("which_way", "again"),
        (
            '<bpmn:sequenceFlow id="flow_out" sourceRef="which_way" targetRef="finish">'
            '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">leave</bpmn:'
            "conditionExpression></bpmn:sequenceFlow>"
        ),
    ]
    return _process(LOOPED, ["begin", "again", "record", "which_way"], nodes)


def _process(name: str, order: list[str], nodes: list[str]) -> str:
    flows = [_flow(one, other) for one, other in itertools.pairwise(order)]
    return (
        f'<bpmn:definitions {NAMESPACE} {XSI} id="of_{name}" targetNamespace="bench">'
        f'<bpmn:process id="{name}" isExecutable="true"><bpmn:startEvent id="begin"/>'
        f'<bpmn:endEvent id="finish"/>{"".join([*nodes, *flows])}'
        "</bpmn:process></bpmn:definitions>"
    )


def _flow(one: str, other: str) -> str:
    return f'<bpmn:sequenceFlow id="flow_{one}_{other}" sourceRef="{one}" targetRef="{other}"/>'
