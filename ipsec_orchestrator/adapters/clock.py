"""The system's time."""

import threading
import time
from datetime import UTC, datetime

from typing_extensions import override

from ipsec_orchestrator.ports import Clock


class SystemClock(Clock):
    """Wall clock and waiting; a wait can be cut short from another thread."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    @override
    def now(self) -> datetime:
        return datetime.now(UTC)

    @override
    def monotonic_seconds(self) -> float:
        return time.monotonic()

    @override
    def wait(self, seconds: float) -> None:
        # An Event instead of sleep: stop() ends the waits of all threads at once.
        self._stopped.wait(seconds)

    def stop(self) -> None:
        """End every wait, now and from now on: the program is being left."""
        self._stopped.set()
