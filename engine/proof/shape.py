"""What markings have in common that differ only in the values of variables.

Most variables are carried along by steps that neither look at them nor set them. What happens in
one marking then happens in each of the same shape, with the other values in the same places.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from engine.proof.marking import Base, Board, Ended, State, Values, thaw
from engine.proof.memory import Memory, is_same

Change = Callable[[Values], Any]


@dataclass
class Shaped:
    """A marking, or some branches of one, in which the process is not over."""

    state: State
    memory: Memory | None = None
    """Shared by all that have the shape."""

    @cached_property
    def board(self) -> Board:
        """Return the marking as a board, to be copied."""
        return thaw(self.state)

    @cached_property
    def given(self) -> Mapping[str, Any]:
        """Return the variables that have the same value wherever they stand."""
        found: dict[str, Any] = {}
        differing: set[str] = set()

        def collect(values: Values) -> None:
            for name, value in values:
                if not is_same(found.setdefault(name, value), value):
                    differing.add(name)

        mapped(self.state, collect)
        return {name: value for name, value in found.items() if name not in differing}

    @cached_property
    def shape(self) -> State:
        """Return the marking without the values that are given."""
        given = self.given

        def named(values: Values) -> tuple[Any, ...]:
            return tuple([pair[0] if pair[0] in given else pair for pair in values])

        return mapped(self.state, named)


def filled(state: State, values: Mapping[str, tuple[str, Any]]) -> State:
    """Return a marking with other values of some variables, each given with its name."""
    return mapped(state, lambda found: tuple([values.get(pair[0], pair) for pair in found]))


def mapped(state: State, change: Change) -> State:
    """Return a marking with the variables changed wherever they stand."""
    level, inside, ended = state
    return (level, tuple([_step(one, change) for one in inside]), _ended(ended, change))


def _step(inside: tuple[Any, ...], change: Change) -> tuple[Any, ...]:
    node, phase, values, base, note, armed, fired, origin, inner = inside
    return (
        node,
        phase,
        change(values),
        None if base is None else _base(base, change),
        note,
        change(armed),
        fired,
        origin,
        None if inner is None else mapped(inner, change),
    )


def _base(base: Base, change: Change) -> Base:
    around = None if base.around is None else _base(base.around, change)
    return Base(change(base.values), around)


def _ended(ended: Ended, change: Change) -> Ended:
    return tuple(
        [(change(values), None if base is None else _base(base, change)) for values, base in ended]
    )
