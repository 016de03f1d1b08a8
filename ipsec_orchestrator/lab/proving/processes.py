"""Detached PowerShell processes of a member: what Win32_Process.Create and tasks start there."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from ipsec_orchestrator.lab.windows.imitated_error import COMMAND_NOT_FOUND, ImitatedError
from ipsec_orchestrator.lab.windows.rsop_log import CimInstance

PROCESS_VARIABLE: Final = "IPSEC_LAB_PROCESS"
NAME: Final = "powershell.exe"
# The lab's own environment may hold passwords and credential caches: a child gets what it needs.
_INHERITED: Final = ("PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "PSLAB_CACHE")
_FIRST_ID: Final = 6000
_END_SECONDS: Final = 5.0


class Processes:
    """Runs ``powershell.exe`` command lines in an engine that plays this member.

    Args:
        executable: The engine; without one nothing can be started.
        environment: Gives the variables that make an engine this member.
        ended: Called with the id of a process that has ended.
    """

    def __init__(
        self,
        executable: Path | None,
        environment: Callable[[], Mapping[str, str]],
        ended: Callable[[int], None],
    ) -> None:
        self._executable = executable
        self._environment = environment
        self._ended = ended
        self._lock = threading.Lock()
        self._running: dict[int, tuple[str, subprocess.Popen[bytes]]] = {}
        self._next = _FIRST_ID

    def start(self, command_line: str) -> int:
        """Start a command line and give its process id on the simulated host.

        Raises:
            ImitatedError: This lab has no PowerShell.
        """
        if self._executable is None:
            raise ImitatedError(COMMAND_NOT_FOUND, NAME)
        # The lines are our own scripts': a quoted program, then words without blanks.
        words = command_line.partition(f"{NAME}")[2].lstrip('"').split()
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        with self._lock:
            number = self._next
            self._next += 4
            child = subprocess.Popen(
                [str(self._executable), *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**inherited, **self._environment(), PROCESS_VARIABLE: str(number)},
                start_new_session=True,
            )
            self._running[number] = (command_line, child)
        threading.Thread(
            target=self._wait, args=(number, child), name=f"powershell-{number}", daemon=True
        ).start()
        return number

    def stop(self, number: int) -> None:
        """Kill a process; one that has ended is passed over."""
        with self._lock:
            found = self._running.get(number)
        if found is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(found[1].pid, signal.SIGKILL)
            found[1].wait(_END_SECONDS)

    def stop_all(self) -> None:
        """Kill everything, as the end of the host does."""
        for number in list(self._running):
            self.stop(number)

    def instances(self) -> Sequence[CimInstance]:
        """Give the rows of Win32_Process."""
        with self._lock:
            return [
                {"ProcessId": number, "Name": NAME, "CommandLine": line}
                for number, (line, _) in self._running.items()
            ]

    def _wait(self, number: int, child: subprocess.Popen[bytes]) -> None:
        child.wait()
        with self._lock:
            self._running.pop(number, None)
        self._ended(number)
