"""Names the BPMN elements that are executed, and for every other one what to draw instead.

Plain data, free of the library, so that the check of diagrams reads the same table (engine.md).
"""

from typing import Final

from engine.language import mark

ELEMENTS: Final[dict[str, str | None]] = {
    "startEvent": None,
    "endEvent": None,
    "intermediateCatchEvent": None,
    "intermediateThrowEvent": None,
    "boundaryEvent": None,
    "userTask": None,
    "manualTask": None,
    "serviceTask": None,
    "businessRuleTask": None,
    "scriptTask": None,
    "callActivity": None,
    "subProcess": None,
    "exclusiveGateway": None,
    "parallelGateway": None,
    "inclusiveGateway": None,
    "eventBasedGateway": None,
    "task": mark("choose what it is: a user task for people, a service task for the system"),
    "sendTask": mark("use a service task with an operator that sends"),
    "receiveTask": mark("use a waiting event for the message"),
    "complexGateway": mark("use exclusive and parallel gateways"),
    "transaction": mark("use a plain sub-process with boundary events"),
    "adHocSubProcess": mark("draw the steps with gateways, or as a call activity"),
    "implicitThrowEvent": mark("use an intermediate throwing event"),
    "choreographyTask": mark("draw the steps of each organisation as tasks"),
    "subChoreography": mark("draw the steps of each organisation as tasks"),
    "callChoreography": mark("draw the steps of each organisation as tasks"),
    "dataObject": mark("keep the data in the case file, or draw a text annotation"),
    "dataObjectReference": mark("keep the data in the case file, or draw a text annotation"),
    "dataStoreReference": mark("keep the data in the case file, or draw a text annotation"),
    "dataStore": mark("keep the data in the case file, or draw a text annotation"),
    "ioSpecification": mark("use the parameters of the service task, or plain process variables"),
    "correlationKey": mark("remove it; each episode is its own process instance"),
    "correlationProperty": mark("remove it; each episode is its own process instance"),
    "correlationSubscription": mark("remove it; each episode is its own process instance"),
}
"""Local name of a flow element -> None when it is executed, else what to draw instead."""

DRAWN_ONLY: Final = frozenset(
    {
        "documentation",
        "extensionElements",
        "laneSet",
        "sequenceFlow",
        "incoming",
        "outgoing",
        "textAnnotation",
        "association",
        "group",
        "auditing",
        "monitoring",
        "supportedInterfaceRef",
        "multiInstanceLoopCharacteristics",
        "standardLoopCharacteristics",
        "script",
        "category",
    }
)
"""Children of a process or of a flow element that say nothing about its execution."""

EVENTS: Final[dict[str, frozenset[str]]] = {
    "startEvent": frozenset({"none", "message"}),
    "endEvent": frozenset({"none", "message", "error", "escalation", "terminate"}),
    "intermediateCatchEvent": frozenset({"message", "timer", "signal"}),
    "intermediateThrowEvent": frozenset({"none", "message", "signal", "escalation"}),
    "boundaryEvent": frozenset({"message", "timer", "signal", "error", "escalation"}),
}
"""Kind of event -> the event definitions that are executed there."""

EVENT_MENDS: Final[dict[str, str]] = {
    "link": mark("draw the flow, or use a call activity"),
    "compensate": mark("draw the steps that put things right after a gateway"),
    "cancel": mark("use a plain sub-process with boundary events"),
    "conditional": mark("use a message event; the application sends it when the condition is true"),
    "none": mark("say what it waits for: a message, a timer or a signal"),
    "signal": mark("throw the signal in a throwing event before a plain end event"),
    "timer": mark("wait in an intermediate event or on the border of an activity"),
    "terminate": mark("use an end event"),
    "error": mark("throw the error in an end event and catch it on the border of an activity"),
    "escalation": mark("catch the escalation on the border of an activity"),
    "message": mark(
        "wait for the message in an intermediate event or on the border of an activity"
    ),
}
"""Event definition (local name without `EventDefinition`) -> what to draw where it is refused."""

ACTIVITIES: Final = frozenset(
    {
        "userTask",
        "manualTask",
        "serviceTask",
        "businessRuleTask",
        "scriptTask",
        "callActivity",
        "subProcess",
    }
)
REPEATABLE: Final = frozenset({"userTask", "callActivity", "subProcess"})
"""Activities that may be multi-instance."""

RESERVED_IDS: Final = frozenset({"Start", "End", "Root", "StartEventSplit", "StartEventJoin"})
RESERVED_ENDINGS: Final = (".EndJoin", ".BoundaryEventSplit", ".BoundaryEventJoin", "[child]")
"""Ids that SpiffWorkflow uses itself: an element so called would silently break the process."""

REFUSED_EXTENSIONS: Final[dict[str, str]] = {
    "preScript": mark("use a script task before this step"),
    "postScript": mark("use a script task after this step"),
    "variableName": mark("the values are merged into the process variables by their names"),
    "messagePayload": mark("the message carries no payload; read the case file where it is caught"),
    "processVariableCorrelation": mark("remove it; each episode is its own process instance"),
    "payloadExpression": mark("the event carries no payload; use process variables"),
}
"""Extension elements of SpiffWorkflow that would be evaluated and are not needed."""

MAX_NODES: Final = 300
"""Flow elements in one process; a longer one belongs into call activities."""

REDRAW: Final = mark("redraw it with tasks, events and gateways")
WAIT: Final = mark("use a message, a timer or a signal")
DEFINE: Final = mark("define the event on the element itself")
