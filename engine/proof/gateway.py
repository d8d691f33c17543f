"""Gateways: one way, all ways, some ways, and where branches meet (BPMN 2.0, 13.4)."""

from typing import TYPE_CHECKING, Final

from engine.proof.joining import united
from engine.proof.marking import ARRIVED, READY, Board, Values, names_of
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
    options = semantics.ways(board, node, board.tokens[key].values)
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
            break
    else:
        found.append(node.default)
    return list(dict.fromkeys(found))


def choose_several(semantics: "Semantics", board: Board, key: int, node: Node) -> list[Board]:
    """Take every way whose condition holds, else the default, once all branches have come."""
    joined = join(semantics, board, key)
    if len(node.ways) == 1 and node.ways[0].condition is None:
        semantics.leave(joined, key)
        return [joined]
    found = []
    joined.surroundings.touch(semantics.looked_at[node.key])
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
    joined = join(semantics, board, key)
    semantics.leave(joined, key)
    return [joined]


def join(semantics: "Semantics", board: Board, key: int) -> Board:
    """Unite the branches that have arrived; of two changes that of the later branch counts."""
    taken = board.tokens[key].note
    if not isinstance(taken, tuple):
        return board
    arrived = [*(board.tokens.pop(other) for other in taken), board.tokens[key]]
    live = semantics.live.before[arrived[0].node]
    branches = [(one.values, one.base) for one in arrived]
    board.surroundings.touch(names_of(branches))
    values, base = united(branches, live)
    board.tokens[key] = arrived[-1]._replace(values=values, base=base, note=None)
    return board


def arrive(semantics: "Semantics", board: Board, key: int, flow: str) -> None:
    """Let a branch wait at a gateway, behind those that came before."""
    token = board.tokens[key]
    before = _arrived(board, token.scope, token.node)
    for place, other in enumerate(before):
        waiting = board.tokens[other]
        board.tokens[other] = waiting._replace(note=(place, waiting.note[1]))
    board.tokens[key] = token._replace(phase=ARRIVED, note=(len(before), flow))
    recheck(semantics, board, token.scope)


def _arrived(board: Board, scope: int, node: int) -> list[int]:
    """Return the branches that wait at a gateway, the earliest first."""
    found = [
        key
        for key, token in board.tokens.items()
        if token.scope == scope and token.node == node and token.phase == ARRIVED
    ]
    return sorted(found, key=lambda key: int(board.tokens[key].note[0]))


def recheck(semantics: "Semantics", board: Board, scope: int) -> None:
    """Open the gateways at which everything has arrived."""
    within = board.scopes[scope]
    if within.level not in semantics.meeting:
        return
    if within.host is None:
        board.surroundings.refuse_if("others")
    waiting = dict.fromkeys(
        token.node
        for token in board.tokens.values()
        if token.scope == scope and token.phase == ARRIVED
    )
    for number in waiting:
        node = semantics.net.nodes[number]
        arrived = _arrived(board, scope, number)
        first: dict[str, int] = {}
        for key in arrived:
            first.setdefault(board.tokens[key].note[1], key)
        if node.kind == "parallelGateway":
            complete = len(first) == len(node.incoming)
            arrived = list(first.values())
        else:
            complete = not expects_more(semantics, board, scope, node, set(first))
        if complete:
            *others, last = arrived
            board.tokens[last] = board.tokens[last]._replace(phase=READY, note=tuple(others))


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
