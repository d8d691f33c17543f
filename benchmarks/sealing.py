"""S14: what sealing costs in processor time: one value closed and opened, one key opened."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from benchmarks.harness import Figure, figure, measure
from engine import keyring
from engine.keyring import Keyring, Place
from engine.masterkey import MasterKeys, line

IN_A_ROW = 1000
RUNS = 20
SIZE = 400
GOAL = "a page of 200 values below 5 ms"


def run(*, quick: bool) -> list[Figure]:
    """Take the figures in microseconds of processor time."""
    case_id = uuid4()
    master = MasterKeys(text=line(1))
    ring = Keyring(master)
    key = keyring.wrap(master, case_id, 1, b"k" * 32)
    ring.learn(key)
    place = Place("note", "text", "text", str(uuid4()), case_id)
    closed = ring.close(place, "x" * SIZE)
    works: dict[str, Callable[[], Any]] = {
        f"close a value of {SIZE} letters": lambda: ring.close(place, "x" * SIZE),
        f"open a value of {SIZE} letters": lambda: ring.open(place, closed),
        "open the key of a case": lambda: keyring.unwrap(master, key),
    }
    runs = 3 if quick else RUNS
    return [_taken(what, work, runs) for what, work in works.items()]


def _taken(what: str, work: Callable[[], Any], runs: int) -> Figure:
    def many() -> None:
        for _ in range(IN_A_ROW):
            work()

    times = [measure(many)[1] * 1000 / IN_A_ROW for _ in range(runs)]
    return figure("S14", what, times, unit="µs", goal=GOAL)
