"""What the person at the keyboard may say beside the files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ipsec_orchestrator.model.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOptions:
    """Who we are and where we go, where the inventory is not enough.

    Attributes:
        user: From ``--user``.
        password: From the prompt.
        dc: The DC to use instead of the PDC emulator; FQDN.
        threads: Hosts at once.
    """

    user: str | None = None
    password: Secret | None = None
    dc: str | None = None
    threads: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOrder:
    """What to do where another run holds the lock; by default the run is refused.

    Attributes:
        wait_seconds: How long to wait until it is released.
        break_run: The run whose lock is to be broken, from ``--break-lock``.
    """

    wait_seconds: float = 0.0
    break_run: str | None = None


REFUSE_IF_HELD: Final = LockOrder()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatePlace:
    """Where runs are recorded.

    Attributes:
        folder: The state folder.
    """

    folder: Path

    @property
    def runs(self) -> Path:
        """Folder of the journals."""
        return self.folder / "runs"

    @property
    def confirmations(self) -> Path:
        """Folder of what waits for a confirmation."""
        return self.folder / "confirmations"

    @property
    def told(self) -> Path:
        """Folder of what people were told."""
        return self.folder / "told"
