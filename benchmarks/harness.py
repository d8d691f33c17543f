"""Takes times and says what they are worth: median, spread, and under which load."""

import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text

REFERENCES = {
    "M1": "Spiff-Arena 70 (SQLite), 98 ms (PostgreSQL)",
    "M1b": "Spiff-Arena 110 statements, 5 commits",
    "M2": "SpiffWorkflow alone: 9 x from the 10th to the 200th loop",
    "M4": "Spiff-Arena 14 a second; 22 ms for 2,000 due",
}
"""What others reached on the same machine in November 2026, where it was not measured again."""
_GOAL = re.compile(r"^(<=|>=)\s*([\d.,]+)")


@dataclass(frozen=True)
class Figure:
    """One measured figure with its goal."""

    goal_id: str
    what: str
    unit: str
    reached: float
    low: float
    high: float
    runs: int
    goal: str
    """`<= 10`, `>= 400 a second`; empty for what is measured and has no goal."""
    spread: str = "10 % to 90 %"
    """What `low` and `high` are."""

    @property
    def ratio(self) -> float | None:
        """Return how much of the goal is used up: up to 1 it is reached. None without a goal."""
        found = _GOAL.match(self.goal)
        if found is None or not self.reached:
            return None
        wanted = float(found[2].replace(",", ""))
        return self.reached / wanted if found[1] == "<=" else wanted / self.reached

    def as_dict(self) -> dict[str, Any]:
        """Return the figure for machines."""
        return asdict(self)


def measure(work: Callable[[], object]) -> tuple[float, float]:
    """Return wall and processor time of one call in milliseconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return (time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000


def in_turn(works: Sequence[Callable[[], object]], runs: int) -> list[list[float]]:
    """Return the wall times of each, taken in turn: a machine that slows down slows all of them.

    The first five rounds fill caches and do not count.
    """
    rounds = [[measure(work)[0] for work in works] for _ in range(runs + 5)]
    return [list(times) for times in zip(*rounds[5:], strict=True)]


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


def ninety_fifth(
    goal_id: str, what: str, values: Iterable[float], *, unit: str, goal: str
) -> Figure:
    """Return the 95th percentile, with the median and the greatest beside it."""
    ordered = sorted(values)
    rank = min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))
    middle, most = statistics.median(ordered), ordered[-1]
    shown = (round(ordered[rank], 3), round(middle, 3), round(most, 3))
    return Figure(goal_id, what, unit, *shown, len(ordered), goal, "median to greatest")


def single(goal_id: str, what: str, value: float, unit: str, goal: str) -> Figure:
    """Return a figure that was taken once, or worked out from others."""
    return Figure(goal_id, what, unit, value, value, value, 1, goal, "")


def load() -> str:
    """Return the load of the machine: times taken on a busy one are worth little."""
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())


def machine() -> str:
    """Return what the figures were taken on: processors, memory, versions."""
    return (
        f"{os.cpu_count()} processors ({_processor()}), {_memory():.0f} GB of memory, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def database(url: str) -> str:
    """Return version and durability of a PostgreSQL server: without them a commit costs nothing."""
    asked = ("server_version", "fsync", "synchronous_commit")
    engine = create_engine(url)
    with engine.connect() as connection:
        version, *kept = [connection.scalar(text(f"SHOW {name}")) for name in asked]
    engine.dispose()
    told = ", ".join(f"{name} {value}" for name, value in zip(asked[1:], kept, strict=True))
    return f"PostgreSQL {version} with {told}"


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def _memory() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as a markdown table."""
    head = "| id | what | reached | spread | runs | goal | | others |"
    return "\n".join([head, "|---|---|---|---|---|---|---|---|", *map(_line, figures)])


def _line(one: Figure) -> str:
    ratio = one.ratio
    verdict = "" if ratio is None else "reached" if ratio <= 1 else "**missed**"
    spread = f"{one.low:g} to {one.high:g}" if one.spread else ""
    other = REFERENCES.get(one.goal_id, "") if one.goal else ""
    return (
        f"| {one.goal_id} | {one.what} | {one.reached:g} {one.unit} | {spread} | {one.runs} "
        f"| {one.goal} | {verdict} | {other} |"
    )
