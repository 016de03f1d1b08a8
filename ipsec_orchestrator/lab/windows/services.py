"""The Windows services of a simulated host, as far as IPsec and this program ask for them."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ipsec_orchestrator.lab.windows.imitated_error import (
    SERVICE_CANT_START,
    SERVICE_NOT_FOUND,
    ImitatedError,
)

POLICY_AGENT: Final = "PolicyAgent"
TASK_SCHEDULER: Final = "Schedule"
KEYING_SERVICE: Final = "IKEEXT"


class StartMode(StrEnum):
    """Start types in WMI's words."""

    AUTO = "Auto"
    MANUAL = "Manual"
    DISABLED = "Disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceState:
    """One service."""

    name: str
    display_name: str
    start_mode: StartMode
    running: bool


# What a Windows Server 2016 or later looks like before the first assignment.
INITIAL_SERVICES: Final = (
    ServiceState(
        name=POLICY_AGENT,
        display_name="IPsec Policy Agent",
        start_mode=StartMode.MANUAL,
        running=False,
    ),
    ServiceState(
        name=KEYING_SERVICE,
        display_name="IKE and AuthIP IPsec Keying Modules",
        start_mode=StartMode.MANUAL,
        running=False,
    ),
    ServiceState(
        name="BFE", display_name="Base Filtering Engine", start_mode=StartMode.AUTO, running=True
    ),
    ServiceState(
        name="gpsvc", display_name="Group Policy Client", start_mode=StartMode.AUTO, running=True
    ),
    ServiceState(
        name="WinRM",
        display_name="Windows Remote Management (WS-Management)",
        start_mode=StartMode.AUTO,
        running=True,
    ),
    ServiceState(
        name=TASK_SCHEDULER,
        display_name="Task Scheduler",
        start_mode=StartMode.AUTO,
        running=True,
    ),
)


class Services:
    """All services of one host. Safe for several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_name = {found.name.casefold(): found for found in INITIAL_SERVICES}

    def all(self) -> tuple[ServiceState, ...]:
        """Give all services as they are now."""
        with self._lock:
            return tuple(self._by_name.values())

    def get(self, name: str) -> ServiceState:
        """Give one service.

        Raises:
            ImitatedError: There is none of that name.
        """
        with self._lock:
            return self._get(name)

    def set_start_mode(self, name: str, start_mode: StartMode) -> None:
        """Change how a service starts.

        Raises:
            ImitatedError: There is none of that name.
        """
        with self._lock:
            self._put(replace(self._get(name), start_mode=start_mode))

    def start(self, name: str) -> bool:
        """Start a service; tell whether it was stopped before.

        Raises:
            ImitatedError: There is none of that name, or it is disabled.
        """
        with self._lock:
            found = self._get(name)
            if found.start_mode is StartMode.DISABLED:
                raise ImitatedError(SERVICE_CANT_START, name)
            self._put(replace(found, running=True))
            return not found.running

    def stop(self, name: str) -> None:
        """Stop a service.

        Raises:
            ImitatedError: There is none of that name.
        """
        with self._lock:
            self._put(replace(self._get(name), running=False))

    def boot(self) -> None:
        """Start what starts by itself, as a start of the host does; everything else is stopped."""
        with self._lock:
            for found in tuple(self._by_name.values()):
                self._put(replace(found, running=found.start_mode is StartMode.AUTO))

    def disable_only(self, names: Iterable[str]) -> None:
        """Disable and stop these services; give others that are disabled their first state back."""
        keys = {name.casefold() for name in names}
        first = {found.name.casefold(): found for found in INITIAL_SERVICES}
        with self._lock:
            for key, found in self._by_name.items():
                if key in keys:
                    self._put(replace(found, start_mode=StartMode.DISABLED, running=False))
                elif found.start_mode is StartMode.DISABLED:
                    self._put(first[key])

    def _get(self, name: str) -> ServiceState:
        found = self._by_name.get(name.casefold())
        if found is None:
            raise ImitatedError(SERVICE_NOT_FOUND, name)
        return found

    def _put(self, service: ServiceState) -> None:
        self._by_name[service.name.casefold()] = service
