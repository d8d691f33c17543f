"""The names of BPMN 2.0: namespaces and kinds of elements, grouped as in the standard."""

from engine.language import mark

BPMN = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DIAGRAM = "http://www.omg.org/spec/BPMN/20100524/DI"
BOUNDS = "http://www.omg.org/spec/DD/20100524/DC"
INTERCHANGE = "http://www.omg.org/spec/DD/20100524/DI"
SPIFF = "http://spiffworkflow.org/bpmn/schema/1.0/core"

SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
TASKS = frozenset(
    {
        "task",
        "userTask",
        "manualTask",
        "serviceTask",
        "scriptTask",
        "businessRuleTask",
        "sendTask",
        "receiveTask",
    }
)
ACTIVITIES = TASKS | SUB_PROCESSES | {"callActivity"}
GATEWAYS = frozenset(
    {
        "exclusiveGateway",
        "parallelGateway",
        "inclusiveGateway",
        "complexGateway",
        "eventBasedGateway",
    }
)
EVENTS = frozenset(
    {
        "startEvent",
        "endEvent",
        "intermediateCatchEvent",
        "intermediateThrowEvent",
        "boundaryEvent",
        "implicitThrowEvent",
    }
)
CHOREOGRAPHIES = frozenset({"choreographyTask", "subChoreography", "callChoreography"})
NODES = ACTIVITIES | GATEWAYS | EVENTS | CHOREOGRAPHIES
ARTIFACTS = frozenset(
    {
        "dataObject",
        "dataObjectReference",
        "dataStoreReference",
        "textAnnotation",
        "group",
        "association",
    }
)

WORDS = {
    "task": mark("task without a type"),
    "userTask": mark("user task"),
    "manualTask": mark("manual task"),
    "serviceTask": mark("service task"),
    "scriptTask": mark("script task"),
    "businessRuleTask": mark("decision task"),
    "sendTask": mark("send task"),
    "receiveTask": mark("receive task"),
    "callActivity": mark("call activity"),
    "subProcess": mark("sub-process"),
    "transaction": mark("transaction"),
    "adHocSubProcess": mark("ad-hoc sub-process"),
    "exclusiveGateway": mark("exclusive gateway"),
    "parallelGateway": mark("parallel gateway"),
    "inclusiveGateway": mark("inclusive gateway"),
    "complexGateway": mark("complex gateway"),
    "eventBasedGateway": mark("event gateway"),
    "startEvent": mark("start event"),
    "endEvent": mark("end event"),
    "intermediateCatchEvent": mark("waiting event"),
    "intermediateThrowEvent": mark("throwing event"),
    "boundaryEvent": mark("boundary event"),
    "dataObject": mark("data object"),
    "dataObjectReference": mark("data object"),
    "dataStoreReference": mark("data store"),
    "textAnnotation": mark("text annotation"),
}


def words_for(kind: str) -> str:
    """Return the plain words for a BPMN local name, for example `user task` for `userTask`."""
    return WORDS.get(kind, kind)


EVENT_WORDS = {
    "message": mark("message"),
    "signal": mark("signal"),
    "error": mark("error"),
    "escalation": mark("escalation"),
    "timer": mark("timer"),
    "conditional": mark("conditional"),
    "link": mark("link"),
    "compensation": mark("compensation"),
    "compensate": mark("compensate"),
    "cancel": mark("cancel"),
    "terminate": mark("terminate"),
    "none": mark("none"),
}
"""What the kinds of events are called."""
