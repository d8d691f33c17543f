"""Takes times and says what they are worth: median, spread, and under which load."""

import os
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One measured figure with its goal."""

    goal_id: str
    what: str
    unit: str
    median: float
    low: float
    high: float
    runs: int
    goal: str

    def as_dict(self) -> dict[str, Any]:
        """Return the figure for machines."""
        return asdict(self)


def measure(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and processor time of one call in milliseconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def figure(goal_id: str, what: str, values: Iterable[float], *, unit: str, goal: str) -> Figure:
    """Sum up repeated measurements by median, tenth and ninetieth percentile."""
    ordered = sorted(values)
    tenth = max(len(ordered) // 10, 0)
    return Figure(
        goal_id,
        what,
        unit,
        round(statistics.median(ordered), 3),
        round(ordered[tenth], 3),
        round(ordered[len(ordered) - 1 - tenth], 3),
        len(ordered),
        goal,
    )


def load() -> str:
    """Return the load of the machine: times taken on a busy one are worth little."""
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as a markdown table."""
    lines = ["| id | what | median | 10 % to 90 % | runs | goal |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {f.goal_id} | {f.what} | {f.median:g} {f.unit} | {f.low:g} to {f.high:g} "
        f"| {f.runs} | {f.goal} |"
        for f in figures
    ]
    return "\n".join(lines)
