"""Listener and requests of a proof without a PowerShell: what the scripts do, over the guest."""

import re
import threading
import time
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from ipsec_orchestrator.lab.proving.sockets import SOCKET_ERROR, Sockets
from ipsec_orchestrator.lab.windows.imitated_error import ImitatedError
from ipsec_orchestrator.lab.windows.utc_text import utc_text
from ipsec_orchestrator.model.json import Json

_REQUEST: Final = re.compile(rb"POST /(?P<nonce>[0-9a-f]{32}) HTTP/1\.1\r\n")
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d{1,7})\r\n")
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3})")
_DIGEST: Final = re.compile(rb"(?i)\r\nx-digest: *([0-9a-f]{64})\r\n")
_NONCE: Final = re.compile(rb"[0-9a-f]{32}")
_HEAD_END: Final = b"\r\n\r\n"
_READ_BYTES: Final = 65_536
_WAIT_SECONDS: Final = 10.0
_ROUND_SECONDS: Final = 1.0
_ERRORS: Final = {
    10060: "TimedOut",
    10061: "ConnectionRefused",
    10013: "AccessDenied",
    10054: "ConnectionReset",
    10065: "HostUnreachable",
}


class CannedListener:
    """A temporary listener; answers like ``proof_listener.ps1``.

    Args:
        sockets: The member's.
        protocol: ``TCP`` or ``UDP``.
        address: Where it listens.
        port: Where it listens.

    Raises:
        ImitatedError: It can't listen there.
    """

    def __init__(self, sockets: Sockets, protocol: str, address: str, port: int) -> None:
        self._sockets = sockets
        self._stopping = threading.Event()
        self.received: list[str] = []
        is_udp = protocol == "UDP"
        self._number = sockets.datagrams(address, port) if is_udp else sockets.listen(address, port)
        serve = self._serve_udp if is_udp else self._serve_tcp
        self._thread = threading.Thread(target=serve, name=f"proof-listener-{port}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._stopping.set()
        self._thread.join(_WAIT_SECONDS)
        self._sockets.close(self._number)

    def _serve_tcp(self) -> None:
        while not self._stopping.is_set():
            number = self._sockets.accept(self._number, 0.5)
            if number is None:
                continue
            try:
                self._answer(number)
            except ImitatedError:
                # A connection that breaks is the sender's evidence, not the end of the service.
                continue
            finally:
                self._sockets.close(number)

    def _answer(self, number: int) -> None:
        content = b""
        while not (complete := _is_complete(content)):
            piece = self._sockets.receive(number, _READ_BYTES, _WAIT_SECONDS)
            if not piece:
                break
            content += piece
        request = _REQUEST.match(content)
        if request is None or not complete:
            answer = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        else:
            self.received.append(request["nonce"].decode())
            body = content.partition(_HEAD_END)[2]
            digest = sha256(body).hexdigest().upper()
            answer = (
                f"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
                f"Content-Length: {len(body)}\r\nX-Digest: {digest}\r\nConnection: close\r\n\r\n"
            ).encode() + b"." * len(body)
        self._sockets.send(number, answer, _WAIT_SECONDS)

    def _serve_udp(self) -> None:
        while not self._stopping.is_set():
            found = self._sockets.receive_datagram(self._number, 0.5)
            if found is None:
                continue
            content, address, port = found
            nonce = _NONCE.match(content)
            if nonce is not None:
                self.received.append(nonce[0].decode())
                self._sockets.send_datagram(self._number, content, address, port)


def _is_complete(content: bytes) -> bool:
    head, end, body = content.partition(_HEAD_END)
    length = _LENGTH.search(head + b"\r\n")
    return bool(end) and length is not None and len(body) >= int(length[1])


def send_requests(
    sockets: Sockets,
    *,
    source: str,
    address: str,
    port: int,
    protocol: str,
    requests: Sequence[tuple[str, int]],
    seconds: float,
    now: datetime,
    gets: bool = False,
) -> Json:
    """Send the requests of one flow and give the answer of ``proof_request.ps1``.

    Args:
        sockets: The member's.
        source: Its own address.
        address: Where they go.
        port: Where they go.
        protocol: ``TCP`` or ``UDP``.
        requests: Random text and size in bytes of each.
        seconds: How long each waits.
        now: The time by the host's clock.
        gets: Ask for files of these sizes instead of sending as much.
    """
    found: list[Json] = []
    for nonce, size in requests:
        started = time.monotonic()
        status, error = None, None
        try:
            if protocol == "UDP":
                content = nonce.ljust(size, ".").encode()
                error = _send_udp(sockets, source, (address, port), content, seconds)
            else:
                status, error = _send_tcp(
                    sockets, (address, port), _request_of(nonce, size, address, gets=gets), seconds
                )
        except ImitatedError as failure:
            number = failure.error_id.removeprefix(SOCKET_ERROR)
            error = _ERRORS.get(int(number), number) if number.isdigit() else failure.error_id
        found.append(
            {
                "size": size,
                "sent_at": utc_text(now),
                "milliseconds": (time.monotonic() - started) * 1000,
                "answered": error is None,
                "status": status,
                "error": error,
            },
        )
    return {"requests": found}


def _request_of(nonce: str, size: int, address: str, *, gets: bool) -> tuple[bytes, bytes]:
    """Give head and body of a request."""
    if gets:
        text = f"GET /{size}.txt?{nonce} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
        return text.encode(), b""
    text = (
        f"POST /{nonce} HTTP/1.1\r\nHost: {address}\r\n"
        f"Content-Type: application/octet-stream\r\nContent-Length: {size}\r\n"
        "Connection: close\r\n\r\n"
    )
    return text.encode(), b"." * size


def _send_tcp(
    sockets: Sockets, place: tuple[str, int], request: tuple[bytes, bytes], seconds: float
) -> tuple[int | None, str | None]:
    number = sockets.connect(*place, seconds)
    head, body = request
    try:
        sockets.send(number, head + body, seconds)
        answer = b""
        while piece := sockets.receive(number, _READ_BYTES, seconds):
            answer += piece
    finally:
        sockets.close(number)
    status = _STATUS.match(answer)
    if status is None:
        return None, "NoHttpAnswer"
    if not _is_complete(answer):
        return int(status[1]), "AnswerCutOff"
    digest = _DIGEST.search(answer)
    if digest is not None and digest[1].decode().lower() != sha256(body).hexdigest():
        return int(status[1]), "DigestDiffers"
    return int(status[1]), None


def _send_udp(
    sockets: Sockets, source: str, place: tuple[str, int], content: bytes, seconds: float
) -> str | None:
    number = sockets.datagrams(source, 0)
    try:
        deadline = time.monotonic() + seconds
        # A datagram is lost while the two sides still negotiate: it is sent again.
        while time.monotonic() < deadline:
            sockets.send_datagram(number, content, *place)
            found = sockets.receive_datagram(number, _ROUND_SECONDS)
            if found is not None:
                return None if found[0] == content else "OtherAnswer"
    finally:
        sockets.close(number)
    return "NoAnswer"
