"""Rings the background workers after a commit. A ring is a help and never a need: they poll."""

import threading
from collections.abc import Callable
from importlib.metadata import entry_points

import structlog

from engine.settings import Settings

LOG = structlog.get_logger()
Ring = Callable[[], None]


class Bell:
    """Rings in a thread of its own, so that a dead broker delays no answer to a person."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wanted = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def ring(self) -> None:
        """Ask the workers to look now; several rings in a row become one."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
                self._thread.start()
        self._wanted.set()

    def _run(self) -> None:
        rings = [entry.load()(self._settings) for entry in entry_points(group="casetable.bell")]
        while True:
            self._wanted.wait()
            self._wanted.clear()
            for ring in rings:
                try:
                    ring()
                except Exception as error:  # noqa: BLE001 - the edge to any broker's library
                    LOG.info("bell_not_heard", kind=type(error).__name__)
