"""Gateways: one way, all ways, some ways, and where branches meet (BPMN 2.0, 13.4)."""

from typing import TYPE_CHECKING, Final

from engine.proof.joining import combined
from engine.proof.marking import ARRIVED, READY, Board, Values
from engine.proof.net import Node
from engine.proof.possible import truths_of

if TYPE_CHECKING:
    from engine.proof.semantics import Semantics

NO_WAY: Final = "no_way"


def choose(semantics: "Semantics", board: Board, key: int, node: Node) -> list[Board]:
    """Take the first way whose condition holds; where that is open, each that may be taken."""
    if len(node.ways) == 1 and node.ways[0].condition is None:
        semantics.leave(board, key)
        return [board]
    found = []
    values = board.tokens[key].values
    options = semantics.ways.get((node.key, values))
    if options is None:
        options = semantics.ways[node.key, values] = possible_ways(semantics, node, values)
    for option in options:
        one = board.copy() if len(options) > 1 else board
        if len(options) > 1:
            one.choices.append((node.key, option))
        if option is None:
            one.flaws.append((NO_WAY, node.key))
        else:
            semantics.leave(one, key, [option])
        found.append(one)
    return found


def possible_ways(semantics: "Semantics", node: Node, values: Values) -> list[int | None]:
    """Return which ways may be taken: the first whose condition holds, else the default."""
    seen = {**dict(values), **semantics.effects.names}
    found: list[int | None] = []
    for way in node.ways:
        if way.condition is None:
            continue
        truths = truths_of(way.condition, seen)
        if True in truths:
            found.append(way.target)
        if truths == {True}:
            return found
    found.append(node.default)
    return found


def choose_several(semantics: "Semantics", board: Board, key: int, node: Node) -> list[Board]:
    """Take every way whose condition holds, else the default, once all branches have come."""
    found = []
    for joined in join(semantics, board, key):
        if len(node.ways) == 1 and node.ways[0].condition is None:
            semantics.leave(joined, key)
            found.append(joined)
            continue
        options = subsets(semantics, node, joined.tokens[key].values)
        for option in options:
            one = joined.copy() if len(options) > 1 else joined
            if len(options) > 1:
                one.choices.append((node.key, option))
            if option:
                semantics.leave(one, key, option)
            else:
                one.flaws.append((NO_WAY, node.key))
            found.append(one)
    return found


def subsets(semantics: "Semantics", node: Node, values: Values) -> list[tuple[int, ...]]:
    """Return which ways may be taken together."""
    seen = {**dict(values), **semantics.effects.names}
    found: list[tuple[int, ...]] = [()]
    for way in node.ways:
        if way.condition is not None:
            truths = truths_of(way.condition, seen)
            found = [
                (*taken, way.target) if truth else taken for taken in found for truth in truths
            ]
    default = () if node.default is None else (node.default,)
    return [taken or default for taken in found]


def open_all(semantics: "Semantics", board: Board, key: int) -> list[Board]:
    """Take all ways at once, once all branches have come."""
    found = []
    for joined in join(semantics, board, key):
        semantics.leave(joined, key)
        found.append(joined)
    return found


def join(semantics: "Semantics", board: Board, key: int) -> list[Board]:
    """Unite the branches that have arrived; where their order matters, in every order."""
    taken = board.tokens[key].note
    if not isinstance(taken, tuple):
        return [board]
    others = [board.tokens.pop(other) for other in taken]
    arrived = [board.tokens[key], *others]
    live = semantics.live.before[arrived[0].node]
    results = combined([(one.values, one.base) for one in arrived], live)
    found = []
    for values, base in results:
        one = board.copy() if len(results) > 1 else board
        one.tokens[key] = arrived[0]._replace(values=values, base=base, note=None)
        found.append(one)
    return found


def recheck(semantics: "Semantics", board: Board, scope: int) -> None:
    """Open the gateways at which everything has arrived."""
    waiting: dict[int, dict[str, int]] = {}
    for key, token in board.tokens.items():
        if token.scope == scope and token.phase == ARRIVED:
            waiting.setdefault(token.node, {}).setdefault(token.note, key)
    for number, found in waiting.items():
        node = semantics.net.nodes[number]
        if node.kind == "parallelGateway":
            complete = len(found) == len(node.incoming)
            taken = list(found.values())
        else:
            complete = not expects_more(semantics, board, scope, node, set(found))
            taken = [
                key
                for key, token in board.tokens.items()
                if token.scope == scope and token.phase == ARRIVED and token.node == number
            ]
        if complete:
            first, *others = taken
            board.tokens[first] = board.tokens[first]._replace(phase=READY, note=tuple(others))


def expects_more(
    semantics: "Semantics", board: Board, scope: int, node: Node, filled: set[str]
) -> bool:
    """Say whether a live step can reach a flow on which nothing has arrived (13.4.3)."""
    empty = set(node.incoming) - filled
    for token in board.tokens.values():
        if token.scope != scope:
            continue
        if token.node == node.key:
            if token.phase == READY:
                return True
            continue
        reached = flows_from(semantics, token.node, node.key)
        if reached & empty and not reached & filled:
            return True
    return False


def flows_from(semantics: "Semantics", start: int, join: int) -> set[str]:
    """Return the flows into a gateway to which a way leads without passing it."""
    met, pending, found = {start}, [start], set[str]()
    while pending:
        node = semantics.net.nodes[pending.pop()]
        for boundary in node.boundaries:
            if boundary not in met:
                met.add(boundary)
                pending.append(boundary)
        for way in node.ways:
            if way.target == join:
                found.add(way.flow)
            elif way.target not in met:
                met.add(way.target)
                pending.append(way.target)
    return found
