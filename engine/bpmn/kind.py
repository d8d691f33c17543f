"""Says in words what kind of step an element is: a running step moves to the same kind only."""

from typing import Any, Final
from weakref import WeakKeyDictionary

from SpiffWorkflow.bpmn.specs.event_definitions import (
    ErrorEventDefinition,
    EscalationEventDefinition,
    MessageEventDefinition,
    SignalEventDefinition,
)
from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition

from engine.bpmn.step import activity, event, gateway, repetition
from engine.drawing.vocabulary import EVENT_WORDS
from engine.language import mark
from engine.language.telling import Told, told

PLAIN: Final[dict[type, str]] = {
    activity.UserTask: mark("user task"),
    activity.ManualTask: mark("manual task"),
    activity.ScriptTask: mark("script task"),
    activity.BusinessRuleTask: mark("business rule task"),
    activity.SubProcess: mark("sub-process"),
    gateway.ExclusiveGateway: mark("exclusive gateway"),
    gateway.ParallelGateway: mark("parallel gateway"),
    gateway.InclusiveGateway: mark("inclusive gateway"),
    gateway.EventBasedGateway: mark("event gateway"),
    event.StartEvent: mark("start event"),
    event.EndEvent: mark("end event"),
    event.IntermediateThrowEvent: mark("throwing event"),
}
_REPEATED: Final[dict[type, str]] = {
    repetition.ParallelMultiInstance: mark("%(kind)s once for each entry of %(items)s"),
    repetition.SequentialMultiInstance: mark(
        "%(kind)s one after the other for each entry of %(items)s"
    ),
}


_known: WeakKeyDictionary[Any, str] = WeakKeyDictionary()
"""Of each step as it is drawn: ten thousand cases that are moved ask again and again."""


def kind_of(spec: Any) -> str:
    """Return the kind of a step: what has to be the same for a step that is under way."""
    kind = _known.get(spec)
    if kind is None:
        kind = _known[spec] = _kind(spec)
    return kind


def _kind(spec: Any) -> str:
    if spec.repeats:
        inner = kind_of(spec._wf_spec.task_specs[spec.task_spec])  # noqa: SLF001
        return _repetition(spec, inner)
    if isinstance(spec, activity.CallActivity):
        return told("call of %(process)s", process=spec.spec)
    if isinstance(spec, activity.ServiceTask):
        return told("service task %(operator)s", operator=spec.operation_name)
    if isinstance(spec, event.BoundaryEvent):
        return told("border event for %(event)s", event=heard(spec.event_definition))
    if isinstance(spec, event.IntermediateCatchEvent):
        return told("wait for %(event)s", event=heard(spec.event_definition))
    return told(PLAIN[type(spec)]) if type(spec) in PLAIN else type(spec).__name__


def _repetition(spec: Any, kind: str) -> str:
    if type(spec) not in _REPEATED:
        return told("%(kind)s again and again", kind=kind)
    names = [None if one is None else one.bpmn_id for one in (spec.input_item, spec.output_item)]
    output = None if spec.data_output is None else spec.data_output.bpmn_id
    repeated = told(_REPEATED[type(spec)], kind=kind, items=spec.data_input.bpmn_id)
    given = ", ".join(str(one) for one in (*names, output) if one is not None)
    return (
        Told("%(repeated)s (%(given)s)", {"repeated": repeated, "given": given})
        if given
        else repeated
    )


def _named(kind: str, name: str) -> str:
    return told("the %(kind)s %(name)s", kind=told(EVENT_WORDS[kind]), name=name)


def heard(definition: Any) -> str:
    """Return what an event waits for."""
    match definition:
        case TimerEventDefinition():
            return told("a timer")
        case MessageEventDefinition():
            return _named("message", definition.name)
        case SignalEventDefinition():
            return _named("signal", definition.name)
        case ErrorEventDefinition():
            return _named("error", definition.code)
        case EscalationEventDefinition():
            return _named("escalation", definition.code)
    return told("what comes next")
