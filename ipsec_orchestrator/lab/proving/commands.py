"""The verbs by which imitated commands reach a member's network; JSON in, JSON out."""

import base64
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from ipsec_orchestrator.lab.proving.canned import CannedProofs, event_json
from ipsec_orchestrator.lab.proving.event_log import AuditEvent
from ipsec_orchestrator.lab.proving.host_network import HostNetwork
from ipsec_orchestrator.lab.proving.processes import NAME as POWERSHELL
from ipsec_orchestrator.lab.proving.processes import Processes
from ipsec_orchestrator.lab.windows.commands import Arguments
from ipsec_orchestrator.lab.windows.imitated_error import UNKNOWN_REQUEST, ImitatedError
from ipsec_orchestrator.model.json import Json

_ACCEPT_SECONDS: Final = 0.5


class NetworkCommands:
    """Commands of one member. Safe for several threads.

    Args:
        network: The member's network.
        processes: Its detached PowerShell processes.
    """

    def __init__(self, network: HostNetwork, processes: Processes) -> None:
        self.network = network
        self.processes = processes
        self._canned = CannedProofs(network)
        sockets, captures, rules = network.sockets, network.captures, network.rules
        self._verbs: Mapping[str, Callable[[Arguments], Json]] = {
            "on-wire": lambda a: network.is_on_wire(_text(a, "address")),
            "tcp-connect": lambda a: self._owned(
                a, network.connect(_text(a, "address"), _number(a, "port"), _seconds(a))
            ),
            "tcp-listen": lambda a: self._owned(
                a, sockets.listen(_text(a, "address"), _number(a, "port"))
            ),
            "tcp-accept": self._accept,
            "socket-send": lambda a: sockets.send(_number(a, "socket"), _content(a), _seconds(a)),
            "socket-receive": self._receive,
            "socket-close": lambda a: sockets.close(_number(a, "socket")),
            "udp-open": lambda a: self._owned(
                a, sockets.datagrams(_text(a, "address"), _number(a, "port"))
            ),
            "udp-send": lambda a: sockets.send_datagram(
                _number(a, "socket"), _content(a), _text(a, "address"), _number(a, "port")
            ),
            "udp-receive": self._receive_datagram,
            "listening": self._listening,
            "rule-add": lambda a: rules.add(_text(a, "name"), _text(a, "group")),
            "rule-remove": lambda a: rules.remove(_text(a, "name")),
            "rule-find": lambda a: list(rules.find(_text(a, "name"), _text(a, "group"))),
            "session-names": lambda _: list(captures.names()),
            "session-make": lambda a: captures.make(_text(a, "name"), _text(a, "path")),
            "session-add": self._add_provider,
            "session-start": lambda a: captures.start(_text(a, "name")),
            "session-stop": lambda a: captures.stop(_text(a, "name")),
            "session-remove": lambda a: captures.remove(_text(a, "name")),
            "absent": lambda _: list[Json](network.absent_commands()),
            "pktmon": self._packet_monitor,
            "web-feature": lambda a: network.web.has(_text(a, "name")),
            "web-install": lambda a: list[Json](network.web.install(_texts(a, "names"))),
            "web-uninstall": lambda a: network.web.uninstall(_texts(a, "names")),
            "web-sites": lambda _: network.web.sites(),
            "web-site-make": lambda a: network.web.make_site(
                _text(a, "name"), _number(a, "id"), _number(a, "port"), Path(_text(a, "path"))
            ),
            "web-site-stop": lambda a: network.web.stop_site(_text(a, "name")),
            "web-site-remove": lambda a: network.web.remove_site(_text(a, "name")),
            "capture-events": lambda a: captures.events(_text(a, "path")),
            "security-events": self._security_events,
            "process-stop": lambda a: processes.stop(_number(a, "id")),
        }

    def run(self, verb: str, arguments: Arguments) -> Json:
        """Carry out one command.

        Raises:
            ImitatedError: It ends in an error as on Windows.
            BackendError: The lab itself failed.
        """
        command = self._verbs.get(verb)
        if command is None:
            raise ImitatedError(UNKNOWN_REQUEST, verb)
        return command(arguments)

    def start_process(self, command_line: str) -> tuple[int, int | None]:
        """Start a detached PowerShell: return value and process id of Win32_Process.Create."""
        if POWERSHELL not in command_line.casefold():
            return 9, None
        return 0, self.processes.start(command_line)

    def _owned(self, arguments: Arguments, number: int) -> Json:
        owner = arguments.get("process")
        if isinstance(owner, str) and owner.isdigit():
            self.network.sockets.own(number, int(owner))
        return number

    def _accept(self, arguments: Arguments) -> Json:
        number = self.network.sockets.accept(_number(arguments, "socket"), _ACCEPT_SECONDS)
        return None if number is None else self._owned(arguments, number)

    def _receive(self, arguments: Arguments) -> Json:
        content = self.network.sockets.receive(
            _number(arguments, "socket"), _number(arguments, "most"), _seconds(arguments)
        )
        return base64.b64encode(content).decode()

    def _receive_datagram(self, arguments: Arguments) -> Json:
        found = self.network.sockets.receive_datagram(
            _number(arguments, "socket"), _seconds(arguments)
        )
        if found is None:
            return None
        content, address, port = found
        return {"content": base64.b64encode(content).decode(), "address": address, "port": port}

    def _listening(self, arguments: Arguments) -> Json:
        is_udp = _text(arguments, "protocol") == "UDP"
        sockets = self.network.sockets
        return sorted(sockets.datagram_ports if is_udp else sockets.listening_ports)

    def _add_provider(self, arguments: Arguments) -> Json:
        addresses, protocols = arguments.get("addresses"), arguments.get("protocols")
        self.network.captures.add_provider(
            _text(arguments, "name"),
            [str(found) for found in addresses] if isinstance(addresses, Sequence) else [],
            [int(str(found)) for found in protocols] if isinstance(protocols, Sequence) else [],
            _number(arguments, "truncation"),
        )
        return None

    def _packet_monitor(self, arguments: Arguments) -> Json:
        words = arguments.get("words")
        code, lines = self.network.monitor.run(
            [str(word) for word in words] if isinstance(words, Sequence) else []
        )
        return {"code": code, "lines": list[Json](lines)}

    def _security_events(self, arguments: Arguments) -> Json:
        wanted = arguments.get("ids")
        ids = [int(str(found)) for found in wanted] if isinstance(wanted, Sequence) else []
        since = self.network.now() - timedelta(seconds=_seconds(arguments))
        return [event_json(found) for found in self.events_since(since) if found.event_id in ids]

    def events_since(self, since: datetime) -> list[AuditEvent]:
        """Give the events of the security log since a time by the host's clock, newest first."""
        return [found for found in reversed(self.network.events()) if found.time >= since]

    def answer(self, script: str, parameters: Arguments) -> Json:
        """Answer one of the scripts of a proof without a PowerShell.

        Raises:
            ImitatedError: It ends in an error as on Windows.
        """
        return self._canned.answer(script, parameters)

    def environment(self) -> Mapping[str, str]:
        """Give the variables that an engine of this member needs."""
        return {"ProgramData": str(self.network.program_data)}

    def stop(self) -> None:
        """End everything, as the end of the host does."""
        self._canned.stop()
        self.network.web.stop()
        self.processes.stop_all()


def _text(arguments: Arguments, name: str) -> str:
    value = arguments.get(name)
    return value if isinstance(value, str) else ""


def _texts(arguments: Arguments, name: str) -> list[str]:
    value = arguments.get(name)
    return [str(found) for found in value] if isinstance(value, list) else []


def _number(arguments: Arguments, name: str) -> int:
    value = arguments.get(name)
    return int(value) if isinstance(value, int | float) else 0


def _seconds(arguments: Arguments) -> float:
    value = arguments.get("seconds")
    return float(value) if isinstance(value, int | float) else 0.0


def _content(arguments: Arguments) -> bytes:
    return base64.b64decode(_text(arguments, "content"))
