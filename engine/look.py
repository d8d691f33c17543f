"""Chooses what a worker does next of all that is due, also while others choose at the same time."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from secrets import SystemRandom
from typing import Final

from sqlalchemy.orm import Session

from engine.agenda import BATCH, Due, find_due

SHARED = 8
"""Times a batch: of so much each of several workers takes a part, so that they seldom meet."""
RANDOM: Final = SystemRandom()


@dataclass
class Look:
    """What one look has left, and whether others look at the same time."""

    left: set[Due] = field(default_factory=set)
    is_shared: bool = False

    def groups(self, batch: list[Due]) -> Iterator[list[Due]]:
        """Yield the pieces in their order, timers that follow each other together.

        Where another worker turns up meanwhile, what it takes too is let go.
        """
        was_shared = self.is_shared
        for is_timers, found in groupby(batch, lambda due: due.kind == "timer"):
            for group in [[*found]] if is_timers else [[due] for due in found]:
                if self.is_shared and not was_shared:
                    return
                yield group

    def batch(self, session: Session, now: datetime) -> list[Due]:
        """Return the next pieces, oldest first, without those that were left.

        Workers that take the same oldest pieces would wait for each other's locks and find half
        of them done. As soon as one meets another, it takes a random part of more than it does.
        Timers are locked as they are found, so workers cannot meet at them.
        """
        most = BATCH * (SHARED if self.is_shared else 1)
        # As many more as were left: the oldest must not hide the rest.
        owed = find_due(session, now, most + len(self.left))
        # What is owed no longer, because somebody else did it, need not be known any more.
        self.left.intersection_update(owed)
        owed = [due for due in owed if due not in self.left]
        return part(owed) if owed and self.is_shared else owed


def part(owed: list[Due]) -> list[Due]:
    """Return a random part; what is owed of one step stays together, so that its order holds.

    It is of the kind that is owed the longest: else its last would wait for their luck
    among hundreds of mails that came after them.
    """
    first = [due for due in owed if due.kind == owed[0].kind]
    ids = sorted({due.id for due in first})
    chosen = set(RANDOM.sample(ids, min(BATCH, len(ids))))
    return [due for due in owed if due.id in chosen]
