"""Works out once what can happen in a branch, whatever else is open beside it.

A branch is an open step of the root process with all that runs inside it. Nearly all that happens
there neither asks for other branches nor changes them: it is worked out on a board of its own, and
holds in every marking that has the branch. What is asked is remembered with the answer, and what is
worked out holds where the answers are the same. Where it would change another branch, the marking
is looked at as a whole.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, NamedTuple

from engine.proof import event
from engine.proof.graph import Happening, Moves
from engine.proof.marking import (
    FLAW,
    Beside,
    Board,
    Ended,
    NotAloneError,
    Question,
    State,
    Surroundings,
    freeze,
    thaw,
    together,
)
from engine.proof.semantics import Semantics
from engine.proof.stimulus import Stimulus, Work, awaited, of_message, of_steps, stimuli

Branches = tuple[int, ...]
"""The open branches of a marking by number, in the order of the marking."""


class Marking(NamedTuple):
    """A marking in which the process is not over."""

    branches: Branches
    ended: Ended


NOTHING: Final = Marking((), ())


class Outcome(NamedTuple):
    """What becomes of a branch."""

    final: State | None
    """The whole process is over, or cannot go on."""
    branches: Branches = ()
    """The branches in its place."""
    ended: Ended = ()
    """The variables of branches that end with it."""


Pieces = tuple[Moves | int, ...]
"""Things that can happen, in order; a number where one of them changes other branches."""


class Alone(NamedTuple):
    """What can happen in a branch; a gap where it changes others, so that all have to be seen."""

    steps: tuple[Moves | int, ...]
    """What steps and timers do; a gap is the number of one of them."""
    step_count: int
    messages: dict[str, Moves | None]


@dataclass
class _Branch:
    state: State
    """The marking with this branch alone."""
    order: str
    """Its place among other branches of a marking."""
    heard: frozenset[tuple[str, str]]
    messages: list[str]
    handlers: int
    known: dict[str, list[tuple[dict[Question, Any], Pieces, int]]] = field(default_factory=dict)
    """What each message does, and no message: steps and timers; by what was asked and answered."""
    met: dict[int, Alone] = field(default_factory=dict)
    """What can happen, by the number of what is beside it."""


class Workings:
    """What can happen in the branches of one net, remembered."""

    def __init__(self, semantics: Semantics) -> None:
        self.semantics = semantics
        self.root = semantics.net.root
        self._branches: list[_Branch] = []
        self._numbers: dict[Any, int] = {}
        self._outcomes: list[Outcome] = []
        self._outcome_numbers: dict[Outcome, int] = {}
        self._beside: dict[Marking, int] = {}
        self._besides: list[Beside] = []
        self.events: list[tuple[tuple[int, Any], ...]] = []
        """What happens on edges, each once."""
        self._event_numbers: dict[tuple[tuple[int, Any], ...], int] = {}

    # -- markings --------------------------------------------------------------------------------

    def marking(self, state: State) -> Marking:
        """Return a marking in which the process is not over by its branches."""
        _, inside, ended = state
        return Marking(tuple([self._number(one) for one in inside]), ended)

    def state(self, marking: Marking) -> State:
        """Return a marking as a value."""
        inside = tuple([self._branches[one].state[1][0] for one in marking.branches])
        return (self.root, inside, marking.ended)

    def placed(self, outcome: int, rest: Marking) -> Marking | State:
        """Return the marking that an outcome makes of the rest of a marking."""
        one = self._outcomes[outcome]
        if one.final is not None:
            return one.final
        branches = rest.branches
        if one.branches:
            branches = (*branches, *one.branches)
        if len(branches) > 1:
            branches = tuple(sorted(branches, key=lambda number: self._branches[number].order))
        return Marking(branches, together(rest.ended, one.ended) if one.ended else rest.ended)

    def _number(self, inside: Any) -> int:
        number = self._numbers.get(inside)
        if number is None:
            number = self._numbers[inside] = len(self._branches)
            self._branches.append(self._branch(inside))
        return number

    def _branch(self, inside: Any) -> _Branch:
        state: State = (self.root, (inside,), ())
        board = thaw(state)
        tokens = board.tokens.values()
        heard = frozenset(one for token in tokens for one in event.heard_at(self.semantics, token))
        messages = awaited(self.semantics, board)
        return _Branch(state, repr(inside), heard, messages, event.running(board))

    # -- what can happen -------------------------------------------------------------------------

    def moves(self, marking: Marking) -> Iterator[tuple[Moves, Marking]]:
        """Yield what can happen in a marking, in order, with the rest of the marking beside it."""
        branches, ended = marking
        if len(branches) != len(set(branches)):
            # Of two branches that are the same the steps count once.
            yield self.moves_of(stimuli(self.semantics, self.state(marking))), NOTHING
            return
        rests = [
            Marking(branches[:place] + branches[place + 1 :], ended)
            for place in range(len(branches))
        ]
        found = [self._alone(*one) for one in zip(branches, rests, strict=True)]
        whole = _Whole(self, marking)
        for alone, rest in zip(found, rests, strict=True):
            for piece in alone.steps:
                if isinstance(piece, Moves):
                    yield piece, rest
                else:
                    yield whole.step(piece), NOTHING
            whole.skip(alone.step_count)
        messages = {
            name: (moves, rest)
            for alone, rest in zip(found, rests, strict=True)
            for name, moves in alone.messages.items()
        }
        for name in sorted(messages):
            moves, rest = messages[name]
            yield (whole.message(name), NOTHING) if moves is None else (moves, rest)

    def _alone(self, number: int, rest: Marking) -> Alone:
        beside = self._beside.get(rest)
        if beside is None:
            beside = self._beside[rest] = self._seen(rest)
        branch = self._branches[number]
        found = branch.met.get(beside)
        if found is None:
            found = branch.met[beside] = self._worked_out(branch, self._besides[beside])
        return found

    def _seen(self, rest: Marking) -> int:
        """Return the number of what a branch may ask of the rest of a marking."""
        others = [self._branches[number] for number in rest.branches]
        found = Beside(
            bool(others),
            sum(one.handlers for one in others),
            frozenset[tuple[str, str]]().union(*(one.heard for one in others)),
            rest.ended,
        )
        if found not in self._besides:
            self._besides.append(found)
        return self._besides.index(found)

    def _worked_out(self, branch: _Branch, beside: Beside) -> Alone:
        steps, count = self._known(branch, beside, "")
        messages: dict[str, Moves | None] = {}
        for name in branch.messages:
            (piece,) = self._known(branch, beside, name)[0]
            messages[name] = piece if isinstance(piece, Moves) else None
        return Alone(steps, count, messages)

    def _known(self, branch: _Branch, beside: Beside, message: str) -> tuple[Pieces, int]:
        """Return what steps or a message do, worked out anew where other answers are given."""
        known = branch.known.setdefault(message, [])
        for answers, pieces, count in known:
            if all(beside.answer(question) == answer for question, answer in answers.items()):
                return pieces, count
        board = thaw(branch.state)
        board.surroundings = Surroundings(beside)
        found = (
            [of_message(self.semantics, board, message)]
            if message
            else list(of_steps(self.semantics, board))
        )
        pieces = tuple(self._pieces(found))
        known.append((board.surroundings.answers, pieces, len(found)))
        return pieces, len(found)

    def _pieces(self, found: list[tuple[Stimulus, Work]]) -> Iterator[Moves | int]:
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

    def moves_of(self, found: Iterable[tuple[Stimulus, Work]]) -> Moves:
        """Return what can happen with the outcomes, each outcome once."""
        return self._moves((stimulus, work()) for stimulus, work in found)

    def _moves(self, found: Iterable[tuple[Stimulus, list[Board]]]) -> Moves:
        places: dict[int, int] = {}
        happenings: list[tuple[int, Happening]] = []
        for stimulus, boards in found:
            for board in boards:
                place = places.setdefault(self._outcome(board), len(places))
                happenings.append((place, self._happening(stimulus, board)))
        return Moves(tuple(happenings), tuple(places))

    def _happening(self, stimulus: Stimulus, board: Board) -> Happening:
        events = tuple(board.events)
        number = self._event_numbers.setdefault(events, len(self.events))
        if number == len(self.events):
            self.events.append(events)
        events = self.events[number]
        return Happening(stimulus, number, events, tuple(board.choices), tuple(board.flaws))

    def _outcome(self, board: Board) -> int:
        if board.flaws:
            found = Outcome((FLAW, board.flaws[0]))
        elif board.done is not None:
            found = Outcome(freeze(board))
        else:
            found = Outcome(None, *self.marking(freeze(board)))
        number = self._outcome_numbers.setdefault(found, len(self._outcomes))
        if number == len(self._outcomes):
            self._outcomes.append(found)
        return number


class _Whole:
    """A marking with all its branches on one board, made where one of them changes others."""

    def __init__(self, workings: Workings, marking: Marking) -> None:
        self._workings = workings
        self._marking = marking
        self._skipped = 0

    @cached_property
    def _board(self) -> Board:
        return thaw(self._workings.state(self._marking))

    @cached_property
    def _steps(self) -> list[tuple[Stimulus, Work]]:
        return list(of_steps(self._workings.semantics, self._board))

    def skip(self, count: int) -> None:
        """Go on to the next branch, after so many things that can happen in this one."""
        self._skipped += count

    def step(self, number: int) -> Moves:
        """Return what one of the steps and timers of a branch does."""
        return self._workings.moves_of([self._steps[self._skipped + number]])

    def message(self, name: str) -> Moves:
        """Return what a message does."""
        return self._workings.moves_of([of_message(self._workings.semantics, self._board, name)])
