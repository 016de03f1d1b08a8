"""Which log is meant by ``--event-log``."""

import sys
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from ipsec_orchestrator.adapters.channels.ecs_file import EcsFile
from ipsec_orchestrator.adapters.channels.journald import Journald
from ipsec_orchestrator.adapters.channels.syslog import SyslogServer, SyslogSocket, Transport
from ipsec_orchestrator.adapters.channels.windows_event_log import windows_event_log
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.ports import Channel

_PORTS: Final = {Transport.UDP: 514, Transport.TCP: 514, Transport.TLS: 6514}
_SCHEMES: Final = {
    "syslog": Transport.UDP,
    "syslog+udp": Transport.UDP,
    "syslog+tcp": Transport.TCP,
    "syslog+tls": Transport.TLS,
}
_CURE: Final = (
    "It is one of journald, windows, syslog, syslog:SOCKET, syslog+udp://HOST:PORT, "
    "syslog+tcp://HOST:PORT, syslog+tls://HOST:PORT, ecs:FILE."
)


def log_channel(target: str) -> Channel:
    """Give the channel to a log.

    Raises:
        UsageError: There is no such log, or not on this system.
        MissingDependencyError: A package of the extra ``logs`` is missing.
    """
    if target == "journald":
        return Journald()
    if target == "windows":
        return windows_event_log()
    if target == "syslog":
        return SyslogSocket(Path("/var/run/syslog" if sys.platform == "darwin" else "/dev/log"))
    kind, _, rest = target.partition(":")
    if kind == "ecs" and rest:
        return EcsFile(Path(rest))
    if kind == "syslog" and rest and not rest.startswith("//"):
        return SyslogSocket(Path(rest))
    return _server(target)


def _server(target: str) -> Channel:
    try:
        parts: SplitResult = urlsplit(target)
        transport, host, port = _SCHEMES.get(parts.scheme), parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"--event-log: {target!r} is no address of a log.", cure=_CURE) from error
    extra = parts.username or parts.password or parts.query or parts.fragment
    if transport is None or not host or extra or parts.path not in {"", "/"}:
        raise UsageError("--event-log: there is no such log.", cure=_CURE)
    return SyslogServer(transport, host, port or _PORTS[transport])
