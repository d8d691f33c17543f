"""Ends of branches and processes, and events that are thrown on the way."""

from typing import TYPE_CHECKING

from engine.proof import event, gateway
from engine.proof.joining import combined
from engine.proof.marking import READY, Board, Values, names_of, together
from engine.proof.net import Node

if TYPE_CHECKING:
    from engine.proof.semantics import Semantics


def end(semantics: "Semantics", board: Board, key: int, node: Node) -> list[Board]:
    """End a branch, and its process when it was the last one or ends all at once."""
    token = board.tokens.pop(key)
    semantics.note(board, node, token.values)
    scope = board.scopes[token.scope]
    live = semantics.live.after[scope.level]
    values = tuple(pair for pair in token.values if pair[0] in live)
    if node.event == "terminate":
        for other in board.within(token.scope):
            board.drop(other)
        return [_close(board, token.scope, values)]
    branch = (values, semantics.trimmed(token.base, scope.level))
    if scope.ended:
        board.surroundings.touch(names_of([branch, *scope.ended]))
    ended = together(scope.ended, [branch])
    board.scopes[token.scope] = scope._replace(ended=ended)
    if not node.event:
        return _ended(semantics, board, token.scope)
    already = event.ready(board)
    event.throw_from(semantics, board, token, node)
    if token.scope not in board.scopes:
        return [board]
    found = event.in_every_order(board, already)
    return [closed for one in found for closed in _ended(semantics, one, token.scope)]


def _ended(semantics: "Semantics", board: Board, scope: int) -> list[Board]:
    gateway.recheck(semantics, board, scope)
    return _close_if_empty(semantics, board, scope)


def _close_if_empty(semantics: "Semantics", board: Board, number: int) -> list[Board]:
    scope = board.scopes[number]
    if board.within(number):
        return [board]
    ended = scope.ended
    if scope.host is None:
        if board.surroundings.ask("others"):
            return [board]
        ended = together(ended, board.surroundings.ask("ended"))
    if len(ended) > 1:
        board.surroundings.touch(names_of(ended))
    results = combined(ended, semantics.live.after[scope.level])
    found = []
    for values, _ in results:
        one = board.copy() if len(results) > 1 else board
        found.append(_close(one, number, values))
    return found


def _close(board: Board, number: int, values: Values) -> Board:
    """End a process; the step that ran it goes on with its variables."""
    scope = board.scopes.pop(number)
    if scope.host is None:
        board.done = values
        return board
    host = board.tokens[scope.host]
    board.tokens[scope.host] = host._replace(values=values, phase=READY)
    return board


def throw(semantics: "Semantics", board: Board, key: int, node: Node) -> list[Board]:
    """Complete a step that throws an event, or none."""
    token = board.tokens[key]
    if not node.event:
        semantics.leave(board, key)
        return [board]
    already = event.ready(board)
    # What follows does not hear it: it opens afterwards.
    event.throw_from(semantics, board, token, node)
    found = event.in_every_order(board, already)
    for one in found:
        if key in one.tokens:
            semantics.leave(one, key)
        else:
            semantics.note(one, node, token.values)
    return found
