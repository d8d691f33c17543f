"""What was worked out of markings, and for which others it holds."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from engine.proof.graph import Happenings
from engine.proof.marking import Beside, Question


class Moves(NamedTuple):
    """Things that can happen, and their outcomes by number."""

    happenings: Happenings
    outcomes: tuple[int, ...]


Pieces = tuple[Moves | int, ...]
"""Things that can happen, in order; a number where one of them changes other branches."""


class Alone(NamedTuple):
    """What can happen in a branch beside something."""

    steps: Pieces
    messages: dict[str, Moves | None]
    """Nothing where a message changes other branches."""


@dataclass(frozen=True)
class Worked:
    """What was worked out on a board, and on what it depends."""

    answers: Mapping[Question, Any]
    touched: Mapping[str, Any]
    """Variables with the values that they must have."""
    carried: Mapping[str, Any]
    """Variables whose values may be others, with those that they had."""
    pieces: Pieces

    def holds(self, beside: Beside, given: Mapping[str, Any]) -> bool:
        """Say whether the same happens beside something and with some variables."""
        for name, value in self.touched.items():
            if not is_same(given[name], value):
                return False
        asked = self.answers.items()
        return all(beside.answer(question) == answer for question, answer in asked)

    def differing(self, given: Mapping[str, Any]) -> dict[str, tuple[str, Any]]:
        """Return the variables that are only carried along and have other values."""
        return {
            name: (name, given[name])
            for name, value in self.carried.items()
            if not is_same(given[name], value)
        }


Memory = dict[Hashable, list[Worked]]
"""What was worked out for markings of one shape, by what was to happen."""


def is_same(left: Any, right: Any) -> bool:
    """Say whether two values are one: true is not 1."""
    return left is right or (type(left) is type(right) and bool(left == right))
