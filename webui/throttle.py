"""Slows down whoever uses the public report page too often, without keeping who it was (S10).

Counted in memory: the address of somebody who reports a concern is stored nowhere. Attempts to
sign in are counted in the database instead, see engine/throttle.py.
"""

from collections import deque
from datetime import datetime, timedelta
from threading import Lock

from engine.errors import TooManyAttemptsError


class Throttle:
    """Allows `limit` attempts per key within `window`, counted in this process."""

    def __init__(self, limit: int, window: timedelta, most_keys: int = 10_000) -> None:
        self.limit = limit
        self.window = window
        self._most_keys = most_keys
        self._attempts: dict[str, deque[datetime]] = {}
        self._lock = Lock()

    def check(self, key: str, now: datetime) -> None:
        """Raise TooManyAttemptsError when the key has used up its attempts."""
        with self._lock:
            if len(self._recent(key, now)) >= self.limit:
                minutes = int(self.window.total_seconds() // 60)
                raise TooManyAttemptsError(f"Too many attempts; wait {minutes} minutes and retry.")

    def count(self, key: str, now: datetime) -> None:
        """Count one attempt of the key."""
        with self._lock:
            self._recent(key, now).append(now)

    def forget(self) -> None:
        """Forget all attempts: after a restart, between tests."""
        with self._lock:
            self._attempts.clear()

    def _recent(self, key: str, now: datetime) -> deque[datetime]:
        # Threat: a flood of invented keys would fill the memory; the oldest key has to go.
        if key not in self._attempts and len(self._attempts) >= self._most_keys:
            self._attempts.pop(next(iter(self._attempts)))
        attempts = self._attempts.setdefault(key, deque(maxlen=self.limit))
        while attempts and now - attempts[0] > self.window:
            attempts.popleft()
        return attempts
