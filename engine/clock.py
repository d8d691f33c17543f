"""Says what time it is. Everything that needs the time is handed a Clock (docs/decisions.md)."""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """A source of the current instant."""

    def now(self) -> datetime:
        """Return the current instant, aware and in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)


class TestClock:
    """A clock that moves only when told: tests, scenarios, play."""

    __test__ = False  # pytest must not take it for a test class

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError("A test clock starts at an aware instant, e.g. with tzinfo=UTC.")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the instant that was last set."""
        return self._now

    def set(self, instant: datetime) -> None:
        """Move to `instant`; time never runs backwards."""
        moved = instant.astimezone(UTC)
        if moved < self._now:
            raise ValueError("A test clock does not run backwards.")
        self._now = moved

    def advance(self, delta: timedelta) -> None:
        """Move forward by `delta`."""
        self.set(self._now + delta)
