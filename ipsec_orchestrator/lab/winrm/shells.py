"""The shells of one host: who owns them, what runs behind them, when they go."""

import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from ipsec_orchestrator.lab.winrm.output import CommandOutput
from ipsec_orchestrator.lab.winrm.settings import Quotas
from ipsec_orchestrator.lab.winrm.wsman_fault import FaultKind, WsmanFaultError


class ShellBackend(Protocol):
    """What runs behind a shell.

    ``command_id`` is ``None`` where the shell itself is meant (PSRP: the runspace pool). All
    methods may be called from several threads and raise WsmanFaultError for the client.
    """

    streams: str
    process_id: int

    def run(self, command_id: str, executable: str, arguments: Sequence[str]) -> None:
        """Start a command (PSRP: a pipeline, whose first fragment is the first argument)."""
        ...

    def feed(self, command_id: str | None, stream: str, content: bytes, *, end: bool) -> None:
        """Pass input on; ``end`` closes the stream."""
        ...

    def output(self, command_id: str | None) -> CommandOutput:
        """Give the queue to receive from."""
        ...

    def interrupt(self, command_id: str) -> None:
        """Stop a command as Ctrl+C does; its output can still be fetched."""
        ...

    def terminate(self, command_id: str) -> None:
        """Forget a command, stopping it if it runs."""
        ...

    def connect(self, content: bytes) -> bytes:
        """Answer the PSRP fragments of a client that takes a disconnected shell over."""
        ...

    def command_ids(self) -> Sequence[str]:
        """Name the commands that were not terminated."""
        ...

    def close(self) -> None:
        """End everything; called once, returns when no child process is left."""
        ...


@dataclass(slots=True, kw_only=True, eq=False)
class Shell:
    """A shell as WS-Management sees it.

    Attributes:
        shell_id: As the client wrote it, or as we made it.
        resource_uri: Kind of shell.
        owner: Who authenticated when it was made; nobody else may use it.
        client_address: Where that was.
        input_streams: As asked for.
        output_streams: As asked for.
        idle_timeout_seconds: After so long without a request it is deleted.
        backend: What runs behind it.
        connected: False between Disconnect and Reconnect or Connect.
    """

    shell_id: str
    resource_uri: str
    owner: str
    client_address: str
    input_streams: str
    output_streams: str
    idle_timeout_seconds: float
    backend: ShellBackend
    connected: bool = True
    created_at: float = field(default_factory=time.monotonic)
    used_at: float = field(default_factory=time.monotonic)
    requests: int = 0


class ShellRegistry:
    """The shells of one host; safe for threads."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas
        self._lock = threading.Lock()
        self._shells: dict[str, Shell] = {}
        self._reserved: dict[str, int] = {}
        self._closed = False

    def open(self, owner: str, make: Callable[[], Shell]) -> Shell:
        """Make a shell if the user's quota allows it.

        The place is taken before the backend starts, so that requests at the same time can't
        pass the limit together.

        Raises:
            WsmanFaultError: TOO_MANY_SHELLS, or ABORTED when the host is being stopped.
        """
        with self._lock:
            mine = sum(shell.owner == owner for shell in self._shells.values())
            if mine + self._reserved.get(owner, 0) >= self._quotas.max_shells_per_user:
                limit = str(self._quotas.max_shells_per_user)
                raise WsmanFaultError(FaultKind.TOO_MANY_SHELLS, limit)
            self._reserved[owner] = self._reserved.get(owner, 0) + 1
        try:
            shell = make()
            with self._lock:
                refused = self._closed or shell.shell_id.upper() in self._shells
                if not refused:
                    self._shells[shell.shell_id.upper()] = shell
            if refused:
                shell.backend.close()
                raise WsmanFaultError(FaultKind.ABORTED)
            return shell
        finally:
            with self._lock:
                self._reserved[owner] -= 1

    @contextmanager
    def use(self, shell_id: str, owner: str) -> Generator[Shell]:
        """Find a shell and keep it from going idle meanwhile.

        Raises:
            WsmanFaultError: UNKNOWN_SHELL, or ACCESS_DENIED where it is another user's.
        """
        with self._lock:
            shell = self._shells.get(shell_id.upper())
            if shell is None:
                raise WsmanFaultError(FaultKind.UNKNOWN_SHELL, shell_id)
            if shell.owner != owner:
                raise WsmanFaultError(FaultKind.ACCESS_DENIED)
            shell.requests += 1
        try:
            yield shell
        finally:
            with self._lock:
                shell.requests -= 1
                shell.used_at = time.monotonic()

    def delete(self, shell: Shell) -> None:
        """Close a shell; a second time does nothing."""
        with self._lock:
            known = self._shells.pop(shell.shell_id.upper(), None)
        if known is not None:
            known.backend.close()

    def owned_by(self, owner: str) -> Sequence[Shell]:
        """List a user's shells, oldest first."""
        with self._lock:
            return [shell for shell in self._shells.values() if shell.owner == owner]

    def delete_idle(self) -> None:
        """Delete the shells whose clients have gone away."""
        now = time.monotonic()
        with self._lock:
            idle = [
                shell
                for shell in self._shells.values()
                if not shell.requests and now - shell.used_at > shell.idle_timeout_seconds
            ]
        for shell in idle:
            self.delete(shell)

    def close(self) -> None:
        """Delete all shells and accept no new ones until ``reopen``."""
        with self._lock:
            self._closed = True
            shells = list(self._shells.values())
        for shell in shells:
            self.delete(shell)

    def reopen(self) -> None:
        """Accept shells again."""
        with self._lock:
            self._closed = False
