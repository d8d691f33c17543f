"""Keeps the worker beside the pages alive, for `casetable up`."""

import subprocess
import time
from collections.abc import Sequence

import click

GRACE = 10.0
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


class WorkerKeeper:
    """Starts the worker and starts it anew when it ends by itself, each time after a longer pause.

    A worker that stays away is a check-in that nobody is told of; it must not need a person.
    """

    def __init__(self, command: Sequence[str], first_pause: float = FIRST_PAUSE) -> None:
        """Keep `command` running; `first_pause` is in seconds and doubles up to a minute."""
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._first_pause = first_pause
        self._pause = first_pause
        self._again_at: float | None = None
        self._started_at = 0.0

    def start(self) -> None:
        """Start the worker."""
        self._again_at = None
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(self._command)  # noqa: S603 - our own command

    def look(self) -> None:
        """Start the worker anew when it has ended and its pause is over."""
        if self._process is None or self._process.poll() is None:
            return
        now = time.monotonic()
        if self._again_at is None:
            if now - self._started_at > LONGEST_PAUSE:
                self._pause = self._first_pause
            self._again_at = now + self._pause
            click.echo(
                f"The worker has stopped; it is started again in {self._pause:g} s.",
                err=True,
            )
            self._pause = min(2 * self._pause, LONGEST_PAUSE)
        elif now >= self._again_at:
            self.start()

    def stop(self) -> None:
        """Ask the worker to end, and end it when it does not."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
