"""A flow between two hosts and real frames of it, for tests of whatever judges or shows proofs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any, Final

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.ipsec import ESP
from scapy.layers.isakmp import ISAKMP, ISAKMP_payload_Notify, ISAKMP_payload_SA
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw

from ipsec_orchestrator.model.evidence import (
    Association,
    EndEvidence,
    FlowEvidence,
    Frame,
    IpsecEvent,
    Request,
)
from ipsec_orchestrator.model.flow import Flow

BEGIN: Final = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
VM1: Final = IPv4Address("10.0.1.20")
HOST1: Final = IPv4Address("10.2.27.10")
NONCES: Final = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210")
SPI_OUT: Final = 0xC1A2B3C4
SPI_BACK: Final = 0x0BADCAFE
MAIN_MODE, INFORMATIONAL, QUICK_MODE = 2, 5, 32

FLOW: Final = Flow(
    source="vm1",
    destination="host1",
    source_address=VM1,
    destination_address=HOST1,
    protocol=6,
    port=8080,
    rule="myRule",
    filter_action="myEncryption",
    algorithms=(("3DES", "SHA1"),),
)
CONTROL: Final = replace(FLOW, port=8081, rule=None, filter_action=None, algorithms=())


def ip(*, back: bool = False) -> Packet:
    """Ethernet and IP from vm1 to host1, or back."""
    source, destination = (HOST1, VM1) if back else (VM1, HOST1)
    return Ether() / IP(src=str(source), dst=str(destination))


def framed(packet: Packet, *, second: float = 0, cut: int = 128) -> Frame:
    """What a capture keeps of a packet."""
    content = bytes(packet)
    return Frame(
        captured_at=BEGIN + timedelta(seconds=second),
        content=content[:cut],
        original_length=len(content),
    )


def esp(*, back: bool = False, spi: int | None = None, second: float = 1) -> Frame:
    """An ESP packet of the scene's association."""
    number = spi if spi is not None else (SPI_BACK if back else SPI_OUT)
    return framed(ip(back=back) / ESP(spi=number, seq=1, data=bytes(96)), second=second)


def clear(*, back: bool = False, text: str = "", port: int = 8080, second: float = 1) -> Frame:
    """A TCP packet in clear to the port, or from it."""
    ports: dict[str, Any] = (
        {"sport": port, "dport": 50_000} if back else {"sport": 50_000, "dport": port}
    )
    request = Raw(f"POST /{text} HTTP/1.1\r\n".encode()) if text else Raw(b"")
    return framed(ip(back=back) / TCP(**ports) / request, second=second)


def ike(
    exchange: int,
    *,
    back: bool = False,
    encrypted: bool = False,
    notify: int | None = None,
    second: float = 0,
) -> Frame:
    """An IKE message; clear ones carry a proposal or a notification."""
    head: dict[str, Any] = {"init_cookie": b"A" * 8, "exch_type": exchange}
    if encrypted:
        body = ISAKMP(**head, flags=1, next_payload=8) / Raw(bytes(40))
    elif notify is not None:
        body = ISAKMP(**head) / ISAKMP_payload_Notify(notify_msg_type=notify)
    else:
        body = ISAKMP(**head) / ISAKMP_payload_SA()
    return framed(ip(back=back) / UDP(sport=500, dport=500) / body, second=second)


def main_mode_opened() -> tuple[Frame, ...]:
    """The first two messages of main mode: a proposal, and one that was taken."""
    return ike(MAIN_MODE), ike(MAIN_MODE, back=True)


def association(*, at_source: bool, **changes: Any) -> Association:  # noqa: ANN401 - any field of it
    """The scene's association as one end reports it."""
    found = Association(
        local_address=VM1 if at_source else HOST1,
        remote_address=HOST1 if at_source else VM1,
        protocol=6,
        local_port=0 if at_source else 8080,
        remote_port=8080 if at_source else 0,
        encryption="3DES",
        integrity="SHA1",
        inbound_spi=SPI_BACK if at_source else SPI_OUT,
        outbound_spi=SPI_OUT if at_source else SPI_BACK,
        source="cim, event 5451",
    )
    return replace(found, **changes)


def requests(*, small: bool = True, large: bool = True) -> tuple[Request, ...]:
    """A small and a large request, answered as said."""
    return tuple(
        Request(
            size=size,
            sent_at=BEGIN,
            milliseconds=12.5 if fine else 20_000.0,
            answered=fine,
            status=200 if fine else None,
            error=None if fine else "ConnectTimeout",
        )
        for size, fine in ((1000, small), (120_000, large))
    )


def end(*, at_source: bool, **changes: Any) -> EndEvidence:  # noqa: ANN401 - any field of it
    """What one end tells when all is well."""
    found = EndEvidence(
        host="vm1" if at_source else "host1",
        frames=(*main_mode_opened(), ike(QUICK_MODE, encrypted=True), esp(), esp(back=True)),
        associations=(association(at_source=at_source),),
        events=(),
        received_nonces=None if at_source else frozenset(NONCES),
        has_policy=True,
    )
    return replace(found, **changes)


def scene(
    *,
    flow: Flow = FLOW,
    sent: tuple[Request, ...] | None = None,
    source: dict[str, Any] | None = None,
    destination: dict[str, Any] | None = None,
    both: dict[str, Any] | None = None,
) -> FlowEvidence:
    """Evidence that all is well, but for the changes to one end or to both."""
    return FlowEvidence(
        flow=flow,
        nonces=NONCES,
        requests=requests() if sent is None else sent,
        source=end(at_source=True, **{**(both or {}), **(source or {})}),
        destination=end(at_source=False, **{**(both or {}), **(destination or {})}),
    )


def event(event_id: int, *, second: float = 1, **fields: str) -> IpsecEvent:
    """An audit event."""
    return IpsecEvent(
        event_id=event_id,
        time=BEGIN + timedelta(seconds=second),
        fields=tuple(fields.items()),
    )
