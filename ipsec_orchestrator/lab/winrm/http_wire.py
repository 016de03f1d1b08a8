"""HTTP/1.1 on one connection: as much of it as WinRM clients use."""

import select
import socket
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

from ipsec_orchestrator.errors import BackendError

_READ_BYTES: Final = 65536
_MOST_HEADER_BYTES: Final = 65536
_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class BadRequestError(BackendError):
    """What came is not HTTP as we take it.

    Attributes:
        status: The answer to it; the connection ends after that.
    """

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(f"The client sent a request that is answered with {status.value}.")
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """One request.

    Attributes:
        method: Upper case.
        path: Without query.
        headers: By name in lower case; of repeated ones the last.
        body: Complete.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(hash=False, repr=False)
    body: bytes = field(repr=False)

    @property
    def keeps_alive(self) -> bool:
        """Whether the client wants to go on using the connection."""
        return self.headers.get("connection", "").lower() != "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """One response; ``Content-Length`` is added when it is sent."""

    status: HTTPStatus
    headers: Sequence[tuple[str, str]] = ()
    body: bytes = b""

    def render(self) -> bytes:
        """Give the bytes on the wire."""
        lines = [f"HTTP/1.1 {self.status.value} {self.status.phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode("latin-1") + self.body


class HttpWire:
    """Reads requests from a socket and writes responses to it; used by one thread."""

    def __init__(self, connection: socket.socket, most_body_bytes: int) -> None:
        self._socket = connection
        self._most_body_bytes = most_body_bytes
        self._buffer = b""

    def read(self) -> HttpRequest | None:
        """Wait for a request; ``None`` when the client has closed.

        Raises:
            BadRequestError: Malformed or too large.
            OSError: The connection broke or was idle for too long.
        """
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > _MOST_HEADER_BYTES:
                raise BadRequestError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
            if not self._fill():
                return None
        head = self._buffer[:end].decode("latin-1").split("\r\n")
        self._buffer = self._buffer[end + 4 :]
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:])
        }
        method, path = _read_request_line(head[0])
        length = self._body_length(headers)
        if headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(self._buffer) < length:
            if not self._fill():
                return None
        body, self._buffer = self._buffer[:length], self._buffer[length:]
        return HttpRequest(method=method, path=path, headers=headers, body=body)

    def _body_length(self, headers: Mapping[str, str]) -> int:
        length = headers.get("content-length", "0")
        if "transfer-encoding" in headers:
            raise BadRequestError(HTTPStatus.LENGTH_REQUIRED)
        if not (length.isascii() and length.isdecimal()):
            raise BadRequestError(HTTPStatus.BAD_REQUEST)
        if int(length) > self._most_body_bytes:
            raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return int(length)

    def write(self, content: bytes) -> None:
        """Send bytes.

        Raises:
            OSError: The connection broke.
        """
        self._socket.sendall(content)

    def gone(self) -> bool:
        """Whether the client has closed or reset the connection."""
        poll = select.poll()
        try:
            poll.register(self._socket, select.POLLRDHUP)
        except (ValueError, OSError):
            return True  # closed on our side
        return bool(poll.poll(0))

    def reset(self) -> None:
        """Break the connection off with RST instead of FIN."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._socket.close()

    def _fill(self) -> bool:
        content = self._socket.recv(_READ_BYTES)
        self._buffer += content
        return bool(content)


def _read_request_line(line: str) -> tuple[str, str]:
    """Give method and path without query."""
    try:
        method, target, version = line.split(" ")
    except ValueError as error:
        raise BadRequestError(HTTPStatus.BAD_REQUEST) from error
    if not version.startswith("HTTP/1."):
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    return method.upper(), target.partition("?")[0]
