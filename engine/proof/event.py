"""Events that are thrown, come from outside, and wait on the border of a step."""

from typing import TYPE_CHECKING, Final

from engine.proof.marking import OPEN_STEP, READY, Base, Board, Token
from engine.proof.net import Node

if TYPE_CHECKING:
    from engine.proof.semantics import Semantics

RECURRING: Final = frozenset({"message", "signal", "escalation"})
UNCAUGHT: Final = "uncaught"


def throw_from(semantics: "Semantics", board: Board, token: Token, node: Node) -> None:
    """Throw the event of a throwing step."""
    if node.event in {"signal", "message"}:
        broadcast(semantics, board, node.event, node.event_name)
    else:
        throw_code(semantics, board, token.scope, node.event, node.event_name, node.key)


def throw_code(
    semantics: "Semantics", board: Board, scope: int, kind: str, code: str, place: int
) -> None:
    """Let the nearest event on a border around a scope catch an error or escalation."""
    host = board.scopes[scope].host
    while host is not None:
        token = board.tokens[host]
        events = [
            key
            for key in semantics.net.nodes[token.node].boundaries
            if semantics.net.nodes[key].event == kind
            and semantics.net.nodes[key].event_name in {"", code}
        ]
        exact = [key for key in events if semantics.net.nodes[key].event_name]
        for key in exact or events:
            fire_boundary(semantics, board, host, key)
        if events:
            return
        host = board.scopes[token.scope].host
    if kind == "error":
        board.flaws.append((UNCAUGHT, place))


def broadcast(semantics: "Semantics", board: Board, kind: str, name: str) -> bool:
    """Let all steps catch a message or signal that wait for it; say whether one did."""
    caught = False
    for key in list(board.tokens):
        token = board.tokens.get(key)
        if token is None:
            continue
        node = semantics.net.nodes[token.node]
        if token.phase == OPEN_STEP and node.kind == "intermediateCatchEvent":
            if node.event == kind and node.event_name == name:
                board.tokens[key] = token._replace(phase=READY)
                caught = True
        elif token.phase == OPEN_STEP and node.kind == "eventBasedGateway":
            for way in node.ways:
                target = semantics.net.nodes[way.target]
                if target.event == kind and target.event_name == name:
                    pick(board, key, way.target)
                    caught = True
                    break
        for boundary in node.boundaries:
            event = semantics.net.nodes[boundary]
            if event.event == kind and event.event_name == name:
                caught |= fire_boundary(semantics, board, key, boundary)
    return caught


def pick(board: Board, key: int, target: int) -> None:
    """Let an event-based gateway go on with one of its events."""
    board.tokens[key] = board.tokens[key]._replace(phase=READY, note=target)


def fire_boundary(semantics: "Semantics", board: Board, host: int, boundary: int) -> bool:
    """Let an event on the border of a step come; say whether it could."""
    token = board.tokens.get(host)
    if token is None or token.phase == READY or boundary in token.fired:
        return False
    node = semantics.net.nodes[boundary]
    live = semantics.live.before[boundary]
    values = tuple(pair for pair in token.armed if pair[0] in live)
    base = Base(token.armed, token.base)
    if node.element.interrupting:
        board.drop(host)
        base, origin = token.base, token.origin  # type: ignore[assignment]
    else:
        if running(board) >= semantics.handlers:
            return False
        origin = boundary
        if node.event not in RECURRING:
            board.tokens[host] = token._replace(fired=token.fired | {boundary})
    before = Token(boundary, token.scope, READY, values, base, origin=origin)
    key = board.number()
    board.tokens[key] = before._replace(base=semantics.trimmed(base, node.level))
    return True


def running(board: Board) -> int:
    """Return how many branches of events that do not interrupt are open."""
    return sum(token.origin is not None for token in board.tokens.values())
