"""Time, as a port: the only way that code below the adapters learns it."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Wall clock in UTC, a monotonic clock, and waiting."""

    def now(self) -> datetime:
        """Give the time with zone UTC."""
        ...

    def monotonic_seconds(self) -> float:
        """Give seconds that never go back; only differences mean something."""
        ...

    def wait(self, seconds: float) -> None:
        """Return after that time."""
        ...
