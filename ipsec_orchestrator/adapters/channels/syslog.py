"""Syslog as RFC 5424 has it, with structured data; to this machine's socket or to a server."""

import logging
import socket
import sys
from enum import StrEnum
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from typing_extensions import override

from ipsec_orchestrator.errors import ChannelError, MissingDependencyError, UsageError
from ipsec_orchestrator.model.news import Announcement, Level, LogRecord
from ipsec_orchestrator.ports import Channel

APP_NAME: Final = "ipsec_orchestrator"
# We have no enterprise number; RFC 5612 reserves this one for what stays among those who agree.
SD_ID: Final = "ipsec@32473"
_TIMEOUT_SECONDS: Final = 5.0
_DAEMON: Final = 3
_PLATFORM: Final[str] = sys.platform
_LEVELS: Final = {
    Level.GOOD: "INFO",
    Level.NOTE: "NOTICE",
    Level.WARNING: "WARNING",
    Level.ALARM: "ERROR",
}


class Transport(StrEnum):
    """How a server is spoken to."""

    UDP = "udp"
    """RFC 5426: nobody tells whether it arrived."""
    TCP = "tcp"
    """RFC 6587, each message with its length in front."""
    TLS = "tls"
    """RFC 5425; the certificate is checked against the CAs that the system trusts."""


class SyslogServer(Channel):
    """A server on the network."""

    def __init__(self, transport: Transport, host: str, port: int) -> None:
        """Prepare it; nothing is opened yet.

        Raises:
            MissingDependencyError: The package is not installed.
        """
        self._transport = transport
        self._host = host
        self._port = port
        self._library = _library()

    @property
    @override
    def key(self) -> str:
        return f"syslog+{self._transport}://{self._host}:{self._port}"

    @property
    @override
    def title(self) -> str:
        return f"the syslog server {self._host}:{self._port} ({self._transport.value})"

    @override
    def tell(self, announcement: Announcement) -> None:
        library, udp = self._library, self._transport is Transport.UDP
        try:
            handler = library.Rfc5424SysLogHandler(
                address=(self._host, self._port),
                facility=_DAEMON,
                socktype=socket.SOCK_DGRAM if udp else socket.SOCK_STREAM,
                framing=library.FRAMING_OCTET_COUNTING,
                appname=APP_NAME,
                utc_timestamp=True,
                timeout=_TIMEOUT_SECONDS,
                tls_enable=self._transport is Transport.TLS,
            )
        except OSError as error:
            raise ChannelError(channel=self.title, reason=_words(error)) from error
        try:
            for record in announcement.records:
                handler.transport.transmit(handler.build_msg(log_record(record)))
        except OSError as error:
            raise ChannelError(channel=self.title, reason=_words(error)) from error
        finally:
            handler.close()


class SyslogSocket(Channel):
    """The socket of a syslog daemon on this machine."""

    def __init__(self, path: Path) -> None:
        """Prepare it; nothing is opened yet.

        Raises:
            UsageError: This system has no such sockets.
            MissingDependencyError: The package is not installed.
        """
        if _PLATFORM == "win32":
            raise UsageError(
                "--event-log syslog: Windows has no socket of a syslog daemon.",
                cure="Name a server (syslog+tls://HOST), or use windows or ecs:FILE.",
            )
        self._path = path
        self._library = _library()

    @property
    @override
    def key(self) -> str:
        return f"syslog:{self._path}"

    @property
    @override
    def title(self) -> str:
        return f"the syslog socket {self._path}"

    @override
    def tell(self, announcement: Announcement) -> None:
        # The library puts the message together; its own socket would wait for a full one for ever.
        handler = self._library.Rfc5424SysLogHandler(
            stream=BytesIO(), facility=_DAEMON, appname=APP_NAME, utc_timestamp=True
        )
        messages = [handler.build_msg(log_record(record)) for record in announcement.records]
        handler.close()
        try:
            _send(self._path, messages)
        except OSError as error:
            raise ChannelError(channel=self.title, reason=_words(error)) from error


def _send(path: Path, messages: list[bytes]) -> None:
    if sys.platform != "win32":
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(_TIMEOUT_SECONDS)
            sender.connect(str(path))
            for message in messages:
                sender.send(message)


def log_record(record: LogRecord) -> logging.LogRecord:
    """Give a record as the library takes it: the kind is its MSGID, the fields its data."""
    made = logging.LogRecord(APP_NAME, logging.INFO, "", 0, "%s", (record.text,), None)
    made.levelname = _LEVELS[record.level]
    made.created = record.at.timestamp()
    made.msgid = record.kind.value
    made.structured_data = {SD_ID: dict(record.fields)}
    return made


def _words(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    return str(error.strerror or error)


def _library() -> Any:  # noqa: ANN401 - a module without types, loaded only where it is needed
    try:
        return import_module("rfc5424logging")
    except ImportError as error:
        raise MissingDependencyError(
            "Writing to syslog needs the package rfc5424-logging-handler.",
            cure="pip install 'ipsec_orchestrator[logs]'",
        ) from error
