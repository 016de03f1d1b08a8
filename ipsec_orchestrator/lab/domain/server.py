"""The running domain controller: Samba under its guard, started, waited for and ended."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ipsec_orchestrator.errors import LabInUseError, LabProgramError
from ipsec_orchestrator.lab.domain import guard
from ipsec_orchestrator.lab.domain.kerberos import renew_admin_ticket
from ipsec_orchestrator.lab.domain.layout import LabLayout
from ipsec_orchestrator.lab.domain.probes import answers_dns, answers_ldap, answers_smb
from ipsec_orchestrator.lab.domain.samba_python import last_lines
from ipsec_orchestrator.lab.domain.smb_conf import RUNTIME_DIR

START_DEADLINE_SECONDS = 90.0
"""It takes 1 to 3 s; the rest is for machines that are busy or slow."""

STOP_DEADLINE_SECONDS = guard.GRACE_SECONDS + 5.0
POLL_SECONDS = 0.05


class SambaServer:
    """Samba of one lab as a child of this process; it never outlives it.

    Args:
        layout: The lab, whose domain has been provisioned.
    """

    def __init__(self, layout: LabLayout) -> None:
        self._layout = layout
        self._guard: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the server that this object started is still there."""
        return self._guard is not None and self._guard.poll() is None

    def start(self, *, deadline_seconds: float = START_DEADLINE_SECONDS) -> None:
        """Start Samba and return once LDAP, LDAPS, Kerberos, SMB and DNS answer.

        The Administrator's credential cache is fresh afterwards. A second start does nothing.

        Raises:
            LabInUseError: Another process runs this lab's server.
            LabProgramError: Samba ended, or did not answer in time; its last lines are in the error.
        """
        if self.is_running:
            return
        self.stop()  # what is left of one that ended by itself
        layout = self._layout
        if server_process(layout) is not None:
            raise self._in_use()
        # left over from a server that was killed; its presence is waited for below
        (layout.samba_dir / "winbindd" / "pipe").unlink(missing_ok=True)
        with layout.server_log.open("wb") as log:
            self._guard = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    str(Path(guard.__file__)),
                    str(layout.server_lock),
                    str(layout.samba_dir),
                    str(RUNTIME_DIR),
                    "samba",
                    "--interactive",  # ends when its standard input does
                    "--no-process-group",
                    f"--configfile={layout.server_conf}",
                ],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(layout),
                start_new_session=True,  # Ctrl-C in a terminal is the supervisor's to judge
            )
        try:
            self._wait_until_ready(time.monotonic() + deadline_seconds, deadline_seconds)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End Samba and all its processes; without a server it does nothing.

        Raises:
            LabProgramError: It could not be ended in time.
        """
        if self._guard is None:
            return
        running, self._guard = self._guard, None
        if running.stdin is not None:
            running.stdin.close()
        try:
            running.wait(STOP_DEADLINE_SECONDS)
        except subprocess.TimeoutExpired as error:
            running.kill()
            running.wait()
            raise LabProgramError(
                program="samba",
                reason=f"did not end in {STOP_DEADLINE_SECONDS:.0f} seconds and was killed",
                last_lines=last_lines(self._layout.server_log),
            ) from error

    def _wait_until_ready(self, deadline: float, deadline_seconds: float) -> None:
        layout, ports = self._layout, self._layout.ports
        address = layout.dc_address
        checks: Mapping[str, Callable[[], bool]] = {
            "LDAP": lambda: answers_ldap(address, ports.ldap),
            "SMB": lambda: answers_smb(address, ports.smb),
            "DNS": lambda: answers_dns(address, ports.dns, layout.dc_fqdn),
            # without winbindd the file server turns every user away
            "winbindd": (layout.samba_dir / "winbindd" / "pipe").exists,
        }
        for name, is_ready in checks.items():
            while not is_ready():
                self._fail_if_ended()
                if time.monotonic() > deadline:
                    raise LabProgramError(
                        program="samba",
                        reason=f"{name} does not answer after {deadline_seconds:.0f} seconds",
                        last_lines=last_lines(layout.server_log),
                    )
                time.sleep(POLL_SECONDS)
        while True:
            try:
                renew_admin_ticket(layout)
            except LabProgramError:
                self._fail_if_ended()
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)
            else:
                return

    def _in_use(self) -> LabInUseError:
        return LabInUseError(
            what=f"The domain of lab {self._layout.name!r}",
            reason="another process runs it",
            cure="Take that lab down first.",
        )

    def _fail_if_ended(self) -> None:
        code = self._guard.poll() if self._guard is not None else None
        if code is None:
            return
        if code == guard.EXIT_LOCKED:
            raise self._in_use()
        if code == guard.EXIT_NOT_ALLOWED:
            raise LabProgramError(
                program="samba",
                reason="this process may not make namespaces (CAP_SYS_ADMIN)",
                last_lines=last_lines(self._layout.server_log),
                cure="In a container, run it with --privileged.",
            )
        raise LabProgramError(
            program="samba",
            reason=f"ended with exit code {code} while starting",
            last_lines=last_lines(self._layout.server_log),
            cure=f"Everything it said is in {self._layout.server_log} "
            f"and {self._layout.samba_dir / 'log'}.",
        )


def server_process(layout: LabLayout) -> int | None:
    """Process id of the guard of a lab's running server, whoever started it; None if none runs."""
    try:
        with layout.server_lock.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(file.read() or b"0") or None
    except FileNotFoundError:
        pass
    return None


def stop_server_of(layout: LabLayout) -> None:
    """End a lab's server that another process started, and return when it is gone.

    Raises:
        LabProgramError: It is still there after the deadline.
    """
    pid = server_process(layout)
    if pid is None:
        return
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_DEADLINE_SECONDS
    while server_process(layout) is not None:
        if time.monotonic() > deadline:
            raise LabProgramError(program="samba", reason=f"process {pid} did not end on request")
        time.sleep(POLL_SECONDS)


def _environment(layout: LabLayout) -> dict[str, str]:
    wanted = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    return {**wanted, "KRB5_CONFIG": str(layout.krb5_conf), "LC_ALL": "C.UTF-8"}
