"""Finds the drawn steps that a rule's moment means."""

from engine.expression import Expression
from engine.proof.net import Net, Node
from engine.proof.rule import Check, Moment


def is_meant(net: Net, node: Node, moment: Moment) -> bool:
    """Say whether a step is what a moment describes, leaving its condition aside."""
    element = node.element
    many = element.multi_instance
    found = {
        "milestone": element.properties.get("milestone", ""),
        "role": (element.role or "") if element.kind in {"userTask", "manualTask"} else "",
        "form": element.properties.get("formRef", ""),
        "operator": element.operator or element.properties.get("recordWith", ""),
        "decision": element.decision_ref or "",
        "message": node.event_name if node.event == "message" else "",
        "collection": many.collection if many else "",
        "deadline_of": _deadline_of(net, node),
        "ends": net.root if element.kind == "endEvent" and node.level == net.root else "",
    }
    return all(getattr(moment, name) in {"", value} for name, value in found.items())


def _deadline_of(net: Net, node: Node) -> str:
    if node.kind != "boundaryEvent" or node.event != "timer":
        return ""
    host = next(one for one in net.nodes if node.key in one.boundaries)
    return host.element.properties.get("formRef", "")


def steps_of(net: Net, moments: tuple[Moment, ...]) -> dict[int, tuple[Expression | None, ...]]:
    """Return the steps that one of the moments means, each with the conditions it may meet."""
    found: dict[int, tuple[Expression | None, ...]] = {}
    for node in net.nodes:
        conditions = tuple(one.when for one in moments if is_meant(net, node, one))
        if conditions:
            found[node.key] = conditions
    return found


def all_moments(check: Check) -> tuple[Moment, ...]:
    """Return every moment that a check names."""
    needed = tuple(moment for group in check.needs for moment in group)
    return (
        *check.at,
        *needed,
        *check.since,
        *check.after,
        *check.until,
        *check.unless,
        *check.asked,
    )


def asked_after(net: Net, checks: tuple[Check, ...]) -> dict[int, frozenset[str]]:
    """Return which variables rules look at after a step; none where only the step counts."""
    found: dict[int, frozenset[str]] = {}
    for check in checks:
        for moment in all_moments(check):
            names = moment.when.names if moment.when else frozenset[str]()
            for key in steps_of(net, (moment,)):
                found[key] = found.get(key, frozenset()) | names
    return found
