"""Where a case is: which steps are open, with the variables that still matter, as one value.

A marking is written twice: as a `Board` on which steps are moved, and as a nested tuple that can
be compared and kept. Both say the same.
"""

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from engine.errors import CasetableError

BEGIN: Final = "begin"
"""The first entry of the marking before the start."""
END: Final = "end"
"""The first entry of a marking in which the whole process is over."""
FLAW: Final = "flaw"
"""The first entry of a marking in which the process cannot go on, with what is wrong and where."""
READY: Final = "ready"
"""To be run at once."""
OPENING: Final = "opening"
"""The note of a step with events on its border that is about to open together with them."""
OPEN_STEP: Final = "open"
"""Waits for a person, an event or the confirmation of an effect."""
RUNNING: Final = "running"
"""A call activity or sub-process in which something goes on."""
ARRIVED: Final = "arrived"
"""Waits at a gateway for other branches."""

Values = tuple[tuple[str, Any], ...]
"""Variables by name, in order."""
State = tuple[Any, ...]
"""A marking as a value."""


def only(values: Values, names: Container[str]) -> Values:
    """Return the variables of some names."""
    return tuple([pair for pair in values if pair[0] in names])


class Base(NamedTuple):
    """The variables where branches parted, and the parting around that one."""

    values: Values
    around: "Base | None"


class Token(NamedTuple):
    """One live step."""

    node: int
    scope: int
    phase: str
    values: Values = ()
    base: Base | None = None
    note: Any = None
    """How a step goes on: the flow it came by, the event that came, how many entries are left."""
    armed: Values = ()
    """The variables that the events on its border begin with."""
    fired: frozenset[int] = frozenset()
    """Timers on its border that are used up."""
    origin: int | None = None
    """The event that does not interrupt and opened this branch."""


Ended = tuple[tuple[Values, Base | None], ...]
"""The variables of branches that have ended."""


class Scope(NamedTuple):
    """One active process or sub-process."""

    level: str
    host: int | None
    ended: Ended = ()


Question = tuple[str, ...]
"""A field of `Beside`; or "hears" with the kind and the name of an event."""


class Beside(NamedTuple):
    """What there is in the root process beside the steps on a board."""

    others: bool = False
    """Other steps are open."""
    handlers: int = 0
    """How many branches of events that do not interrupt are open."""
    heard: frozenset[tuple[str, str]] = frozenset()
    """The messages and signals that something waits for, by kind and name."""
    ended: Ended = ()

    def answer(self, question: Question) -> Any:
        """Return the answer to a question about what is not on the board."""
        if question[0] == "hears":
            return question[1:] in self.heard
        return getattr(self, question[0])


class NotAloneError(CasetableError):
    """What happens on a board changes steps that are not on it."""


class Surroundings:
    """Answers what is asked of `Beside`, and remembers on what it depends what happens.

    Beside whatever gives the same answers, the same happens on a board on which the variables that
    were touched have the same values.
    """

    def __init__(self, beside: Beside) -> None:
        self._beside = beside
        self.answers: dict[Question, Any] = {}
        self.touched: set[str] = set()
        """The variables that were looked at or set; the others were only carried along."""
        self.touched_all = False

    def ask(self, *question: str) -> Any:
        """Return the answer to a question."""
        answer = self.answers[question] = self._beside.answer(question)
        return answer

    def refuse_if(self, *question: str) -> None:
        """Raise NotAloneError when the answer is yes."""
        if self.ask(*question):
            raise NotAloneError(question[0])

    def touch(self, names: Iterable[str]) -> None:
        """Remember that variables are looked at or set."""
        self.touched.update(names)

    def touch_all(self) -> None:
        """Remember that any variable may be looked at: branches are compared with each other."""
        self.touched_all = True


NOTHING_BESIDE: Final = Surroundings(Beside())
"""All that is open is on the board."""


