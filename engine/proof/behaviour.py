"""Works out once what can happen in a branch, wherever it is met again.

Nearly all that happens in a branch neither asks for other branches nor changes them, and most
variables are only carried along. So it is worked out on a board of its own, and what it depends on
is remembered: what was asked of the other branches, and which variables were touched. It holds
wherever that is the same. Where it would change another branch, all branches are put on one board.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from engine.proof.branch import NOTHING, Branch, Branches, Marking
from engine.proof.graph import Happening, Happenings
from engine.proof.marking import Beside, Board, NotAloneError, State, Surroundings
from engine.proof.memory import Alone, Memory, Moves, Pieces, Worked
from engine.proof.semantics import Semantics
from engine.proof.shape import Shaped
from engine.proof.stimulus import Found, Stimulus, Work, of_message, of_steps, stimuli

NO_OTHERS: Final = Beside()
Happen = Callable[[Board], Found]
"""Lets something happen on a board."""


class Behaviour:
    """What can happen in the branches of one net, remembered."""

    def __init__(self, semantics: Semantics) -> None:
        self.semantics = semantics
        self.branches = Branches(semantics)
        self.events: list[tuple[tuple[int, Any], ...]] = []
        """What happens on edges, each once."""
        self._event_numbers: dict[tuple[tuple[int, Any], ...], int] = {}
        self._besides: list[Beside] = []
        self._beside_numbers: dict[Marking, int] = {}
        self._memories: dict[State, Memory] = {}

    def moves(self, marking: Marking) -> Iterator[tuple[Moves, Marking]]:
        """Yield what can happen in a marking, in order, with the rest of the marking beside it."""
        branches, ended = marking
        state = self.branches.state(marking)
        if len(branches) != len(set(branches)):
            # Of two branches that are the same the steps count once.
            yield self.moves_of(stimuli(self.semantics, state)), NOTHING
            return
        whole = Shaped(state)
        messages: dict[str, tuple[Moves | None, Marking]] = {}
        for place, number in enumerate(branches):
            rest = Marking(branches[:place] + branches[place + 1 :], ended)
            alone = self._alone(self.branches[number], rest)
            for piece in alone.steps:
                if isinstance(piece, int):
                    yield self._step(whole, place, piece), NOTHING
                else:
                    yield piece, rest
            for name, one in alone.messages.items():
                messages[name] = (one, rest)
        for name in sorted(messages):
            found, rest = messages[name]
            yield (self._message(whole, name), NOTHING) if found is None else (found, rest)

    def moves_of(self, found: Iterable[tuple[Stimulus, Work]]) -> Moves:
        """Return what can happen with the outcomes, each outcome once."""
        return self._moves((stimulus, work()) for stimulus, work in found)

    # -- in a branch -----------------------------------------------------------------------------

    def _alone(self, branch: Branch, rest: Marking) -> Alone:
        """Return what can happen in a branch beside the rest of a marking."""
        number = self._beside_numbers.get(rest)
        if number is None:
            number = self._beside_numbers[rest] = self._seen(rest)
        found = branch.met.get(number)
        if found is None:
            found = branch.met[number] = self._met(branch, self._besides[number])
        return found

    def _seen(self, rest: Marking) -> int:
        found = self.branches.beside(rest)
        if found not in self._besides:
            self._besides.append(found)
        return self._besides.index(found)

    def _met(self, branch: Branch, beside: Beside) -> Alone:
        def steps(board: Board) -> Found:
            return of_steps(self.semantics, board, board.tokens)

        messages: dict[str, Moves | None] = {}
        for name in branch.signs.messages:
            (piece,) = self._remembered(branch.shaped, name, beside, self._hearing(name))
            messages[name] = None if isinstance(piece, int) else piece
        return Alone(self._remembered(branch.shaped, None, beside, steps), messages)

    def _hearing(self, name: str) -> Happen:
        return lambda board: iter([of_message(self.semantics, board, name)])

    # -- in all branches together ----------------------------------------------------------------

    def _step(self, whole: Shaped, branch: int, number: int) -> Moves:
        """Return what one of the steps and timers of a branch does to all branches."""

        def step(board: Board) -> Found:
            starts = [
                place
                for place, token in enumerate(board.tokens.values())
                if board.scopes[token.scope].host is None
            ]
            keys = islice(board.tokens, starts[branch], (*starts, None)[branch + 1])
            return islice(of_steps(self.semantics, board, keys), number, number + 1)

        return _only(self._remembered(whole, (branch, number), NO_OTHERS, step))

    def _message(self, whole: Shaped, name: str) -> Moves:
        """Return what a message does to all branches."""
        return _only(self._remembered(whole, name, NO_OTHERS, self._hearing(name)))

    # -- what was worked out ---------------------------------------------------------------------

    def _remembered(self, shaped: Shaped, what: Hashable, beside: Beside, happen: Happen) -> Pieces:
        """Return what happens on a board, worked out anew where it depends on something else."""
        if shaped.memory is None:
            shaped.memory = self._memories.setdefault(shaped.shape, {})
        known = shaped.memory.setdefault(what, [])
        given = shaped.given
        for worked in known:
            if worked.holds(beside, given):
                return self._filled(worked, shaped)
        board = shaped.board
        board.surroundings = surroundings = Surroundings(beside)
        pieces = tuple(self._pieces(happen(board)))
        touched = given.keys() if surroundings.touched_all else surroundings.touched & given.keys()
        known.append(
            Worked(
                surroundings.answers,
                {name: given[name] for name in touched},
                {name: value for name, value in given.items() if name not in touched},
                pieces,
            )
        )
        return pieces

    def _filled(self, worked: Worked, shaped: Shaped) -> Pieces:
        """Return what was worked out with the variables of another marking of the shape."""
        values = worked.differing(shaped.given)
        if not values:
            return worked.pieces
        return tuple(
            piece
            if isinstance(piece, int)
            else Moves(
                piece.happenings,
                tuple([self.branches.with_values(one, values) for one in piece.outcomes]),
            )
            for piece in worked.pieces
        )

    def _pieces(self, found: Iterable[tuple[Stimulus, Work]]) -> Iterator[Moves | int]:
        """Yield what happens on a board, in one where nothing between changes other branches."""
        done: list[tuple[Stimulus, list[Board]]] = []
        for number, (stimulus, work) in enumerate(found):
            try:
                done.append((stimulus, work()))
            except NotAloneError:
                if done:
                    yield self._moves(done)
                    done = []
                yield number
        if done:
            yield self._moves(done)

    def _moves(self, found: Iterable[tuple[Stimulus, list[Board]]]) -> Moves:
        places: dict[int, int] = {}
        each: list[tuple[int, Happening]] = []
        for stimulus, boards in found:
            for board in boards:
                place = places.setdefault(self.branches.outcome(board), len(places))
                each.append((place, self._happening(stimulus, board)))
        return Moves(Happenings(tuple(each)), tuple(places))

    def _happening(self, stimulus: Stimulus, board: Board) -> Happening:
        events = tuple(board.events)
        number = self._event_numbers.setdefault(events, len(self.events))
        if number == len(self.events):
            self.events.append(events)
        events = self.events[number]
        return Happening(stimulus, number, events, tuple(board.choices), tuple(board.flaws))


def _only(pieces: Pieces) -> Moves:
    """Return the one piece, of which nothing is left out where all branches are on the board."""
    (found,) = (piece for piece in pieces if isinstance(piece, Moves))
    return found
