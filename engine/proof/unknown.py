"""Finds a variable that a step cannot do without and that a moved case may not have there.

A new drawing may set it in a step that the case has passed already. Repeated steps and timers
stop without their value; a condition reads null, which the search follows by itself.
"""

from collections.abc import Iterable, Iterator

from engine.bpmn import Level
from engine.calendar import is_duration
from engine.errors import ExpressionError
from engine.expression import compile_expression
from engine.proof.effect import Effects
from engine.proof.marking import State
from engine.proof.net import Net, Node

Names = frozenset[str]


def unknown_names(
    net: Net, effects: Effects, state: State, given: Iterable[str]
) -> Iterator[tuple[Node, str]]:
    """Yield the steps ahead that cannot do without a variable that no step ahead sets."""
    ahead = _ahead(net, state)
    known = frozenset(given) | frozenset(effects.names)
    known = known.union(*(_writes(effects, net.nodes[key]) for key in ahead))
    for key in sorted(ahead):
        for name in sorted(_needs(net, net.nodes[key]) - known):
            yield net.nodes[key], name


def needed_names(net: Net) -> Names:
    """Return every variable that some step cannot do without."""
    return frozenset().union(*(_needs(net, node) for node in net.nodes))


def names_in(level: Level) -> Iterator[str]:
    """Yield the variables that a running instance has, in whatever branch."""
    for step in level.steps:
        yield from step.data
        for data in step.listening.values():
            yield from data
        if step.inner is not None:
            yield from names_in(step.inner)


def _ahead(net: Net, state: State) -> set[int]:
    """Return the steps that are open or can be reached, whatever the conditions say."""
    found: set[int] = set()
    pending = list(_open(net, state))
    while pending:
        node = net.nodes[pending.pop()]
        if node.key not in found:
            found.add(node.key)
            pending += [*node.boundaries, *(way.target for way in node.ways)]
            if node.inner:
                pending += net.levels[node.inner].starts
    return found


def _open(net: Net, state: State) -> Iterator[int]:
    """Yield the steps that are open in a marking, with what listens beside them."""
    if state[0] in {"end", "flaw", "begin"}:
        return
    for token in state[1]:
        node = net.nodes[token[0]]
        yield node.key
        yield from node.boundaries
        if token[8] is not None:
            yield from _open(net, token[8])


def _needs(net: Net, node: Node) -> Names:
    many = node.element.multi_instance
    found = {many.collection} if many is not None and many.collection else set()
    for one in (node, *(net.nodes[way.target] for way in node.ways)):
        # Of the events behind an event gateway the timers begin with the gateway.
        if one is node or node.kind == "eventBasedGateway":
            found |= _asked(one.element.event.rule if one.element.event else "")
    return frozenset(found)


def _asked(rule: str) -> Names:
    text = rule.strip()
    if not text or is_duration(text) or text[:4].isdigit():
        return frozenset()
    try:
        return compile_expression(text).names
    except ExpressionError:
        return frozenset()


def _writes(effects: Effects, node: Node) -> Names:
    many = node.element.multi_instance
    own = {many.output, many.output_item} - {""} if many is not None else set()
    return effects.writes(node) | own
