"""Counts what an installation does, for Prometheus: how often and how long, never whose (S18).

Where CASETABLE_METRICS_DIR names a folder, all processes of a machine count into files there, and
`casetable metrics` adds them up and serves them. Without it nothing is counted and nothing loaded.

Labels come from short lists of the program (groups of pages, kinds of work), never from an
address, a person or a case: what a monitoring system keeps is out of our hands.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine.errors import SettingsError

PLACE = "PROMETHEUS_MULTIPROC_DIR"
"""Where the library looks for the folder, once, when it is loaded."""
QUICK = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
LATE = (1.0, 5.0, 15.0, 60.0, 300.0, 3600.0, 86400.0)
METHODS = frozenset({"GET", "POST"})


class Meters:
    """The figures of one process."""

    def __init__(self) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        self.requests = Histogram(
            "casetable_http_request_seconds",
            "How long pages took, by topic, method and class of status.",
            ["topic", "method", "status"],
            buckets=QUICK,
        )
        self.turns = Histogram(
            "casetable_turn_seconds",
            "How long the engine took for one turn of a case, without the commit.",
            buckets=QUICK,
        )
        self.lateness = Histogram(
            "casetable_due_lateness_seconds",
            "How late what was due was done, by kind.",
            ["kind"],
            buckets=LATE,
        )
        self.failed = Counter(
            "casetable_due_set_aside",
            "Due pieces that a look left: they failed or, but for timers, another worker has them.",
            ["kind"],
        )
        self.looked = Gauge(
            "casetable_worker_last_look_timestamp_seconds",
            "When a worker of this machine last looked at what is due, and could.",
            multiprocess_mode="max",
        )
        self.connections = Gauge(
            "casetable_database_connections",
            "Connections that processes of this machine have in use.",
            multiprocess_mode="livesum",
        )


_meters: Meters | None = None


def begin(folder: Path | None) -> None:
    """Count into files in `folder` from now on; None: count nothing.

    Raises SettingsError when the folder cannot be written.
    """
    global _meters  # noqa: PLW0603 - one process has one set of figures
    if folder is None or _meters is not None:
        return
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise SettingsError(
            "CASETABLE_METRICS_DIR: make the folder and let the user of the processes write it."
        )
    os.environ[PLACE] = str(folder)
    _meters = Meters()


def note_request(topic: str, method: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    if _meters is not None:
        known = method if method in METHODS else "other"
        _meters.requests.labels(topic, known, f"{status // 100}xx").observe(seconds)


@contextmanager
def timing_turns(count: int) -> Iterator[None]:
    """Time `count` turns that are taken together: each with its part of the time."""
    meters, begun = _meters, time.perf_counter()
    try:
        yield
    finally:
        if meters is not None:
            for _ in range(count):
                meters.turns.observe((time.perf_counter() - begun) / count)


def note_done(kind: str, late: timedelta) -> None:
    """Count one due piece that was done, `late` after it was due."""
    if _meters is not None:
        _meters.lateness.labels(kind).observe(max(late.total_seconds(), 0.0))


def note_failed(kind: str) -> None:
    """Count one due piece that was left."""
    if _meters is not None:
        _meters.failed.labels(kind).inc()


def note_look() -> None:
    """Note that the worker has looked."""
    if _meters is not None:
        _meters.looked.set(time.time())


def note_connections(count: int) -> None:
    """Note how many connections this process has in use."""
    if _meters is not None:
        _meters.connections.set(count)


def forget(process: int) -> None:
    """Take away what only a living process has, of one that ended; what it counted stays."""
    if _meters is not None:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(process)  # type: ignore[no-untyped-call]


def gather(folder: Path) -> Any:
    """Return the registry that adds up what the processes of this machine have counted."""
    os.environ[PLACE] = str(folder)
    from prometheus_client import CollectorRegistry, multiprocess

    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(  # type: ignore[no-untyped-call]
        registry, path=str(folder)
    )
    return registry