@dataclass
class Board:
    """A marking on which steps are moved; copied before a choice."""

    tokens: dict[int, Token] = field(default_factory=dict)
    scopes: dict[int, Scope] = field(default_factory=dict)
    following: int = 1
    done: Values | None = None
    """The variables at the end, once everything has ended."""
    events: list[tuple[int, Values]] = field(default_factory=list)
    """What was completed since the last wait, in order, with the variables that rules look at."""
    choices: list[tuple[int, Any]] = field(default_factory=list)
    """What was assumed about automatic steps: outputs, answers of open conditions."""
    flaws: list[tuple[str, int]] = field(default_factory=list)
    ranks: dict[int, int] = field(default_factory=dict)
    """Which of several processes as deep as each other goes first; else the one opened first."""
    cut: bool = False
    """An event came whose branch is not followed, since as many as are followed are open."""
    surroundings: Surroundings = NOTHING_BESIDE

    def copy(self) -> "Board":
        """Return a board of its own."""
        return Board(
            dict(self.tokens),
            dict(self.scopes),
            self.following,
            self.done,
            list(self.events),
            list(self.choices),
            list(self.flaws),
            dict(self.ranks),
            self.cut,
            self.surroundings,
        )

    def number(self) -> int:
        """Return a number that nothing has yet."""
        self.following += 1
        return self.following

    def within(self, scope: int) -> list[int]:
        """Return the live steps of a scope."""
        return [key for key, token in self.tokens.items() if token.scope == scope]

    def inner(self, host: int) -> int | None:
        """Return the scope that a step runs."""
        return next((key for key, scope in self.scopes.items() if scope.host == host), None)

    def depth(self, scope: int) -> int:
        """Return how many steps around a scope run it."""
        found = 0
        host = self.scopes[scope].host
        while host is not None:
            found += 1
            host = self.scopes[self.tokens[host].scope].host
        return found

    def around(self, token: int) -> Iterator[int]:
        """Yield the steps that run the scope of a step, the innermost first."""
        host = self.scopes[self.tokens[token].scope].host
        while host is not None:
            yield host
            host = self.scopes[self.tokens[host].scope].host

    def drop(self, key: int) -> None:
        """Take a step away with all that runs inside it."""
        self.tokens.pop(key, None)
        for number in [one for one, scope in self.scopes.items() if scope.host == key]:
            for inside in self.within(number):
                self.drop(inside)
            self.scopes.pop(number)


def names_of(ended: Iterable[tuple[Values, Base | None]]) -> Iterator[str]:
    """Yield the variables of branches, also those where they parted."""
    for values, base in ended:
        yield from (name for name, _ in values)
        if base is not None:
            yield from names_of([(base.values, base.around)])


def together(ended: Ended, more: Iterable[tuple[Values, Base | None]]) -> Ended:
    """Return the variables of branches that have ended, those that are the same once."""
    return tuple(sorted({*ended, *more}, key=repr))


def freeze(board: Board) -> State:
    """Return the marking as a value; equal markings give equal values."""
    if board.done is not None:
        return (END, board.done)
    root = next(key for key, scope in board.scopes.items() if scope.host is None)
    return _frozen(board, root)


def _frozen(board: Board, number: int) -> State:
    scope = board.scopes[number]
    hosted = {one.host: key for key, one in board.scopes.items()}
    inside = [
        (
            token.node,
            token.phase,
            token.values,
            token.base,
            token.note,
            token.armed,
            token.fired,
            token.origin,
            _frozen(board, hosted[key]) if key in hosted else None,
        )
        for key, token in board.tokens.items()
        if token.scope == number
    ]
    if len(inside) > 1:
        inside.sort(key=repr)
        if len({token[0] for token in inside}) < len(inside):
            # Of a step that is open twice the variables make the order.
            board.surroundings.touch_all()
    return (scope.level, tuple(inside), scope.ended)


def thaw(state: State) -> Board:
    """Return a board of a marking that has not ended."""
    board = Board()
    _thawed(board, state, None)
    return board


def _thawed(board: Board, state: State, host: int | None) -> None:
    level, inside, ended = state
    number = board.number()
    board.scopes[number] = Scope(level, host, ended)
    for node, phase, values, base, note, armed, fired, origin, inner in inside:
        key = board.number()
        board.tokens[key] = Token(node, number, phase, values, base, note, armed, fired, origin)
        if inner is not None:
            _thawed(board, inner, key)
