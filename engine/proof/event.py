"""Events that are thrown, come from outside, and wait on the border of a step."""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import TYPE_CHECKING, Final

from engine.proof.marking import OPEN_STEP, READY, Base, Board, Token
from engine.proof.net import Node

if TYPE_CHECKING:
    from engine.proof.semantics import Semantics

RECURRING: Final = frozenset({"message", "signal", "escalation"})
BROADCAST: Final = frozenset({"message", "signal"})
"""Events that all steps hear which wait for them."""
UNCAUGHT: Final = "uncaught"
ERROR: Final = "error"
MOST_AT_ONCE: Final = 3
"""Above so many steps that hear the same event, only their first and last order is tried."""
ANY_ERROR: Final = "any_error"
"""Stands for every code that no event names."""


def throw_from(semantics: "Semantics", board: Board, token: Token, node: Node) -> None:
    """Throw the event of a throwing step."""
    if node.event in BROADCAST:
        broadcast(semantics, board, node.event, node.event_name)
    else:
        host = board.scopes[token.scope].host
        throw_code(semantics, board, host, node.event, node.event_name, node.key)


def throw_code(
    semantics: "Semantics", board: Board, host: int | None, kind: str, code: str, place: int
) -> None:
    """Let the nearest event on the border of a step, or around it, catch an error or escalation."""
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
    if kind == ERROR:
        board.flaws.append((UNCAUGHT, place))


def caught_codes(semantics: "Semantics", board: Board, key: int) -> list[str]:
    """Return the errors of a service task's operator that would be caught; each may be raised."""
    found: list[str] = []
    for host in (key, *board.around(key)):
        for boundary in semantics.net.nodes[board.tokens[host].node].boundaries:
            event = semantics.net.nodes[boundary]
            if event.event == ERROR and (event.event_name or ANY_ERROR) not in found:
                found.append(event.event_name or ANY_ERROR)
        if ANY_ERROR in found:
            break
    return found


def fail(semantics: "Semantics", board: Board, key: int, code: str) -> None:
    """Let the operator of a service task end with an error."""
    token = board.tokens[key]
    # Its events listen as long as it runs.
    board.tokens[key] = token._replace(phase=OPEN_STEP)
    throw_code(semantics, board, key, ERROR, code, token.node)


def broadcast(semantics: "Semantics", board: Board, kind: str, name: str) -> bool:
    """Let all steps catch a message or signal that wait for it; say whether one did."""
    board.surroundings.refuse_if("hears", kind, name)
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


def heard_at(semantics: "Semantics", token: Token) -> Iterator[tuple[str, str]]:
    """Yield the messages and signals that a live step waits for, by kind and name."""
    if token.phase == READY:
        return
    node = semantics.net.nodes[token.node]
    events = [semantics.net.nodes[boundary] for boundary in node.boundaries]
    if token.phase == OPEN_STEP and node.kind == "intermediateCatchEvent":
        events.append(node)
    elif token.phase == OPEN_STEP and node.kind == "eventBasedGateway":
        events += [semantics.net.nodes[way.target] for way in node.ways]
    yield from ((one.event, one.event_name) for one in events if one.event in BROADCAST)


def ready(board: Board) -> set[int]:
    """Return the steps that are to be run."""
    return {key for key, token in board.tokens.items() if token.phase == READY}


def in_every_order(board: Board, already: set[int]) -> list[Board]:
    """Return the marking with the steps that heard an event at the same time in every order.

    A marking does not remember which of them the case came to first.
    """
    fresh = [key for key in board.tokens if key in ready(board) - already]
    if len(fresh) < 2:  # noqa: PLR2004 - one step has one order
        return [board]
    orders = permutations(fresh) if len(fresh) <= MOST_AT_ONCE else (fresh, fresh[::-1])
    return [_reordered(board.copy(), order) for order in orders]


def _reordered(board: Board, order: Sequence[int]) -> Board:
    for key in order:
        board.tokens[board.number()] = board.tokens.pop(key)
    for key in list(board.tokens)[-len(order) :]:
        board.ranks.pop(board.tokens[key].scope, None)
    for key in list(board.tokens)[-len(order) :]:
        board.ranks.setdefault(board.tokens[key].scope, board.number())
    return board


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
        if running(board) + board.surroundings.ask("handlers") >= semantics.handlers:
            board.cut = True
            return False
        origin = boundary
        if node.event not in RECURRING:
            board.tokens[host] = token._replace(fired=token.fired | {boundary})
    before = Token(boundary, token.scope, READY, values, base, origin=origin)
    key = board.number()
    board.tokens[key] = before._replace(base=semantics.trimmed(base, node.level))
    return True


def running(board: Board) -> int:
    """Return how many branches of events that do not interrupt are open on a board."""
    return sum(token.origin is not None for token in board.tokens.values())
