"""A model of forty nodes: five phases as call activities, and a loop of one step in the third."""

import itertools
from dataclasses import dataclass

NAMESPACE = 'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
PHASES = ("first", "second", "third", "fourth", "fifth")
LOOPED = "third"
STEPS = 5
"""User tasks of each phase that has no loop."""


def files() -> dict[str, str]:
    """Return the diagrams by file name; the process to start is called `main`."""
    drawn = _Drawing(leave="leave")
    return {f"{name}.bpmn": _file(name, process) for name, process in drawn.processes().items()}


def one_file(leave: str) -> str:
    """Return the same in one file, where ids are told apart and only `main` begins by itself.

    `leave` is the condition under which the loop ends, in the words of whoever reads it.
    """
    drawn = _Drawing(leave=leave, together=True).processes()
    return _file("all", "".join(drawn.values()))


def _file(name: str, content: str) -> str:
    return (
        f'<bpmn:definitions {NAMESPACE} {XSI} id="of_{name}" targetNamespace="bench">{content}'
        "</bpmn:definitions>"
    )


@dataclass(frozen=True)
class _Drawing:
    """How the model is written down."""

    leave: str
    together: bool = False

    def processes(self) -> dict[str, str]:
        """Return each process by its name."""
        calls = [f'<bpmn:callActivity id="call_{p}" calledElement="{p}"/>' for p in PHASES]
        main = self._process("main", ["begin", *(f"call_{p}" for p in PHASES), "finish"], calls)
        straight = {phase: self._straight(phase) for phase in PHASES if phase != LOOPED}
        return {"main": main, LOOPED: self._loop(), **straight}

    def _straight(self, phase: str) -> str:
        names = [f"{phase}_{number}" for number in range(STEPS)]
        steps = [f'<bpmn:userTask id="{name}" name="{name}"/>' for name in names]
        return self._process(phase, ["begin", *names, "finish"], steps)

    def _loop(self) -> str:
        nodes = [
            '<bpmn:exclusiveGateway id="again"/>',
            '<bpmn:userTask id="record" name="record"/>',
            '<bpmn:exclusiveGateway id="which_way" default="flow_which_way_again"/>',
            _flow("which_way", "again"),
            (
                '<bpmn:sequenceFlow id="flow_out" sourceRef="which_way" targetRef="'
                f'{self._id(LOOPED, "finish")}"><bpmn:conditionExpression '
                f'xsi:type="bpmn:tFormalExpression">{self.leave}</bpmn:conditionExpression>'
                "</bpmn:sequenceFlow>"
            ),
        ]
        return self._process(LOOPED, ["begin", "again", "record", "which_way"], nodes)

    def _process(self, name: str, order: list[str], nodes: list[str]) -> str:
        begin, finish = self._id(name, "begin"), self._id(name, "finish")
        ids = [{"begin": begin, "finish": finish}.get(one, one) for one in order]
        flows = [_flow(one, other) for one, other in itertools.pairwise(ids)]
        runs = "true" if name == "main" or not self.together else "false"
        return (
            f'<bpmn:process id="{name}" isExecutable="{runs}"><bpmn:startEvent id="{begin}"/>'
            f'<bpmn:endEvent id="{finish}"/>{"".join([*nodes, *flows])}</bpmn:process>'
        )

    def _id(self, process: str, element: str) -> str:
        return f"{process}_{element}" if self.together else element


def _flow(one: str, other: str) -> str:
    return f'<bpmn:sequenceFlow id="flow_{one}_{other}" sourceRef="{one}" targetRef="{other}"/>'
