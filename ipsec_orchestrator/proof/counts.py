"""What the frames of one end say of a flow, in numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

from ipsec_orchestrator.model.evidence import Frame
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.proof.frames import (
    NO_PROPOSAL_CHOSEN,
    Exchange,
    Packet,
    PacketKind,
    parse_frame,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Packets of one pair of hosts at one capture point.

    Attributes:
        esp_out: ESP from the flow's source to its destination.
        esp_back: ESP the other way.
        ike_out: IKE from source to destination.
        ike_back: IKE the other way.
        clear_out: Clear packets of the flow itself, towards the port.
        clear_back: Clear packets of the flow itself, from the port.
        spis_out: SPIs of ESP from source to destination.
        spis_back: SPIs the other way.
        refused: Somebody answered NO-PROPOSAL-CHOSEN.
        authenticating: Encrypted main mode messages were seen: the methods agreed.
        quick_mode: Quick mode messages were seen: the authentication succeeded.
        nonce_seen: A nonce was readable in a frame.
    """

    esp_out: int = 0
    esp_back: int = 0
    ike_out: int = 0
    ike_back: int = 0
    clear_out: int = 0
    clear_back: int = 0
    spis_out: frozenset[int] = frozenset()
    spis_back: frozenset[int] = frozenset()
    refused: bool = False
    authenticating: bool = False
    quick_mode: bool = False
    nonce_seen: bool = False

    @property
    def esp(self) -> int:
        """ESP packets both ways."""
        return self.esp_out + self.esp_back

    @property
    def clear(self) -> int:
        """Clear packets of the flow both ways."""
        return self.clear_out + self.clear_back


def count(frames: Iterable[Frame], flow: Flow, nonces: Iterable[str]) -> Counts:
    """Count the packets of a flow; frames of other pairs are passed over."""
    texts = [nonce.encode() for nonce in nonces]
    tally: dict[str, int] = dict.fromkeys(
        ("esp_out", "esp_back", "ike_out", "ike_back", "clear_out", "clear_back"),
        0,
    )
    spis: dict[str, set[int]] = {"out": set(), "back": set()}
    refused = authenticating = quick_mode = nonce_seen = False
    for frame in frames:
        packet = parse_frame(frame.content)
        way = _way(packet, flow) if packet else None
        if packet is None or way is None:
            continue
        nonce_seen = nonce_seen or any(text in frame.content for text in texts)
        if packet.kind is PacketKind.ESP:
            tally[f"esp_{way}"] += 1
            if packet.spi is not None:
                spis[way].add(packet.spi)
        elif packet.kind is PacketKind.IKE:
            tally[f"ike_{way}"] += 1
            if packet.ike is not None:
                message = packet.ike
                refused = refused or message.notify == NO_PROPOSAL_CHOSEN
                quick_mode = quick_mode or message.exchange is Exchange.QUICK_MODE
                authenticating = authenticating or (
                    message.exchange is Exchange.MAIN_MODE and message.encrypted
                )
        elif packet.kind is PacketKind.CLEAR and _is_of_flow(packet, flow, way):
            tally[f"clear_{way}"] += 1
    return Counts(
        **tally,
        spis_out=frozenset(spis["out"]),
        spis_back=frozenset(spis["back"]),
        refused=refused,
        authenticating=authenticating,
        quick_mode=quick_mode,
        nonce_seen=nonce_seen,
    )


def _way(packet: Packet, flow: Flow) -> str | None:
    ends = (packet.source, packet.destination)
    if ends == (flow.source_address, flow.destination_address):
        return "out"
    return "back" if ends == (flow.destination_address, flow.source_address) else None


def _is_of_flow(packet: Packet, flow: Flow, way: str) -> bool:
    port = packet.destination_port if way == "out" else packet.source_port
    return packet.protocol == flow.protocol and port == flow.port
