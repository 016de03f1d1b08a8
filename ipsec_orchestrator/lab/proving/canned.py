"""The scripts of a proof without a PowerShell, from the same state as the imitated commands."""

import base64
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from ipsec_orchestrator.lab.proving.canned_history import ipsec_history
from ipsec_orchestrator.lab.proving.canned_traffic import CannedListener, send_requests
from ipsec_orchestrator.lab.proving.canned_web import CannedWeb
from ipsec_orchestrator.lab.proving.event_log import AuditEvent
from ipsec_orchestrator.lab.proving.host_network import CAPTURE_CMDLETS, PKTMON, HostNetwork
from ipsec_orchestrator.lab.windows.commands import Arguments
from ipsec_orchestrator.lab.windows.imitated_error import COMMAND_NOT_FOUND, ImitatedError
from ipsec_orchestrator.lab.windows.rsop_log import CimInstance
from ipsec_orchestrator.lab.windows.utc_text import utc_text
from ipsec_orchestrator.lab.wire.frames import Frame
from ipsec_orchestrator.model.json import Json

_GROUP: Final = "ipsec_orchestrator"
_PREFIX: Final = f"{_GROUP}-"
_ASSOCIATION_EVENTS: Final = frozenset({5451, 5452})
_PROTOCOLS: Final = (1, 6, 17, 50, 51)


