"""The names of BPMN 2.0: namespaces and kinds of elements, grouped as in the standard."""

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
    "task": "task without a type",
    "userTask": "user task",
    "manualTask": "manual task",
    "serviceTask": "service task",
    "scriptTask": "script task",
    "businessRuleTask": "decision task",
    "sendTask": "send task",
    "receiveTask": "receive task",
    "callActivity": "call activity",
    "subProcess": "sub-process",
    "transaction": "transaction",
    "adHocSubProcess": "ad-hoc sub-process",
    "exclusiveGateway": "exclusive gateway",
    "parallelGateway": "parallel gateway",
    "inclusiveGateway": "inclusive gateway",
    "complexGateway": "complex gateway",
    "eventBasedGateway": "event gateway",
    "startEvent": "start event",
    "endEvent": "end event",
    "intermediateCatchEvent": "waiting event",
    "intermediateThrowEvent": "throwing event",
    "boundaryEvent": "boundary event",
    "dataObject": "data object",
    "dataObjectReference": "data object",
    "dataStoreReference": "data store",
    "textAnnotation": "text annotation",
}


def words_for(kind: str) -> str:
    """Return the plain words for a BPMN local name, for example `user task` for `userTask`."""
    return WORDS.get(kind, kind)
