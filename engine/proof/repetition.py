"""A step for each entry of a collection: none, one, two, or many."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from engine.proof.effect import completion
from engine.proof.marking import OPEN_STEP, READY, RUNNING, Board
from engine.proof.net import CALLS, Node
from engine.proof.possible import truths_of

if TYPE_CHECKING:
    from engine.proof.semantics import Semantics

MANY: Final = "many"
SIZES: Final = (0, 1, 2, MANY)
"""How many entries a collection has: beyond two, one more makes no difference to where it leads."""


def open_entries(semantics: "Semantics", board: Board, key: int, node: Node) -> list[Board]:
    """Begin a repeated step with every number of entries that its collection may have."""
    found = []
    for size in SIZES:
        one = board.copy()
        one.choices.append((node.key, size))
        token = one.tokens[key]
        if size == 0:
            one.tokens[key] = token._replace(note=0)
        else:
            phase = RUNNING if node.kind in CALLS else OPEN_STEP
            one.tokens[key] = token._replace(note=size, phase=phase)
            if node.kind in CALLS:
                semantics.open(one, key, node)
        found.append(one)
    return found


def after_entry(semantics: "Semantics", board: Board, key: int) -> Iterator[Board]:
    """Go on when one entry of a repeated step is done; it may have been the last one."""
    token = board.tokens[key]
    node = semantics.net.nodes[token.node]
    ending = completion(node)
    truths = (
        truths_of(ending, {**dict(token.values), **semantics.effects.names})
        if ending is not None
        else frozenset({False})
    )
    after: dict[Any, list[Any]] = {1: [0], 2: [1], MANY: [2, MANY]}
    left = after[token.note]
    if True in truths and left != [0]:
        left = [*left, 0] if False in truths else [0]
    for number in left:
        one = board.copy()
        if number == 0:
            one.tokens[key] = token._replace(note=0, phase=READY)
        else:
            phase = RUNNING if node.kind in CALLS else OPEN_STEP
            one.tokens[key] = token._replace(note=number, phase=phase)
            if node.kind in CALLS:
                semantics.open(one, key, node)
        yield one
