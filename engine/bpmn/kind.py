"""Says in words what kind of step an element is: a running step moves to the same kind only."""

from typing import Any, Final

from SpiffWorkflow.bpmn.specs.event_definitions import (
    ErrorEventDefinition,
    EscalationEventDefinition,
    MessageEventDefinition,
    SignalEventDefinition,
)
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition

from engine.bpmn.step import activity, event, gateway, repetition

PLAIN: Final[dict[type, str]] = {
    activity.UserTask: "user task",
    activity.ManualTask: "manual task",
    activity.ScriptTask: "script task",
    activity.BusinessRuleTask: "business rule task",
    activity.SubProcess: "sub-process",
    gateway.ExclusiveGateway: "exclusive gateway",
    gateway.ParallelGateway: "parallel gateway",
    gateway.InclusiveGateway: "inclusive gateway",
    gateway.EventBasedGateway: "event gateway",
    event.StartEvent: "start event",
    event.EndEvent: "end event",
    event.IntermediateThrowEvent: "throwing event",
}
_REPEATED: Final[dict[type, str]] = {
    repetition.ParallelMultiInstance: "once for each entry of",
    repetition.SequentialMultiInstance: "one after the other for each entry of",
}


def kind_of(spec: Any) -> str:
    """Return the kind of a step: what has to be the same for a step that is under way."""
    if spec.repeats:
        inner = kind_of(spec._wf_spec.task_specs[spec.task_spec])  # noqa: SLF001
        return f"{inner} {_repetition(spec)}"
    if isinstance(spec, activity.CallActivity):
        return f"call of {spec.spec}"
    if isinstance(spec, activity.ServiceTask):
        return f"service task {spec.operation_name}"
    if isinstance(spec, event.BoundaryEvent):
        return f"border event for {heard(spec.event_definition)}"
    if isinstance(spec, event.IntermediateCatchEvent):
        return f"wait for {heard(spec.event_definition)}"
    return PLAIN.get(type(spec), type(spec).__name__)


def _repetition(spec: Any) -> str:
    if type(spec) not in _REPEATED:
        return "again and again"
    names = [None if one is None else one.bpmn_id for one in (spec.input_item, spec.output_item)]
    output = None if spec.data_output is None else spec.data_output.bpmn_id
    told = f"{_REPEATED[type(spec)]} {spec.data_input.bpmn_id}"
    given = ", ".join(str(one) for one in (*names, output) if one is not None)
    return f"{told} ({given})" if given else told


def heard(definition: Any) -> str:
    """Return what an event waits for."""
    match definition:
        case TimerEventDefinition():
            return "a timer"
        case MessageEventDefinition():
            return f"the message {definition.name}"
        case SignalEventDefinition():
            return f"the signal {definition.name}"
        case ErrorEventDefinition():
            return f"the error {definition.code}"
        case EscalationEventDefinition():
            return f"the escalation {definition.code}"
    return "what comes next"
