"""Whether every step has an owner and every wait a limit (L9)."""

from collections.abc import Iterator

from engine.deployment import ResolvedDeployment
from engine.drawing import Element, Process
from engine.language.telling import named, told

PEOPLE = frozenset({"userTask", "manualTask"})


def ownerless(deployment: ResolvedDeployment) -> Iterator[tuple[str, str]]:
    """Yield each step without an owner or a limit, with a sentence that says the mend."""
    roles = deployment.profile.roles
    for process in deployment.processes.values():
        for element in process.elements:
            if element.kind in PEOPLE:
                yield from _step(element, frozenset(roles))
            elif element.kind in {"intermediateCatchEvent", "receiveTask"}:
                yield from _wait(process, element)


def _step(element: Element, roles: frozenset[str]) -> Iterator[tuple[str, str]]:
    if not element.role:
        yield (
            element.id,
            told(
                "%(step)s is owned by nobody; put it into a lane with a role",
                step=named(element.label),
            ),
        )
    elif element.role not in roles:
        yield (
            element.id,
            told(
                "%(step)s is owed by %(role)s, a role that nobody has",
                step=named(element.label),
                role=element.role,
            ),
        )
    if not element.properties.get("dueIn"):
        yield element.id, told("%(step)s has no due date; set dueIn", step=named(element.label))


def _wait(process: Process, element: Element) -> Iterator[tuple[str, str]]:
    """Yield a wait for a message that no timer beside it, at its gateway, limits."""
    if element.event is None or element.event.kind == "timer":
        return
    gateways = {flow.source for flow in process.flows_to(element.id)}
    beside = [
        process.by_id[flow.target].event
        for gateway in gateways
        if process.by_id[gateway].kind == "eventBasedGateway"
        for flow in process.flows_from(gateway)
    ]
    if not any(event is not None and event.kind == "timer" for event in beside):
        yield (
            element.id,
            told(
                "%(step)s waits without a limit; let a timer wait beside it at an event-based "
                "gateway",
                step=named(element.label),
            ),
        )
