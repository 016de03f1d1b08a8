"""Real receivers on loopback: a web server with a certificate of a private CA, and a mail server."""

import asyncio
import email
import email.policy
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from typing_extensions import override


class WebReceiver:
    """Takes notifications and answers as it is told to.

    Attributes:
        port: On 127.0.0.1.
        taken: The JSON bodies of what was sent, whatever was answered.
        paths: What was asked for.
        status: What is answered.
        hangs: Set while answers are to be held back.
    """

    def __init__(self) -> None:
        self.port = 0
        self.taken: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.status = 200
        self.hangs = threading.Event()
        self.released = threading.Event()


@contextmanager
def web_receiver(certificate: Path | None) -> Iterator[WebReceiver]:
    """Serve while the block runs; over TLS with this certificate and key, or plainly."""
    receiver = WebReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            receiver.paths.append(self.path)
            receiver.taken.append(json.loads(self.rfile.read(length)))
            if receiver.hangs.is_set():
                receiver.released.wait()
                return
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = False

        @override
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that refuses the certificate is what some tests want."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.released.set()
            server.shutdown()
            thread.join()


class MailReceiver:
    """Takes mail.

    Attributes:
        port: On 127.0.0.1.
        mails: What came.
        refuses: Whether mail is refused.
    """

    def __init__(self) -> None:
        self.port = 0
        self.mails: list[EmailMessage] = []
        self.refuses = False

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take one mail."""
        del server, session
        if self.refuses:
            return "554 not wanted here"
        content = envelope.content
        assert isinstance(content, bytes)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"


class _FreePort(Controller):
    """A server at a port that the system chose."""

    @override
    def _trigger_server(self) -> None:
        assert isinstance(self.server, asyncio.Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # typed in part


@contextmanager
def mail_receiver() -> Iterator[MailReceiver]:
    """Serve SMTP while the block runs."""
    receiver = MailReceiver()
    controller = _FreePort(receiver, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        receiver.port = controller.port
        yield receiver
    finally:
        controller.stop()