class CannedProofs:
    """Answers of one member. Safe for several threads, one proof at a time."""

    def __init__(self, network: HostNetwork) -> None:
        self._network = network
        self._web = CannedWeb(network)
        self._guards: dict[str, threading.Timer] = {}
        self._listeners: dict[str, CannedListener] = {}
        self._answers: Mapping[str, Callable[[Arguments], Json]] = {
            "associations": self._associations,
            "capture_read": self._capture_read,
            "capture_start": self._capture_start,
            "capture_stop": self._capture_stop,
            "ipsec_events": self._events,
            "ipsec_history": lambda given: ipsec_history(self._network, given),
            "proof_begin": self._begin,
            "proof_end": self._end,
            "proof_leftovers": self._leftovers,
            "proof_listener_start": self._listener_start,
            "proof_request": self._request,
            "set_web_service": self._web.change,
            "web_service": self._web.read,
        }

    def answer(self, script: str, parameters: Arguments) -> Json:
        """Give the answer of a script.

        Raises:
            ImitatedError: It ends in an error as on Windows, or has no answer here.
        """
        found = self._answers.get(script)
        if found is None:
            raise ImitatedError(COMMAND_NOT_FOUND, script)
        return found(parameters)

    def stop(self) -> None:
        """End everything, as the end of the host does."""
        for name in list(self._guards):
            self._take_away(name)

    def _begin(self, parameters: Arguments) -> Json:
        name, seconds = _name(parameters), _number(parameters, "LifetimeSeconds")
        (self._network.program_data / name).mkdir()
        guard = threading.Timer(seconds, self._take_away, [name])
        guard.daemon = True
        self._guards[name] = guard
        guard.start()
        now = self._network.now()
        return {
            "time": utc_text(now),
            "name": name,
            "guard_at": utc_text(now + timedelta(seconds=seconds)),
        }

    def _end(self, parameters: Arguments) -> Json:
        return {"received": list(self._take_away(_name(parameters))), "problems": {}}

    def _take_away(self, name: str) -> Sequence[str]:
        listener = self._listeners.pop(name, None)
        if listener is not None:
            listener.stop()
        self._network.rules.remove(name)
        if name in self._network.captures.names():
            self._network.captures.remove(name)
        self._network.captures.forget(self._folder(name))
        if self._network.monitor.file == self._file(name):
            self._network.monitor.run(["stop"])
        self._network.monitor.forget(self._folder(name))
        shutil.rmtree(self._folder(name), ignore_errors=True)
        guard = self._guards.pop(name, None)
        if guard is not None:
            guard.cancel()
        return listener.received if listener is not None else ()

    def _leftovers(self, parameters: Arguments) -> Json:
        del parameters
        rules = self._network.rules.find("", _GROUP)
        captures = self._network.captures.names()
        monitored = self._network.monitor.file or ""
        folders = [found.name for found in self._network.program_data.iterdir()]
        return {
            "rules": [str(rule["name"]) for rule in rules],
            "tasks": list(self._guards),
            "processes": list(self._listeners),
            "sessions": [found for found in captures if found.startswith(_PREFIX)],
            "monitor": [Path(monitored).parent.name] if _PREFIX in monitored else [],
            "folders": [found for found in folders if found.startswith(_PREFIX)],
        }

    def _listener_start(self, parameters: Arguments) -> Json:
        name, port = _name(parameters), _number(parameters, "Port")
        protocol, sockets = str(parameters.get("Protocol")), self._network.sockets
        used = sockets.datagram_ports if protocol == "UDP" else sockets.listening_ports
        if port in used:
            return {"taken": True, "listening": False, "process_id": None, "problem": None}
        self._network.rules.add(name, _GROUP)
        address = str(parameters.get("LocalAddress"))
        problem = None
        try:
            self._listeners[name] = CannedListener(sockets, protocol, address, port)
        except ImitatedError as error:
            problem = error.error_id
        return {
            "taken": False,
            "listening": problem is None,
            "process_id": None,
            "problem": problem,
        }

    def _request(self, parameters: Arguments) -> Json:
        nonces, sizes = parameters.get("Nonces"), parameters.get("Sizes")
        if not isinstance(nonces, Sequence) or not isinstance(sizes, Sequence):
            raise ImitatedError("ParameterArgumentTransformationError", "Nonces")
        return send_requests(
            self._network.sockets,
            source=str(parameters.get("SourceAddress")),
            address=str(parameters.get("Address")),
            port=_number(parameters, "Port"),
            protocol=str(parameters.get("Protocol")),
            requests=[(str(n), int(str(s))) for n, s in zip(nonces, sizes, strict=True)],
            seconds=_number(parameters, "TimeoutMilliseconds") / 1000,
            now=self._network.now(),
            gets=parameters.get("Method") == "GET",
        )

    def _capture_start(self, parameters: Arguments) -> Json:
        captures, name = self._network.captures, _name(parameters)
        absent = self._network.absent_commands()
        if PKTMON in absent and CAPTURE_CMDLETS in absent:
            return _started(problem="neither NetEventPacketCapture nor pktmon is there")
        if CAPTURE_CMDLETS in absent:
            return self._monitor_start(parameters)
        others = captures.names()
        if not others:
            captures.make(name, self._file(name))
            peer = str(parameters.get("PeerAddress"))
            bytes_kept = _number(parameters, "TruncationBytes")
            captures.add_provider(name, [peer], _PROTOCOLS, bytes_kept)
            captures.start(name)
        return _started(None if others else CAPTURE_CMDLETS, others)

    def _monitor_start(self, parameters: Arguments) -> Json:
        monitor = self._network.monitor
        if monitor.file is not None:
            return _started(others=[PKTMON])
        if monitor.has_filter:
            return _started(others=[f"{PKTMON} filter"])
        kept = str(_number(parameters, "TruncationBytes"))
        file = self._file(_name(parameters))
        monitor.run(["start", "--capture", "--pkt-size", kept, "--file-name", file])
        return _started(PKTMON)

    def _capture_stop(self, parameters: Arguments) -> Json:
        name = _name(parameters)
        own = name in self._network.captures.names()
        if self._network.monitor.file == self._file(name):
            self._network.monitor.run(["stop"])
            return {"stopped": True, "problem": None}
        if own:
            self._network.captures.stop(name)
        return {"stopped": own, "problem": None}

    def _capture_read(self, parameters: Arguments) -> Json:
        most = _number(parameters, "MaximumFrames")
        pair = {
            IPv4Address(str(parameters.get("LocalAddress"))),
            IPv4Address(str(parameters.get("PeerAddress"))),
        }
        own = [
            frame
            for frame in self._kept(self._file(_name(parameters)))
            if frame.packet is not None and {frame.packet.source, frame.packet.destination} == pair
        ]
        return {
            "frames": [
                {
                    "time": utc_text(datetime.fromtimestamp(frame.nanoseconds / 1e9, UTC)),
                    "content": base64.b64encode(frame.content).decode(),
                }
                for frame in own[:most]
            ],
            "left_out": max(0, len(own) - most),
            "problem": None,
        }

    def _kept(self, file: str) -> Sequence[Frame]:
        return self._network.captures.kept(file) or self._network.monitor.kept(file)

    def _associations(self, parameters: Arguments) -> Json:
        peer = str(parameters.get("PeerAddress"))
        quick = [row for row in self._network.quick_modes() if row["RemoteEndpoint"] == peer]
        main = [row for row in self._network.main_modes() if row["RemoteEndpoint"] == peer]
        return {
            "quick_mode": {"problem": None, "associations": [_quick_mode(row) for row in quick]},
            "main_mode": {"problem": None, "associations": [_main_mode(row) for row in main]},
            "offload": {"problem": None, "enabled": False},
        }

    def _events(self, parameters: Arguments) -> Json:
        peer, now = str(parameters.get("PeerAddress")), self._network.now()

        def is_wanted(event: AuditEvent) -> bool:
            name = "Association" if event.event_id in _ASSOCIATION_EVENTS else "Failure"
            since = now - timedelta(seconds=_number(parameters, f"{name}Seconds"))
            return event.time >= since and dict(event.fields).get("RemoteAddress", peer) == peer

        setting = self._network.audit_setting
        found = [event for event in reversed(self._network.events()) if is_wanted(event)]
        return {
            "audited": {"main_mode": setting, "quick_mode": setting, "driver": setting},
            "events": [
                event_json(event) for event in found[: _number(parameters, "MaximumEvents")]
            ],
            "problem": None,
        }

    def _folder(self, name: str) -> str:
        return str(self._network.program_data / name)

    def _file(self, name: str) -> str:
        return f"{self._folder(name)}/capture.etl"


