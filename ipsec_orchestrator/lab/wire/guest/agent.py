"""The guest's end of the line: requests in, answers out, many at a time."""

import base64
import json
import os
import platform
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from ipsec_orchestrator.lab.wire.guest import network, probes
from ipsec_orchestrator.lab.wire.guest.capture import Captures
from ipsec_orchestrator.lab.wire.guest.keying import Keying
from ipsec_orchestrator.lab.wire.guest.programs import ProgramFailure
from ipsec_orchestrator.lab.wire.guest.sockets import Sockets

READ_BYTES = 65536

Verb = Callable[..., Any]


class Agent:
    """Serves one line.

    Args:
        descriptor: The line, open for reading and writing, without any line discipline.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._write_lock = threading.Lock()
        keying, captures, sockets = Keying(), Captures(), Sockets()
        self._verbs: Mapping[str, Verb] = {
            "about": about,
            "network-up": network.network_up,
            "address-add": network.address_add,
            "address-remove": network.address_remove,
            "apply-policy": keying.apply,
            "clear-policy": keying.clear,
            "associations": keying.associations,
            "ike-log": keying.log_since,
            "capture-start": captures.start,
            "capture-read": captures.read,
            "capture-stop": captures.stop,
            "tcp-listen": sockets.tcp_listen,
            "tcp-accept": sockets.tcp_accept,
            "tcp-connect": sockets.tcp_connect,
            "send": sockets.send,
            "receive": sockets.receive,
            "shut-down": sockets.shut_down,
            "udp-open": sockets.udp_open,
            "udp-send": sockets.udp_send,
            "udp-receive": sockets.udp_receive,
            "close": sockets.close,
            "ping": probes.ping,
            "path-mtu": probes.path_mtu,
        }

    def serve(self) -> None:
        """Say that it is ready, then serve until the line ends or ``power-off`` comes."""
        self._write({"ready": True})
        waiting = b""
        while True:
            received = os.read(self._descriptor, READ_BYTES)
            if not received:
                return
            # UML's serial line goes deaf once its 4 kB are full: the sender waits for this.
            self._write({"taken": len(received)})
            *lines, waiting = (waiting + received).split(b"\n")
            for line in lines:
                request = json.loads(line)
                if request["verb"] == "power-off":
                    return
                threading.Thread(target=self._answer, args=(request,), daemon=True).start()

    def _answer(self, request: Mapping[str, Any]) -> None:
        answer: dict[str, Any] = {"id": request["id"]}
        try:
            answer["result"] = self._verbs[request["verb"]](**request["arguments"])
        except ProgramFailure as failure:
            answer["failure"] = str(failure)
        except OSError as error:
            answer["error"] = {"number": error.errno, "text": error.strerror or str(error)}
        except Exception:  # noqa: BLE001 - reported to the asking side, which raises it again
            answer["failure"] = traceback.format_exc()
        self._write(answer)

    def _write(self, answer: Mapping[str, Any]) -> None:
        line = json.dumps(answer, default=_base64).encode() + b"\n"
        with self._write_lock:
            while line:
                line = line[os.write(self._descriptor, line) :]


def about() -> Mapping[str, str]:
    """Tell what runs here."""
    return {
        "kernel": platform.release(),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }


def _base64(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(type(value).__name__)
