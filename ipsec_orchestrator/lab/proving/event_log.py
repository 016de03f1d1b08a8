"""The security log's events about IPsec, out of what a guest's charon wrote.

Pure, but for the names of services, which charon takes from the same file.
"""

import re
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, assert_never

from ipsec_orchestrator.lab.wire.guest_policy import peer_of
from ipsec_orchestrator.lab.wire.ike_log import IkeEvent, IkeEventKind

ASSOCIATION_UP: Final = 5451
ASSOCIATION_DOWN: Final = 5452
MAIN_MODE_FAILED: Final = 4653
QUICK_MODE_FAILED: Final = 4654
_SPIS: Final = re.compile(r"with SPIs (?P<inbound>[0-9a-f]{8})_i.*?(?P<outbound>[0-9a-f]{8})_o")
_SELECTORS: Final = re.compile(
    r"TS (?P<local>[0-9.]+)/\d+(?:\[(?P<local_traffic>[^\]]*)\])? === "
    r"(?P<remote>[0-9.]+)/\d+(?:\[(?P<remote_traffic>[^\]]*)\])?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One event with its named fields."""

    event_id: int
    time: datetime
    fields: tuple[tuple[str, str], ...]


def audit_events(log: Iterable[IkeEvent]) -> Iterator[AuditEvent]:
    """Give what Windows would have audited; the oldest first."""
    for line in log:
        found = _event(line)
        if found is not None:
            moment = datetime.fromtimestamp(line.milliseconds / 1000, UTC)
            yield AuditEvent(event_id=found[0], time=moment, fields=tuple(found[1].items()))


def _event(line: IkeEvent) -> tuple[int, dict[str, str]] | None:
    match line.kind:
        case IkeEventKind.QUICK_MODE_UP:
            return ASSOCIATION_UP, _association(line.text)
        case IkeEventKind.DELETED:
            fields = _association(line.text)
            return (ASSOCIATION_DOWN, fields) if fields else None
        case IkeEventKind.GIVEN_UP | IkeEventKind.AUTHENTICATION_FAILED:
            return MAIN_MODE_FAILED, _peer(line)
        case IkeEventKind.NO_COMMON_METHOD:
            return QUICK_MODE_FAILED, _peer(line)
        case (
            IkeEventKind.INITIATED
            | IkeEventKind.MAIN_MODE_UP
            | IkeEventKind.RETRANSMITTED
            | IkeEventKind.OTHER
        ):
            return None
        case _:
            assert_never(line.kind)


def _association(text: str) -> dict[str, str]:
    spis, selectors = _SPIS.search(text), _SELECTORS.search(text)
    if spis is None:
        return {}
    inbound, outbound = int(spis["inbound"], 16), int(spis["outbound"], 16)
    fields = {
        # The inbound SPI is this side's own choice and unique here: it serves as the id.
        "QuickModeSaId": str(inbound),
        "InboundSpi": str(inbound),
        "OutboundSpi": str(outbound),
    }
    if selectors is not None:
        protocol, local_port = _traffic(selectors["local_traffic"])
        fields |= {
            "LocalAddress": selectors["local"],
            "LocalPort": str(local_port),
            "RemoteAddress": selectors["remote"],
            "RemotePort": str(_traffic(selectors["remote_traffic"])[1]),
            "IpProtocol": str(protocol),
        }
    return fields


def _peer(line: IkeEvent) -> dict[str, str]:
    peer = peer_of(line.connection)
    return {} if peer is None else {"RemoteAddress": str(peer)}


def _traffic(text: str | None) -> tuple[int, int]:
    """Give protocol and port of ``tcp/8080``, ``tcp/http-alt``, ``tcp``, ``47/...``; 0 is any."""
    protocol, _, port = (text or "").partition("/")
    return _number(protocol, socket.getprotobyname), _number(port, socket.getservbyname)


def _number(word: str, look_up: Callable[[str], int]) -> int:
    if word.isdigit():
        return int(word)
    try:
        return look_up(word) if word else 0
    except OSError:
        return 0
