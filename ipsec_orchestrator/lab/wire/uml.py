"""A member's network stack as a user-mode-linux guest on the machine's own file system."""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from ipsec_orchestrator.errors import LabProgramError
from ipsec_orchestrator.lab.domain import guard
from ipsec_orchestrator.lab.domain.samba_python import PYTHON, last_lines
from ipsec_orchestrator.lab.wire.guest import boot
from ipsec_orchestrator.lab.wire.line import Line
from ipsec_orchestrator.lab.wire.namespace import in_namespace
from ipsec_orchestrator.lab.wire.topology import Station

PROGRAM = "linux.uml"
MEMORY_MEGABYTES = 96
PRIVATE_FOLDER = Path("/run/ipsec-lab-wire")
"""Where the guest's process sees the wire's folder: sockets need a short path."""

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a tmpfs that belongs to the system
STOP_SECONDS = 5.0


class UmlGuest:
    """One guest as a child of this process; it never outlives it.

    Args:
        station: The member.
        namespace: The network namespace that its port is in.
        folder: The wire's folder; the guest's console log and lock lie there.
        memory_megabytes: Of the guest; it takes no more of the machine's than it uses.
    """

    def __init__(
        self,
        station: Station,
        namespace: str,
        folder: Path,
        *,
        memory_megabytes: int = MEMORY_MEGABYTES,
    ) -> None:
        self._station = station
        self._memory_megabytes = memory_megabytes
        self._console = folder / f"{station.name}.console"
        # What a killed guest leaves there looks like one that runs.
        shutil.rmtree(folder / station.name, ignore_errors=True)
        ours, theirs = socket.socketpair()
        with theirs, self._console.open("wb") as console:
            self._process = subprocess.Popen(
                self._command(namespace, folder, theirs.fileno()),
                stdin=subprocess.PIPE,
                stdout=console,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
                env={**os.environ, "TMPDIR": str(_memory_folder(folder, memory_megabytes))},
            )
        self.line = Line(ours, station.name, lambda: last_lines(self._console))

    def _command(self, namespace: str, folder: Path, descriptor: int) -> list[str]:
        member = self._station
        return in_namespace(
            namespace,
            [
                sys.executable,
                "-I",
                str(Path(guard.__file__)),
                str(folder / f"{member.name}.lock"),
                str(folder),
                str(PRIVATE_FOLDER),
                PROGRAM,
                f"mem={self._memory_megabytes}M",
                f"umid={member.name}",
                f"uml_dir={PRIVATE_FOLDER}",
                "root=/dev/root",
                "rootfstype=hostfs",
                "rootflags=/",
                "ro",
                "quiet",
                "selinux=0",
                "con=null",
                "con0=null,fd:1",
                f"ssl1=fd:{descriptor}",
                f"eth0=tuntap,{member.tap},{member.hardware_address}",
                f"init={PYTHON}",
                "--",
                "-I",
                "-S",
                str(Path(boot.__file__)),
            ],
        )

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
                program=PROGRAM, reason=f"kernel {kernel} is older than {OLDEST_KERNEL}"
            )


OLDEST_KERNEL = 5


def _memory_folder(folder: Path, megabytes: int) -> Path:
    """Choose where the guest's memory lies as a file: in memory, unless that is kept too small."""
    needed = megabytes * 1024 * 1024
    if SHARED_MEMORY.is_dir() and shutil.disk_usage(SHARED_MEMORY).free > needed:
        return SHARED_MEMORY
    return folder
