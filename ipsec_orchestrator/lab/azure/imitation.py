"""The server: HTTPS on a loopback address, one thread a connection."""

import logging
import socket
import ssl
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from types import TracebackType
from typing import Any, Final, Self

from cryptography import x509
from typing_extensions import override

from ipsec_orchestrator.errors import LabInUseError
from ipsec_orchestrator.lab.azure.certificates import AzureFiles
from ipsec_orchestrator.lab.azure.resource_manager import ArmAnswer, ResourceManager
from ipsec_orchestrator.lab.azure.scene import AzureScene
from ipsec_orchestrator.lab.azure.token_endpoint import TokenEndpoint

_LOG: Final = logging.getLogger("ipsec_orchestrator.lab.azure")
_MOST_BODY_BYTES: Final = 100_000
_POLL_SECONDS: Final = 0.05


class AzureImitation:
    """Token endpoint and Resource Manager of one imitated subscription.

    Attributes:
        base_url: Where both answer.
        tokens: Gives tokens; holds the proofs that it accepts.
    """

    def __init__(
        self, files: AzureFiles, address: IPv4Address, scene: AzureScene, *, port: int = 0
    ) -> None:
        """Listen, but answer nothing yet.

        Args:
            files: From :func:`issue_azure_files`, for this address.
            address: A loopback address.
            scene: What is answered at first.
            port: 0 takes any free one.

        Raises:
            LabInUseError: The address can't be listened on.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(files.server_file)
        try:
            self._server = _Server((str(address), port), context)
        except OSError as error:
            raise LabInUseError(
                what=f"{address}:{port}", reason=error.strerror or str(error)
            ) from error
        self.base_url = f"https://{address}:{self._server.server_address[1]}"
        self.tokens = TokenEndpoint(
            base_url=self.base_url,
            tenant=scene.tenant,
            client_id=scene.client_id,
            certificate=x509.load_pem_x509_certificate(files.client_file.read_bytes()),
        )
        self._manager = ResourceManager(scene=scene, base_url=self.base_url)
        self._server.tokens = self.tokens
        self._server.manager = self._manager
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": _POLL_SECONDS},
            name="azure-imitation",
            daemon=True,
        )

    @property
    def requests(self) -> tuple[str, ...]:
        """What Resource Manager was asked so far, ``GET /path`` each."""
        return tuple(self._manager.requests)

    def set_scene(self, scene: AzureScene) -> None:
        """Answer another scene from now on; tenant and application stay."""
        self._manager.scene = scene

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop answering; connections are closed."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.close_connections()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Connections that clients keep are closed by close_connections; nobody waits for them.
    block_on_close = False
    tokens: TokenEndpoint
    manager: ResourceManager

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext) -> None:
        super().__init__(address, _Requests)
        self._context = context
        self._lock = threading.Lock()
        self._connections: set[ssl.SSLSocket] = set()

    @override
    def server_bind(self) -> None:
        # Without HTTPServer's reverse look-up of the address, which may ask a real DNS server.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    @override
    def finish_request(self, request: Any, client_address: Any) -> None:
        # Here it is this connection's own thread: a slow handshake holds up nobody.
        with self._context.wrap_socket(request, server_side=True) as connection:
            with self._lock:
                self._connections.add(connection)
            try:
                super().finish_request(connection, client_address)
            finally:
                with self._lock:
                    self._connections.discard(connection)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        # Clients that don't trust us, or go away: theirs to tell.
        _LOG.debug("a connection from %s ended", client_address, exc_info=True)

    def close_connections(self) -> None:
        """End the connections that are still open."""
        with self._lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Requests(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one piece, at once: dozens of small answers make up a run.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer a GET."""
        self._respond(b"")

    def do_POST(self) -> None:
        """Answer a POST."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MOST_BODY_BYTES:
            self.close_connection = True
            self._send(ArmAnswer(status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
            return
        self._respond(self.rfile.read(length))

    def _respond(self, body: bytes) -> None:
        server = self.server
        if not isinstance(server, _Server):
            message = "these requests belong to the imitation's own server"
            raise TypeError(message)
        path = self.path.partition("?")[0]
        tokens = server.tokens
        headers = {name.lower(): value for name, value in self.headers.items()}
        answer = tokens.answer(self.command, path, headers, body)
        if answer is None:
            if tokens.is_good(headers.get("authorization", "")):
                answer = server.manager.answer(self.command, path)
            else:
                answer = ArmAnswer(
                    status=HTTPStatus.UNAUTHORIZED,
                    body={
                        "error": {
                            "code": "AuthenticationFailed",
                            "message": "The bearer token is missing or not valid.",
                        },
                    },
                )
        self._send(answer)

    def _send(self, answer: ArmAnswer) -> None:
        text = answer.text()
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        _LOG.debug(format, *args)
