"""The lab's side of the imitated Windows commands.

A PowerShell engine reaches the simulated hosts through one Unix socket (mode 600) whose path it
finds in ``IPSEC_LAB_CONTROL``. One JSON object a line each way, one request a connection::

    {"host": "vm1", "verb": "cim-instances", "arguments": {...}}
    {"result": ...} or {"error": {"id": ..., "category": ..., "message": ...}}
"""

import json
import logging
import os
import socket
import socketserver
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Self, cast

from typing_extensions import override

from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.lab.windows.commands import WindowsCommands
from ipsec_orchestrator.lab.windows.imitated_error import UNKNOWN_REQUEST, ImitatedError
from ipsec_orchestrator.model.json import Json

_LOG: Final = logging.getLogger(__name__)
CONTROL_VARIABLE: Final = "IPSEC_LAB_CONTROL"
HOST_VARIABLE: Final = "IPSEC_LAB_HOST"
_REQUEST_BYTES: Final = 1_000_000
_IDLE_SECONDS: Final = 30.0
# sun_path of Linux, with the NUL at its end.
_SOCKET_PATH_BYTES: Final = 108


class _Connection(socketserver.StreamRequestHandler):
    @override
    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(_IDLE_SECONDS)

    @override
    def handle(self) -> None:
        line = self.rfile.readline(_REQUEST_BYTES)
        if line and isinstance(self.server, _Server):
            self.wfile.write(json.dumps(self.server.answer(line)).encode() + b"\n")


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    # Not ThreadingUnixStreamServer, which Windows lacks: there this module has to load, not work.
    if sys.platform != "win32":
        address_family: int = socket.AF_UNIX
    daemon_threads = True

    def __init__(self, path: Path, hosts: Mapping[str, WindowsCommands]) -> None:
        super().__init__(cast("tuple[str, int]", str(path)), _Connection)
        self._hosts = {name.casefold(): commands for name, commands in hosts.items()}

    def answer(self, line: bytes) -> Json:
        try:
            request: Json = json.loads(line)
        except ValueError:
            return _error(UNKNOWN_REQUEST, "NotSpecified", "the request is not JSON")
        match request:
            case {"host": str(name), "verb": str(verb), "arguments": Mapping() as arguments}:
                commands = self._hosts.get(name.casefold())
            case _:
                return _error(UNKNOWN_REQUEST, "NotSpecified", "the request has another shape")
        if commands is None:
            return _error(UNKNOWN_REQUEST, "ObjectNotFound", f"there is no host {name}")
        try:
            return {"result": commands.run(verb, arguments)}
        except ImitatedError as error:
            return _error(error.error_id, error.category, error.words(commands.locale))
        except OrchestratorError as error:
            _LOG.warning("%s on %s failed: %s", verb, name, error)
            return _error(UNKNOWN_REQUEST, "NotSpecified", str(error))

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        _LOG.exception("a request of the PowerShell engine failed")


def _error(error_id: str, category: str, message: str) -> Json:
    return {"error": {"id": error_id, "category": category, "message": message}}


class ControlServer:
    """Listens while it is entered; the socket is gone afterwards."""

    def __init__(self, path: Path, hosts: Mapping[str, WindowsCommands]) -> None:
        """Prepare; nothing listens yet.

        Args:
            path: Where the socket is made. Its folder has to exist.
            hosts: The commands of every host, by name.
        """
        self.path = path
        self._hosts = hosts
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._folder: int | None = None

    def start(self) -> None:
        """Listen from now on."""
        if sys.platform == "linux" and len(os.fsencode(self.path)) >= _SOCKET_PATH_BYTES:
            self._folder = os.open(self.path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        # The mode has to be right from the first moment.
        old = os.umask(0o177)
        try:
            self._server = _Server(self._reachable_path(), self._hosts)
        finally:
            os.umask(old)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="lab-control",
            daemon=True,
        )
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; safe to call twice."""
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self.path.unlink(missing_ok=True)
        if self._folder is not None:
            os.close(self._folder)
        self._server = self._thread = self._folder = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def environment(self, host: str) -> Mapping[str, str]:
        """Give the variables by which an engine's imitations find this socket and their host.

        To be called once it listens.
        """
        return {CONTROL_VARIABLE: str(self._reachable_path()), HOST_VARIABLE: host}

    def _reachable_path(self) -> Path:
        """Give the socket's path, through our own open folder where the real one is too long."""
        if self._folder is None:
            return self.path
        return Path(f"/proc/{os.getpid()}/fd/{self._folder}/{self.path.name}")
