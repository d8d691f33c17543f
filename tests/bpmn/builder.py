"""Writes small diagrams as text and runs them with save and restore between all steps."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

from engine.bpmn import Instance, Program, Scope, Step, UserTask

ZONE = ZoneInfo("Europe/Amsterdam")
START = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
NAMESPACES = (
    'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:spiffworkflow="http://spiffworkflow.org/bpmn/schema/1.0/core" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


def node(kind: str, id_: str, *content: str, **attributes: str | None) -> str:
    written = "".join(
        f" {name}={quoteattr(value)}" for name, value in attributes.items() if value is not None
    )
    return f"<bpmn:{kind} id={quoteattr(id_)}{written}>{''.join(content)}</bpmn:{kind}>"


def extension(*content: str) -> str:
    return f"<bpmn:extensionElements>{''.join(content)}</bpmn:extensionElements>"


def start(id_: str = "begin", *content: str) -> str:
    return node("startEvent", id_, *content)


def end(id_: str = "finish", *content: str) -> str:
    return node("endEvent", id_, *content)


def user(id_: str, *content: str) -> str:
    return node("userTask", id_, *content)


def script(id_: str, source: str) -> str:
    return node("scriptTask", id_, f"<bpmn:script>{escape(source)}</bpmn:script>")


def service(id_: str, operator: str, *content: str, **parameters: str) -> str:
    written = "".join(
        f'<spiffworkflow:parameter id="{name}" type="any" value={quoteattr(value)}/>'
        for name, value in parameters.items()
    )
    return node(
        "serviceTask",
        id_,
        extension(
            f'<spiffworkflow:serviceTaskOperator id="{operator}"><spiffworkflow:parameters>'
            f"{written}</spiffworkflow:parameters></spiffworkflow:serviceTaskOperator>"
        ),
        *content,
    )


def rule(id_: str, decision: str) -> str:
    return node(
        "businessRuleTask",
        id_,
        extension(f"<spiffworkflow:calledDecisionId>{decision}</spiffworkflow:calledDecisionId>"),
    )


def xor(id_: str, default: str | None = None) -> str:
    return node("exclusiveGateway", id_, default=default and f"flow_{id_}_{default}")


def either(id_: str, default: str | None = None) -> str:
    return node("inclusiveGateway", id_, default=default and f"flow_{id_}_{default}")


def both(id_: str) -> str:
    return node("parallelGateway", id_)


def events(id_: str) -> str:
    return node("eventBasedGateway", id_)


def call(id_: str, process: str, *content: str) -> str:
    return node("callActivity", id_, *content, calledElement=process)


def sub(id_: str, *content: str) -> str:
    return node("subProcess", id_, *content)


def catch(id_: str, definition: str) -> str:
    return node("intermediateCatchEvent", id_, definition)


def throw(id_: str, *definition: str) -> str:
    return node("intermediateThrowEvent", id_, *definition)


def boundary(id_: str, host: str, definition: str, *, interrupts: bool = True) -> str:
    return node(
        "boundaryEvent",
        id_,
        definition,
        attachedToRef=host,
        cancelActivity="true" if interrupts else "false",
    )


def message(name: str) -> str:
    return f'<bpmn:messageEventDefinition messageRef="message_{name}"/>'


def signal(name: str) -> str:
    return f'<bpmn:signalEventDefinition signalRef="signal_{name}"/>'


def error(code: str | None = None) -> str:
    reference = f' errorRef="error_{code}"' if code else ""
    return f"<bpmn:errorEventDefinition{reference}/>"


def escalation(code: str) -> str:
    return f'<bpmn:escalationEventDefinition escalationRef="escalation_{code}"/>'


def after(text: str) -> str:
    return _timer("timeDuration", text)


def at(text: str) -> str:
    return _timer("timeDate", text)


def _timer(kind: str, text: str) -> str:
    body = f'<bpmn:{kind} xsi:type="bpmn:tFormalExpression">{escape(text)}</bpmn:{kind}>'
    return f"<bpmn:timerEventDefinition>{body}</bpmn:timerEventDefinition>"


TERMINATE = "<bpmn:terminateEventDefinition/>"


def flow(source: str, target: str, condition: str | None = None) -> str:
    body = ""
    if condition is not None:
        body = (
            '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">'
            f"{escape(condition)}</bpmn:conditionExpression>"
        )
    return (
        f'<bpmn:sequenceFlow id="flow_{source}_{target}" sourceRef="{source}" '
        f'targetRef="{target}">{body}</bpmn:sequenceFlow>'
    )


def chain(*ids: str) -> str:
    return "".join(flow(source, target) for source, target in pairwise(ids))


def each(
    collection: str,
    item: str,
    results: str | None = None,
    result: str | None = None,
    *,
    sequential: bool = False,
    until: str | None = None,
) -> str:
    parts = [f"<bpmn:loopDataInputRef>{collection}</bpmn:loopDataInputRef>"]
    if results:
        parts.append(f"<bpmn:loopDataOutputRef>{results}</bpmn:loopDataOutputRef>")
    parts.append(f'<bpmn:inputDataItem id="{item}" name="{item}"/>')
    if result:
        parts.append(f'<bpmn:outputDataItem id="{result}" name="{result}"/>')
    if until:
        parts.append(f"<bpmn:completionCondition>{escape(until)}</bpmn:completionCondition>")
    order = "true" if sequential else "false"
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{order}">'
        f"{''.join(parts)}</bpmn:multiInstanceLoopCharacteristics>"
    )


def process(id_: str, *content: str) -> str:
    return f'<bpmn:process id="{id_}" isExecutable="true">{"".join(content)}</bpmn:process>'


def diagram(
    *processes: str,
    messages: tuple[str, ...] = (),
    signals: tuple[str, ...] = (),
    errors: tuple[str, ...] = (),
    escalations: tuple[str, ...] = (),
) -> bytes:
    declared = [f'<bpmn:message id="message_{name}" name="{name}"/>' for name in messages]
    declared += [f'<bpmn:signal id="signal_{name}" name="{name}"/>' for name in signals]
    declared += [
        f'<bpmn:error id="error_{code}" name="{code}" errorCode="{code}"/>' for code in errors
    ]
    declared += [
        f'<bpmn:escalation id="escalation_{code}" name="{code}" escalationCode="{code}"/>'
        for code in escalations
    ]
    return (
        f'<bpmn:definitions {NAMESPACES} id="definitions" targetNamespace="test">'
        f"{''.join(declared)}{''.join(processes)}</bpmn:definitions>"
    ).encode()


@dataclass
class Recorder:
    """A port whose operators are plain functions."""

    operators: dict[str, Callable[..., dict[str, Any]]] = field(default_factory=dict)
    deferred: frozenset[str] = frozenset()
    decisions: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = field(
        default_factory=dict
    )
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def call_operator(self, operator: str, inputs: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((operator, inputs))
        return self.operators[operator](**inputs)

    def is_deferred(self, operator: str) -> bool:
        return operator in self.deferred

    def decide(self, decision_id: str, context: Mapping[str, Any]) -> dict[str, Any]:
        return self.decisions[decision_id](context)


class Run:
    """Runs one instance; between all steps it is stored, thrown away and loaded."""

    def __init__(
        self,
        content: bytes,
        process_id: str = "main",
        *,
        message: str | None = None,
        port: Recorder | None = None,
        names: Mapping[str, Any] | None = None,
        **data: Any,
    ) -> None:
        self.program = Program.compile({"main.bpmn": content}, process_id, key="test")
        self.port = port or Recorder()
        self.names = dict(names or {})
        self.now = START
        self.history: list[Step] = []
        self.flows: list[str] = []
        self.sizes: list[int] = []
        self.blob = b""
        self._turn(Instance.start(self.program, self.port, self.scope, message=message, data=data))

    @property
    def scope(self) -> Scope:
        return Scope(self.now, ZONE, self.names)

    def load(self) -> Instance:
        return Instance.load(self.program, self.blob, self.port, self.scope)

    def _turn(self, instance: Instance) -> None:
        instance.advance()
        self.history += instance.steps()
        self.flows += [flow.flow_id for flow in instance.flows()]
        self.blob = instance.dump()
        self.sizes.append(len(self.blob))

    def task(self, element: str, item: str | None = None) -> UserTask:
        return next(
            task
            for task in self.load().user_tasks()
            if task.element_id == element and item in (None, task.item)
        )

    def complete(self, element: str, item: str | None = None, /, **data: Any) -> "Run":
        token = self.task(element, item).token
        instance = self.load()
        instance.complete(token, data)
        self._turn(instance)
        return self

    def deliver(self, name: str, /, **payload: Any) -> bool:
        instance = self.load()
        caught = instance.deliver(name, payload)
        self._turn(instance)
        return caught

    def confirm(self, element: str, /, **outputs: Any) -> "Run":
        instance = self.load()
        token = next(e.token for e in instance.effects() if e.element_id == element)
        instance.confirm(token, outputs)
        self._turn(instance)
        return self

    def fail(self, element: str, code: str) -> "Run":
        instance = self.load()
        token = next(e.token for e in instance.effects() if e.element_id == element)
        instance.fail(token, code)
        self._turn(instance)
        return self

    def amend(self, **data: Any) -> "Run":
        instance = self.load()
        instance.amend(data)
        self._turn(instance)
        return self

    def wait(self, delta: timedelta = timedelta()) -> "Run":
        self.now += delta
        self._turn(self.load())
        return self

    @property
    def owed(self) -> list[str]:
        return sorted(
            task.element_id + (f"[{task.item}]" if task.item else "")
            for task in self.load().user_tasks()
        )

    @property
    def completed(self) -> bool:
        return self.load().completed

    @property
    def variables(self) -> dict[str, Any]:
        return self.load().variables()

    def done(self, state: str = "completed") -> list[str]:
        return [step.element_id for step in self.history if step.state == state]
