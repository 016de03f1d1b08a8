"""The record of passes of a state folder."""

from collections.abc import Callable

from ipsec_orchestrator.adapters.clock import SystemClock
from ipsec_orchestrator.adapters.pass_files import PassFiles
from ipsec_orchestrator.app.options import StatePlace
from ipsec_orchestrator.ports import Clock, Passes

Tell = Callable[[str], None]


def pass_store(place: StatePlace, clock: Clock | None = None, tell: Tell | None = None) -> Passes:
    """Give the record of passes; nothing is opened or made before it is used.

    Args:
        place: Where it lies.
        clock: For the times of events; the system's own if there is no world with another.
        tell: Hears of damage, and what was done about it.
    """
    return PassFiles(place.folder, clock or SystemClock(), tell or _nobody)


def _nobody(text: str) -> None:
    del text