def _started(by: str | None = None, others: Sequence[str] = (), problem: str | None = None) -> Json:
    return {
        "capturing": by is not None,
        "by": by,
        "others": list(others),
        "problem": problem,
    }


def event_json(event: AuditEvent) -> Json:
    """Write an event."""
    return {"id": event.event_id, "time": utc_text(event.time), "fields": dict(event.fields)}


def _quick_mode(row: CimInstance) -> Json:
    return {
        "id": str(row["QmSaId"]),
        "local_address": str(row["LocalEndpoint"]),
        "remote_address": str(row["RemoteEndpoint"]),
        "local_port": _whole(row, "LocalPort"),
        "remote_port": _whole(row, "RemotePort"),
        "protocol": _whole(row, "IpProtocol"),
        "first_transform": _whole(row, "FirstTransformType"),
        "first_cipher": _whole(row, "FirstCipherAlgorithm"),
        "first_integrity": _whole(row, "FirstIntegrityAlgorithm"),
    }


def _main_mode(row: CimInstance) -> Json:
    return {
        "local_address": str(row["LocalEndpoint"]),
        "remote_address": str(row["RemoteEndpoint"]),
        "key_module": _whole(row, "KeyModule"),
        "cipher": _whole(row, "CipherAlgorithm"),
        "hash": _whole(row, "HashAlgorithm"),
        "group": _whole(row, "GroupId"),
    }


def _whole(row: CimInstance, name: str) -> int:
    value = row[name]
    return value if isinstance(value, int) else 0


def _name(parameters: Arguments) -> str:
    return f"{_PREFIX}{parameters.get('RunId')}"


def _number(parameters: Arguments, name: str) -> int:
    value = parameters.get(name)
    return int(value) if isinstance(value, int | float) else 0
