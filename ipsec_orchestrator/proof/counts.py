"""What the frames of one end say of a flow, in numbers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ipsec_orchestrator.model.evidence import Frame
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.proof.frames import Packet, PacketKind, parse_frame
from ipsec_orchestrator.proof.ike import (
    ATTRIBUTES_NOT_SUPPORTED,
    AUTHENTICATION_FAILED,
    NO_PROPOSAL_CHOSEN,
    Exchange,
    IkeMessage,
)

_REFUSALS: Final = frozenset({ATTRIBUTES_NOT_SUPPORTED, NO_PROPOSAL_CHOSEN})
_PORT_PROTOCOLS: Final = frozenset({6, 17})


class Way(StrEnum):
    """Direction of a packet: from the flow's source to its destination, or back."""

    OUT = "out"
    BACK = "back"


class Sort(StrEnum):
    """What a packet means for a flow."""

    ESP = "ESP"
    IKE = "IKE"
    CLEAR = "clear"
    UNPLACED = "unplaced"
    NONE = "none"


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
        unplaced: Packets that may be clear ones of the flow: later fragments, cut-off ones.
        spis_out: SPIs of ESP from source to destination.
        spis_back: SPIs the other way.
        refused: Somebody answered that no proposal suits it.
        negotiated: Main mode messages went both ways: somebody answers, and takes the proposal.
        authenticating: Encrypted main mode messages were seen, or a failed authentication.
        quick_mode: Quick mode messages were seen: the authentication succeeded.
        nonces: The random texts that were readable in a frame, of whatever kind.
    """

    esp_out: int = 0
    esp_back: int = 0
    ike_out: int = 0
    ike_back: int = 0
    clear_out: int = 0
    clear_back: int = 0
    unplaced: int = 0
    spis_out: frozenset[int] = frozenset()
    spis_back: frozenset[int] = frozenset()
    refused: bool = False
    negotiated: bool = False
    authenticating: bool = False
    quick_mode: bool = False
    nonces: frozenset[str] = frozenset()

    @property
    def esp(self) -> int:
        """ESP packets both ways."""
        return self.esp_out + self.esp_back

    @property
    def ike(self) -> int:
        """IKE messages both ways."""
        return self.ike_out + self.ike_back

    @property
    def clear(self) -> int:
        """Clear packets of the flow both ways."""
        return self.clear_out + self.clear_back


def count(frames: Iterable[Frame], flow: Flow, nonces: Iterable[str]) -> Counts:
    """Count the packets of a flow; frames of other pairs only must not carry a nonce."""
    texts = {nonce: nonce.encode() for nonce in nonces}
    tally: Counter[tuple[Sort, Way]] = Counter()
    spis: set[tuple[Way, int]] = set()
    messages: set[tuple[Way, IkeMessage]] = set()
    readable: set[str] = set()
    for frame in frames:
        readable |= {nonce for nonce, text in texts.items() if text in frame.content}
        packet = parse_frame(frame.content)
        way = way_of(packet, flow) if packet else None
        if packet is None or way is None:
            continue
        sort = sort_of(packet, flow, way)
        tally[sort, way] += 1
        if sort is Sort.ESP and packet.spi is not None:
            spis.add((way, packet.spi))
        if sort is Sort.IKE and packet.ike is not None:
            messages.add((way, packet.ike))
    main = {
        (way, message.encrypted)
        for way, message in messages
        if message.exchange is Exchange.MAIN_MODE
    }
    notices = {message.notify for _, message in messages}
    return Counts(
        esp_out=tally[Sort.ESP, Way.OUT],
        esp_back=tally[Sort.ESP, Way.BACK],
        ike_out=tally[Sort.IKE, Way.OUT],
        ike_back=tally[Sort.IKE, Way.BACK],
        clear_out=tally[Sort.CLEAR, Way.OUT],
        clear_back=tally[Sort.CLEAR, Way.BACK],
        unplaced=tally[Sort.UNPLACED, Way.OUT] + tally[Sort.UNPLACED, Way.BACK],
        spis_out=frozenset(spi for way, spi in spis if way is Way.OUT),
        spis_back=frozenset(spi for way, spi in spis if way is Way.BACK),
        refused=bool(notices & _REFUSALS),
        negotiated={way for way, _ in main} == set(Way),
        authenticating=any(encrypted for _, encrypted in main) or AUTHENTICATION_FAILED in notices,
        quick_mode=any(found.exchange is Exchange.QUICK_MODE for _, found in messages),
        nonces=frozenset(readable),
    )


def way_of(packet: Packet, flow: Flow) -> Way | None:
    """Give a packet's direction; ``None`` if it is between other addresses."""
    ends = (packet.source, packet.destination)
    if ends == (flow.source_address, flow.destination_address):
        return Way.OUT
    return Way.BACK if ends == (flow.destination_address, flow.source_address) else None


def sort_of(packet: Packet, flow: Flow, way: Way) -> Sort:
    """Say what a packet between the flow's addresses means for it."""
    port = packet.destination_port if way is Way.OUT else packet.source_port
    # Before IKE and ESP in UDP: a sender that uses port 4500 for its own ends is not excused.
    if packet.protocol == flow.protocol and port == flow.port:
        return Sort.CLEAR
    if packet.kind is PacketKind.UNREADABLE:
        other = packet.protocol in _PORT_PROTOCOLS - {flow.protocol}
        return Sort.NONE if other else Sort.UNPLACED
    if packet.kind is PacketKind.ESP:
        return Sort.ESP
    return Sort.IKE if packet.kind is PacketKind.IKE else Sort.NONE
