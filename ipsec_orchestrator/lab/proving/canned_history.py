"""The answer of ``ipsec_history.ps1`` without a PowerShell."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from ipsec_orchestrator.lab.proving.event_log import ASSOCIATION_UP, AuditEvent
from ipsec_orchestrator.lab.proving.host_network import HostNetwork
from ipsec_orchestrator.lab.windows.commands import Arguments
from ipsec_orchestrator.lab.windows.utc_text import utc_text
from ipsec_orchestrator.model.json import Json

_LOG_REACHES_BACK: Final = timedelta(days=30)
_SUCCESSES: Final = frozenset({4650, 4651, 4655, 5451, 5452})
_FAILURES: Final = frozenset({4652, 4653, 4654, 4963, 5453})
_FIELDS: Final = ("LocalAddress", "RemoteAddress", "IpProtocol", "LocalPort", "RemotePort")
_ROW: Final = {
    "local_address": "LocalEndpoint",
    "remote_address": "RemoteEndpoint",
    "local_port": "LocalPort",
    "remote_port": "RemotePort",
    "protocol": "IpProtocol",
    "first_cipher": "FirstCipherAlgorithm",
    "first_integrity": "FirstIntegrityAlgorithm",
}


def ipsec_history(network: HostNetwork, parameters: Arguments) -> Json:
    """Answer for one member's network."""
    now, setting = network.now(), network.audit_setting
    given = parameters.get("PeerAddresses")
    peers = {str(peer) for peer in given} if isinstance(given, Sequence) else set[str]()
    since = now - timedelta(seconds=_number(parameters, "Seconds"))
    most = _number(parameters, "MaximumEvents")
    recent = [event for event in reversed(network.events()) if event.time >= since]
    good = [event for event in recent if event.event_id in _SUCCESSES][:most]
    bad = [event for event in recent if event.event_id in _FAILURES][:most]
    rows: list[Json] = [
        {name: _plain(row[key]) for name, key in _ROW.items()}
        for row in network.quick_modes()
        if row["RemoteEndpoint"] in peers
    ]
    return {
        "time": utc_text(now),
        "quick_mode": {"problem": None, "associations": rows},
        "log": {
            "audited": {"main_mode": setting, "quick_mode": setting, "driver": setting},
            "problem": None,
            "since": utc_text(now - _LOG_REACHES_BACK),
            "cut_off": len(good) >= most or len(bad) >= most,
            "events": _counted([*good, *bad], peers),
        },
    }


def _counted(events: Sequence[AuditEvent], peers: set[str]) -> list[Json]:
    """Count alike events; the newest of each comes first."""
    found: dict[tuple[str, ...], tuple[AuditEvent, int]] = {}
    for event in events:
        fields = dict(event.fields)
        if fields.get("RemoteAddress") and fields["RemoteAddress"] not in peers:
            continue
        key = (str(event.event_id), *(fields.get(name, "") for name in _FIELDS))
        newest, count = found.get(key, (event, 0))
        found[key] = (newest, count + 1)
    return [_event(event, count) for event, count in found.values()]


def _event(event: AuditEvent, count: int) -> Json:
    fields = dict(event.fields)
    local, remote, protocol, local_port, remote_port = (fields.get(name, "") for name in _FIELDS)
    spis = {fields.get("InboundSpi"), fields.get("OutboundSpi")}
    return {
        "id": event.event_id,
        "count": count,
        "last": utc_text(event.time),
        "soft": event.event_id == ASSOCIATION_UP and spis == {"0"},
        "local_address": local,
        "remote_address": remote,
        "protocol": protocol,
        "local_port": local_port,
        "remote_port": remote_port,
    }


def _plain(value: object) -> Json:
    return value if isinstance(value, int) else str(value)


def _number(parameters: Arguments, name: str) -> int:
    value = parameters.get(name)
    return int(value) if isinstance(value, int | float) else 0
