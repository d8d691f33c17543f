"""Takes markings apart into their branches, and puts them together again.

A branch is an open step of the root process with all that runs inside it. Branches and what becomes
of them have numbers, so that a marking is a few of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from engine.proof import event
from engine.proof.marking import END, FLAW, Beside, Board, Ended, State, freeze, together
from engine.proof.memory import Alone
from engine.proof.semantics import Semantics
from engine.proof.shape import Shaped, filled
from engine.proof.stimulus import awaited


class Marking(NamedTuple):
    """A marking in which the process is not over."""

    branches: tuple[int, ...]
    """By number, in the order of the marking."""
    ended: Ended


NOTHING: Final = Marking((), ())


class Outcome(NamedTuple):
    """What becomes of branches."""

    final: State | None
    """The whole process is over, or cannot go on."""
    branches: tuple[int, ...] = ()
    """The branches in their place."""
    ended: Ended = ()
    """The variables of branches that end with it."""


class Signs(NamedTuple):
    """What branches of one shape have in common."""

    heard: frozenset[tuple[str, str]]
    """The messages and signals that something waits for, by kind and name."""
    messages: list[str]
    handlers: int
    """How many branches of events that do not interrupt it counts for."""


@dataclass
class Branch:
    """An open step of the root process with all that runs inside it."""

    inside: Any
    """As it stands in a marking."""
    order: str
    """Its place among other branches of a marking."""
    shaped: Shaped
    """The marking with this branch alone."""
    signs: Signs
    met: dict[int, Alone] = field(default_factory=dict)
    """What can happen, by the number of what is beside it."""


class Branches:
    """The branches of one net that were met, and what becomes of them, by number."""

    def __init__(self, semantics: Semantics) -> None:
        self._semantics = semantics
        self._root = semantics.net.root
        self._met: list[Branch] = []
        self._numbers: dict[Any, int] = {}
        self._outcomes: list[Outcome] = []
        self._outcome_numbers: dict[Outcome, int] = {}
        self._signs: dict[State, Signs] = {}
        self._filled: dict[tuple[int, tuple[Any, ...]], int] = {}

    def __getitem__(self, number: int) -> Branch:
        return self._met[number]

    def marking(self, state: State) -> Marking:
        """Return a marking in which the process is not over by its branches."""
        _, inside, ended = state
        return Marking(tuple([self._number(one) for one in inside]), ended)

    def state(self, marking: Marking) -> State:
        """Return a marking as a value."""
        inside = tuple([self._met[one].inside for one in marking.branches])
        return (self._root, inside, marking.ended)

    def placed(self, outcome: int, rest: Marking) -> Marking | State:
        """Return the marking that an outcome makes of the rest of a marking."""
        one = self._outcomes[outcome]
        if one.final is not None:
            return one.final
        branches = (*rest.branches, *one.branches)
        if len(branches) > 1:
            branches = tuple(sorted(branches, key=lambda number: self._met[number].order))
        return Marking(branches, together(rest.ended, one.ended) if one.ended else rest.ended)

    def beside(self, rest: Marking) -> Beside:
        """Return what a branch may ask of the rest of a marking."""
        others = [self._met[number].signs for number in rest.branches]
        return Beside(
            bool(others),
            sum(one.handlers for one in others),
            frozenset[tuple[str, str]]().union(*(one.heard for one in others)),
            rest.ended,
        )

    def _number(self, inside: Any) -> int:
        number = self._numbers.get(inside)
        if number is None:
            number = self._numbers[inside] = len(self._met)
            shaped = Shaped((self._root, (inside,), ()))
            self._met.append(Branch(inside, repr(inside), shaped, self._signs_of(shaped)))
        return number

    def _signs_of(self, shaped: Shaped) -> Signs:
        if shaped.shape not in self._signs:
            board = shaped.board
            tokens = board.tokens.values()
            heard = (one for token in tokens for one in event.heard_at(self._semantics, token))
            self._signs[shaped.shape] = Signs(
                frozenset(heard), awaited(self._semantics, board), event.running(board)
            )
        return self._signs[shaped.shape]

    # -- outcomes --------------------------------------------------------------------------------

    def outcome(self, board: Board) -> int:
        """Return the number of what has become of the branches on a board."""
        if board.flaws:
            return self._outcome_number(Outcome((FLAW, board.flaws[0])))
        if board.done is not None:
            return self._outcome_number(Outcome(freeze(board)))
        return self._outcome_number(Outcome(None, *self.marking(freeze(board))))

    def with_values(self, outcome: int, values: Mapping[str, tuple[str, Any]]) -> int:
        """Return the outcome with other values of some variables, each given with its name."""
        key = (outcome, tuple(values.values()))
        found = self._filled.get(key)
        if found is None:
            found = self._filled[key] = self._outcome_number(self._changed(outcome, values))
        return found

    def _changed(self, outcome: int, values: Mapping[str, tuple[str, Any]]) -> Outcome:
        one = self._outcomes[outcome]
        if one.final is None:
            state = filled(self.state(Marking(one.branches, one.ended)), values)
            return Outcome(None, *self.marking(state))
        if one.final[0] == END:
            return Outcome((END, tuple([values.get(pair[0], pair) for pair in one.final[1]])))
        return one

    def _outcome_number(self, found: Outcome) -> int:
        number = self._outcome_numbers.setdefault(found, len(self._outcomes))
        if number == len(self._outcomes):
            self._outcomes.append(found)
        return number
