"""A step for each entry of a collection: none, one, two, or many."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from engine.proof.effect import completion
from engine.proof.marking import OPEN_STEP, READY, RUNNING, Board, Values
from engine.proof.net import CALLS, Node
from engine.proof.possible import OPEN, truths_of

if TYPE_CHECKING:
    from engine.proof.semantics import Semantics

MANY: Final = "many"
SIZES: Final = (0, 1, 2, MANY)
"""How many entries a collection has: beyond two, one more makes no difference to where it leads."""


def open_entries(semantics: "Semantics", board: Board, key: int, node: Node) -> list[Board]:
    """Begin a repeated step with every number of entries that its collection may have."""
    found = []
    if node.element.multi_instance is not None:
        board.surroundings.touch([node.element.multi_instance.output])
    for size in SIZES:
        one = board.copy()
        one.choices.append((node.key, size))
        token = one.tokens[key]
        if size == 0:
            one.tokens[key] = token._replace(note=0)
        else:
            phase = RUNNING if node.kind in CALLS else OPEN_STEP
            values = _with_results(semantics, node, token.values)
            one.tokens[key] = token._replace(note=size, phase=phase, values=values)
            if node.kind in CALLS:
                semantics.open(one, key, node)
        found.append(one)
    return found


def _with_results(semantics: "Semantics", node: Node, values: Values) -> Values:
    """Return the variables once results come in, where a condition asks for them."""
    many = node.element.multi_instance
    if many is None or completion(node) is None or many.output not in semantics.wanted:
        return values
    return tuple(sorted({**dict(values), many.output: OPEN}.items()))


def after_entry(semantics: "Semantics", board: Board, key: int) -> Iterator[Board]:
    """Go on when one entry of a repeated step is done; it may have been the last one."""
    token = board.tokens[key]
    node = semantics.net.nodes[token.node]
    ending = completion(node)
    if ending is not None:
        board.surroundings.touch(ending.names)
    truths = (
        truths_of(ending, {**dict(token.values), **semantics.effects.names})
        if ending is not None
        else frozenset({False})
    )
    after: dict[Any, list[Any]] = {1: [0], 2: [1], MANY: [2, MANY]}
    left = after[token.note]
    if token.note == MANY and (node.key, MANY) in board.choices:
        # The rounds run by themselves; they have an end, since the collection has one.
        left = [2]
    if True in truths and left != [0]:
        left = [*left, 0] if False in truths else [0]
    for number in left:
        one = board.copy()
        if token.note == number == MANY:
            one.choices.append((node.key, MANY))
        if number == 0:
            one.tokens[key] = token._replace(note=0, phase=READY)
        else:
            phase = RUNNING if node.kind in CALLS else OPEN_STEP
            one.tokens[key] = token._replace(note=number, phase=phase)
            if node.kind in CALLS:
                semantics.open(one, key, node)
        yield one
