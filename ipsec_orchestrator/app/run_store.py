"""The run store of a state folder."""

from collections.abc import Callable

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.sqlite_runs import SqliteRuns
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.ports import Clock, RunStore

Tell = Callable[[str], None]


def run_store(place: StatePlace, clock: Clock | None = None, tell: Tell | None = None) -> RunStore:
    """Give the store; nothing is opened or made before it is used.

    Args:
        place: Where it lies.
        clock: For the times of events; the system's own if there is no world with another.
        tell: Hears of damage, and what was done about it.
    """
    return SqliteRuns(place.folder, clock or SystemClock(), tell or _nobody)


def _nobody(text: str) -> None:
    del text
