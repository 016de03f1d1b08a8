"""IPsec of the guest: charon for IKE, the kernel's policies, and what both have to tell."""

import signal
import socket
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from ipsec_orchestrator.lab.wire.guest.programs import ProgramFailure, environment, run

FOLDER = Path("/run/wire")
LOG = FOLDER / "charon.log"
DAEMON_SETTINGS = FOLDER / "strongswan.conf"
CONNECTIONS = FOLDER / "swanctl.conf"
VICI = f"unix://{FOLDER}/charon.vici"
DAEMON = "/usr/sbin/charon-systemd"
IKE_PORTS = (500, 4500)
START_SECONDS = 20.0
STOP_SECONDS = 5.0
POLL_SECONDS = 0.02
LOG_PAGE_BYTES = 200_000


class Keying:
    """The one policy that is in force in this guest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._daemon: subprocess.Popen[bytes] | None = None
        self._silence: list[socket.socket] = []
        FOLDER.mkdir(mode=0o700, exist_ok=True)
        LOG.touch()
        self._be_silent()

    def apply(self, daemon_settings: str, connections: str, kernel_policies: Sequence[str]) -> None:
        """Replace what is in force.

        Args:
            daemon_settings: Text of strongswan.conf.
            connections: Text of swanctl.conf; empty for a policy that negotiates nothing.
            kernel_policies: Arguments of ``ip xfrm policy add``, one policy each.
        """
        with self._lock:
            self._stop()
            lines = "".join(f"xfrm policy add {line}\n" for line in kernel_policies)
            run(["ip", "xfrm", "policy", "flush"])
            run(["ip", "xfrm", "state", "flush"])
            run(["ip", "-batch", "-"], text=lines)
            if connections:
                self._start(daemon_settings, connections)
                # What asked for an association before anybody listened would block it for seconds.
                run(["ip", "xfrm", "state", "flush"])

    def clear(self) -> None:
        """Take the policy away."""
        with self._lock:
            self._stop()
            run(["ip", "xfrm", "policy", "flush"])
            run(["ip", "xfrm", "state", "flush"])

    def associations(self) -> Mapping[str, str]:
        """Give what the kernel and charon say about associations and policies, as they say it."""
        listed = ""
        if self._daemon is not None:
            listed = run(["swanctl", "--list-sas", "--raw", "--uri", VICI], **self._variables())
        return {
            "states": run(["ip", "-s", "xfrm", "state", "list", "nokeys"]),
            "policies": run(["ip", "-s", "xfrm", "policy"]),
            "daemon": listed,
        }

    def log_since(self, offset: int) -> Mapping[str, str | int]:
        """Give charon's log from that byte on, whole lines, and where to go on."""
        with LOG.open("rb") as file:
            file.seek(offset)
            content = file.read(LOG_PAGE_BYTES)
        content = content[: content.rfind(b"\n") + 1]
        return {"text": content.decode("utf-8", errors="replace"), "next": offset + len(content)}

    def _start(self, daemon_settings: str, connections: str) -> None:
        for path, text in ((DAEMON_SETTINGS, daemon_settings), (CONNECTIONS, connections)):
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
        self._speak()
        self._daemon = subprocess.Popen(
            [DAEMON],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment(**self._variables()),
        )
        deadline = time.monotonic() + START_SECONDS
        while not _accepts(VICI):
            if self._daemon.poll() is not None or time.monotonic() > deadline:
                said = LOG.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise ProgramFailure(f"{DAEMON} did not come up\n{said}")
            time.sleep(POLL_SECONDS)
        run(
            ["swanctl", "--load-all", "--noprompt", "--file", str(CONNECTIONS), "--uri", VICI],
            **self._variables(),
        )

    def _stop(self) -> None:
        if self._daemon is None:
            return
        self._daemon.send_signal(signal.SIGTERM)
        try:
            self._daemon.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._daemon.kill()
            self._daemon.wait()
        self._daemon = None
        CONNECTIONS.unlink(missing_ok=True)
        self._be_silent()

    def _be_silent(self) -> None:
        """Swallow IKE as a Windows without a policy does, instead of refusing the port."""
        for port in IKE_PORTS:
            sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            sink.bind(("", port))
            self._silence.append(sink)

    def _speak(self) -> None:
        for sink in self._silence:
            sink.close()
        self._silence.clear()

    @staticmethod
    def _variables() -> dict[str, str]:
        return {"STRONGSWAN_CONF": str(DAEMON_SETTINGS)}


def _accepts(uri: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(uri.removeprefix("unix://")) == 0
