"""A member's guest as a process under guard, with its line and its console."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import assert_never

from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.domain import guard
from ipsec_orchestrator.lab.domain.samba_python import last_lines
from ipsec_orchestrator.lab.wire.line import Line
from ipsec_orchestrator.lab.wire.namespace import in_namespace
from ipsec_orchestrator.lab.wire.stack import (
    MEMORY_MEGABYTES,
    PRIVATE_FOLDER,
    Stack,
    own_kernel,
    user_mode_linux,
)
from ipsec_orchestrator.lab.wire.topology import Station

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a tmpfs that belongs to the system
STOP_SECONDS = 5.0
OLDEST_KERNEL = 5


class Guest:
    """One guest as a child of this process; it never outlives it.

    Args:
        station: The member.
        namespace: The network namespace that its port is in.
        folder: The wire's folder; the guest's console log and lock lie there.
        stack: Whose kernel it has.
        memory_megabytes: Of a kernel of its own; it takes no more of the machine's than it uses.
    """

    def __init__(
        self,
        station: Station,
        namespace: str,
        folder: Path,
        *,
        stack: Stack = Stack.USER_MODE_LINUX,
        memory_megabytes: int = MEMORY_MEGABYTES,
    ) -> None:
        self._console = folder / f"{station.name}.console"
        # What a killed guest leaves there looks like one that runs.
        shutil.rmtree(folder / station.name, ignore_errors=True)
        ours, theirs = socket.socketpair()
        with theirs, self._console.open("wb") as console:
            match stack:
                case Stack.USER_MODE_LINUX:
                    program = user_mode_linux(station, theirs.fileno(), memory_megabytes)
                case Stack.OWN_KERNEL:
                    program = own_kernel(station, theirs.fileno())
                case _:
                    assert_never(stack)
            command = in_namespace(namespace, [*_guarded(station.name, folder), *program])
            try:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=console,
                    stderr=subprocess.STDOUT,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                    env={**os.environ, "TMPDIR": str(_memory_folder(folder, memory_megabytes))},
                )
            except OSError as error:
                ours.close()
                raise LabProgramError(program=command[0], reason=str(error)) from error
        self.line = Line(ours, station.name, lambda: last_lines(self._console))

    @property
    def process_id(self) -> int:
        """Of the guard, whose end is the end of the guest."""
        return self._process.pid

    def ask_to_end(self) -> None:
        """Begin to switch the guest off."""
        self.line.power_off()

    def end(self) -> None:
        """Wait until the guest is gone; one that does not go is killed with all its processes."""
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            # The guard's death is that of the first process of the namespace, and so of all.
            self._process.kill()
            self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()
        self.line.close()

    def wait_until_ready(self, timeout_seconds: float) -> None:
        """Wait until the guest's first process answers.

        Raises:
            LabProgramError: It ended or is not up in time; with the last lines of its console.
        """
        self.line.wait_until_ready(timeout_seconds)
        kernel = str(self.line.ask("about")["kernel"])
        if int(kernel.partition(".")[0]) < OLDEST_KERNEL:
            raise LabProgramError(
                program="the guest", reason=f"kernel {kernel} is older than {OLDEST_KERNEL}"
            )


def _guarded(name: str, folder: Path) -> list[str]:
    script = Path(guard.__file__)
    paths = (folder / f"{name}.lock", folder, PRIVATE_FOLDER)
    return [sys.executable, "-I", str(script), *(str(path) for path in paths)]


def _memory_folder(folder: Path, megabytes: int) -> Path:
    """Choose where the guest's memory lies as a file: in memory, unless that is kept too small."""
    needed = megabytes * 1024 * 1024
    if SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > needed:
        return SHARED_MEMORY
    return folder
