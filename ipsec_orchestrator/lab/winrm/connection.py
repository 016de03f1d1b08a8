"""One connection of one client, from its first request to its end."""

import contextlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from typing import Final

from ipsec_orchestrator.lab.winrm.dispatch import Dispatcher, Reply, identify_reply
from ipsec_orchestrator.lab.winrm.encryption import Envelope, decrypt, encrypt, is_encrypted
from ipsec_orchestrator.lab.winrm.faults import Faults
from ipsec_orchestrator.lab.winrm.http_wire import (
    BadRequestError,
    HttpRequest,
    HttpResponse,
    HttpWire,
)
from ipsec_orchestrator.lab.winrm.negotiate import ConnectionAuthentication, RefusedError
from ipsec_orchestrator.lab.winrm.output import ReceiverGoneError
from ipsec_orchestrator.lab.winrm.shell_actions import Client

_LOG: Final = logging.getLogger(__name__)
_IDLE_SECONDS: Final = 120.0  # what HTTP.sys allows between two requests
_PROBE_SECONDS: Final = 0.2
_SOAP: Final = "application/soap+xml;charset=UTF-8"
_CHALLENGES: Final = (("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", "Kerberos"))
_ENCRYPTION_OVERHEAD_BYTES: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a connection needs from its host.

    Attributes:
        host_names: Its names in lower case, as tickets are made out to it.
        dispatcher: Answers SOAP messages.
        faults: Gives the host's faults of the moment.
        stopping: Set when the host goes down.
        max_envelope_bytes: Larger requests are refused.
    """

    host_names: frozenset[str]
    dispatcher: Dispatcher
    faults: Callable[[], Faults]
    stopping: threading.Event
    max_envelope_bytes: int


@dataclass(frozen=True, slots=True)
class _Answer:
    response: HttpResponse
    undelivered: Callable[[], None] | None = None


class Connection:
    """Serves one client; ``run`` has a thread of its own."""

    def __init__(
        self,
        connection: socket.socket,
        *,
        client_address: str,
        surroundings: Surroundings,
        certificate_binding: bytes | None,
    ) -> None:
        self._socket = connection
        self._client_address = client_address
        self._surroundings = surroundings
        self._secure = isinstance(connection, ssl.SSLSocket)
        self._authentication = ConnectionAuthentication(
            surroundings.host_names, certificate_binding
        )
        most_bytes = surroundings.max_envelope_bytes + _ENCRYPTION_OVERHEAD_BYTES
        self._wire = HttpWire(connection, most_bytes)

    def run(self) -> None:
        """Answer requests until somebody ends the connection."""
        self._socket.settimeout(_IDLE_SECONDS)
        requests = 0
        try:
            while (request := self._wire.read()) is not None:
                requests += 1
                faults = self._surroundings.faults()
                if not self._serve(request, faults, requests) or not request.keeps_alive:
                    break
        except BadRequestError as error:
            with contextlib.suppress(OSError):
                self._wire.write(self._response(error.status).render())
        except (OSError, ReceiverGoneError) as error:
            _LOG.debug("A connection from %s ended: %s", self._client_address, error)
        finally:
            with contextlib.suppress(OSError):
                self._socket.close()

    def break_off(self) -> None:
        """Wake and end ``run`` from another thread."""
        with contextlib.suppress(OSError):
            # Past ssl's override, which would take the session away from the reading thread.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _serve(self, request: HttpRequest, faults: Faults, number: int) -> bool:
        """Answer one request the way the host's faults want it; False ends the connection."""
        if faults.hang:
            self._hang(faults)
            return False
        resets = faults.reset_after_requests is not None and number > faults.reset_after_requests
        if resets and not faults.reset_in_response:
            self._wire.reset()
            return False
        if faults.latency_seconds > 0:
            self._surroundings.stopping.wait(faults.latency_seconds)
        answer = self._answer(request, faults)
        content = answer.response.render()
        if resets:
            self._wire.write(content[: len(content) // 2])
            self._wire.reset()
            return False
        try:
            if self._wire.gone():
                raise ReceiverGoneError  # noqa: TRY301 - the same way back as a broken write
            self._wire.write(content)
        except (OSError, ReceiverGoneError):
            if answer.undelivered is not None:
                answer.undelivered()
            raise
        return True

    def _hang(self, faults: Faults) -> None:
        """Keep the client waiting until the fault is taken back, it gives up, or we go down."""
        while not self._surroundings.stopping.wait(_PROBE_SECONDS):
            if self._wire.gone() or self._surroundings.faults() is not faults:
                break
        self._wire.reset()

    def _answer(self, request: HttpRequest, faults: Faults) -> _Answer:
        if request.path == "/wsman-anon/identify":
            return self._soap(identify_reply(faults.locale), ())
        if request.path != "/wsman":
            return _Answer(self._response(HTTPStatus.NOT_FOUND))
        if request.method != "POST":
            return _Answer(self._response(HTTPStatus.METHOD_NOT_ALLOWED))
        tokens: tuple[tuple[str, str], ...] = ()
        header = request.headers.get("authorization")
        if header is not None:
            try:
                token = self._authentication.step(header)
            except RefusedError:
                return _Answer(self._response(HTTPStatus.UNAUTHORIZED, *_CHALLENGES))
            tokens = (("WWW-Authenticate", token),) if token else ()
        if not self._authentication.authenticated:
            return _Answer(self._response(HTTPStatus.UNAUTHORIZED, *(tokens or _CHALLENGES)))
        return self._authenticated_answer(request, faults, tokens)

    def _authenticated_answer(
        self, request: HttpRequest, faults: Faults, tokens: tuple[tuple[str, str], ...]
    ) -> _Answer:
        if not request.body:
            return _Answer(self._response(HTTPStatus.OK, *tokens))
        content_type = request.headers.get("content-type", "")
        if is_encrypted(content_type):
            try:
                envelope = decrypt(content_type, request.body, self._authentication)
            except RefusedError:
                return _Answer(self._response(HTTPStatus.BAD_REQUEST))
        elif self._secure:
            envelope = Envelope(request.body, "")
        else:
            # AllowUnencrypted is false: Windows answers with an empty 500.
            return _Answer(self._response(HTTPStatus.INTERNAL_SERVER_ERROR))
        client = Client(
            user=self._authentication.user, address=self._client_address, gone=self._wire.gone
        )
        reply = self._surroundings.dispatcher.answer(envelope.content, client, faults)
        return self._soap(reply, tokens, envelope.protocol)

    def _soap(
        self, reply: Reply, headers: tuple[tuple[str, str], ...], protocol: str = ""
    ) -> _Answer:
        content_type, body = _SOAP, reply.content
        if protocol:
            content_type, body = encrypt(reply.content, protocol, self._authentication)
        response = self._response(
            HTTPStatus(reply.status), ("Content-Type", content_type), *headers, body=body
        )
        return _Answer(response, reply.undelivered)

    def _response(
        self, status: HTTPStatus, *headers: tuple[str, str], body: bytes = b""
    ) -> HttpResponse:
        now = time.time() + self._surroundings.faults().clock_skew_seconds
        common = (("Server", "Microsoft-HTTPAPI/2.0"), ("Date", formatdate(now, usegmt=True)))
        return HttpResponse(status=status, headers=(*headers, *common), body=body)
