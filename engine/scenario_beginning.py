"""What many stories begin with is played once: where a shared part ends, the world is copied.

More than half of the steps of a profile's stories stand in parts that others use, too (M8). The
same steps on the same set from the same first database come to the same end; a story that begins
with them goes on from the copy. Nothing is kept of a beginning that went wrong.
"""

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from engine.scenario_world import Kept, World

MOST = 24
"""Beginnings kept in a process, each a database in memory of some megabytes."""


@dataclass(frozen=True)
class Begun:
    """How far a story had come at the end of a part."""

    world: Kept
    log: tuple[str, ...]


@dataclass
class Beginnings:
    """The beginnings that this process has played, the last one asked for at the end."""

    most: int = MOST
    _kept: OrderedDict[bytes, Begun] = field(default_factory=OrderedDict)

    def keep(self, key: bytes, world: World, log: Sequence[str]) -> None:
        """Copy a world where a part ended as told."""
        self._kept[key] = Begun(world.kept(), tuple(log))
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)

    def find(self, keys: Mapping[int, bytes]) -> tuple[int, Begun] | None:
        """Return the longest beginning that was played before, and how many steps it has."""
        for end in sorted(keys, reverse=True):
            if (found := self._kept.get(keys[end])) is not None:
                self._kept.move_to_end(keys[end])
                return end, found
        return None


def keys_of(
    world: World, steps: Sequence[Mapping[str, Any]], ends: Sequence[int], *, passing: bool
) -> dict[int, bytes]:
    """Return a key for each end of a part: all that decides how a world looks there.

    `passing` says whether steps that nobody owes are passed over.
    """
    found = dict[int, bytes]()
    said = sha256(repr((world.stands_on, passing)).encode())
    for number, step in enumerate(steps[: max(ends, default=0)], start=1):
        # A date and its text are written alike and are not the same answer.
        said.update(json.dumps(step, sort_keys=True, default=repr).encode() + b"\n")
        if number in ends:
            found[number] = said.digest()
    return found
