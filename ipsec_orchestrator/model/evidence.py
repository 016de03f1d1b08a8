"""What was seen of one flow at one end of it: answers, frames, associations, events."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Address


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that the source sent.

    Attributes:
        size: Bytes of payload.
        sent_at: By the source's clock.
        milliseconds: Until the answer, or until it was given up.
        answered: Whether the whole answer came back.
        status: HTTP status, ``None`` for plain TCP and UDP.
        error: Error id if it was not answered.
    """

    size: int
    sent_at: datetime
    milliseconds: float
    answered: bool
    status: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame as captured at the adapter.

    Attributes:
        captured_at: By the capturing host's clock.
        content: The Ethernet frame, cut off at the truncation length.
        original_length: Its real length in bytes.
    """

    captured_at: datetime
    content: bytes
    original_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """A quick-mode security association.

    Attributes:
        local_address: This host's end.
        remote_address: The other end.
        protocol: IANA number, 0 for any.
        local_port: 0 for any.
        remote_port: 0 for any.
        encryption: ``3DES``, ``DES``, ``None`` ... as the glossary writes it.
        integrity: ``SHA1``, ``MD5``, ``None``.
        inbound_spi: SPI of packets that come in; ``None`` where the host does not tell.
        outbound_spi: SPI of packets that go out; ``None`` where the host does not tell.
        bytes_transferred: Bytes so far; ``None`` where the host does not tell.
        source: Where it was read: ``cim``, ``event 5451``.
    """

    local_address: Address
    remote_address: Address
    protocol: int = 0
    local_port: int = 0
    remote_port: int = 0
    encryption: str
    integrity: str
    inbound_spi: int | None = None
    outbound_spi: int | None = None
    bytes_transferred: int | None = None
    source: str = "cim"


@dataclass(frozen=True, slots=True, kw_only=True)
class IpsecEvent:
    """One audit event about IPsec: 4650 to 4655, 4963, 5451, 5452, 5453 ...

    Attributes:
        event_id: Its number.
        time: By the host's clock.
        fields: The event's named data as Windows gives it.
    """

    event_id: int
    time: datetime
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEvidence:
    """Everything that one end of a flow told.

    Attributes:
        host: Inventory name.
        frames: Captured frames; ``None`` if nothing could be captured.
        capture_problem: Why not.
        frames_left_out: Frames that were captured but not looked at, because there were too many.
        associations: Quick-mode associations; ``None`` if they could not be read.
        associations_problem: Why not.
        events: Audit events; ``None`` if auditing is off or the log can't be read.
        received_nonces: Nonces that the answering side saw; ``None`` if it could not tell
            (``service: existing``).
        has_policy: Whether the policy is in force there; ``None`` if that was not seen.
        offloads_ipsec: Whether the adapter may encrypt after the capture point.
        notes: Anything that every reader must be told, for example what the lab stands in for.
    """

    host: str
    frames: tuple[Frame, ...] | None = None
    capture_problem: str | None = None
    frames_left_out: int = 0
    associations: tuple[Association, ...] | None = None
    associations_problem: str | None = None
    events: tuple[IpsecEvent, ...] | None = None
    received_nonces: frozenset[str] | None = None
    has_policy: bool | None = None
    offloads_ipsec: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowEvidence:
    """Everything that is known about one flow.

    Attributes:
        flow: The flow.
        nonces: The random texts that the requests carried.
        requests: What the source sent, in order.
        source: What the source's end told.
        destination: What the other end told.
    """

    flow: Flow
    nonces: tuple[str, ...]
    requests: tuple[Request, ...]
    source: EndEvidence
    destination: EndEvidence


class Verdict(StrEnum):
    """What the evidence says of a flow."""

    ENCRYPTED = "encrypted"
    CLEAR = "clear"
    MIXED = "mixed"
    NO_ANSWER = "no answer"
    UNKNOWN = "unknown"


class Diagnosis(StrEnum):
    """Why a flow is not encrypted."""

    NONE = "none"
    IKE_UNANSWERED = "IKE unanswered"
    NO_COMMON_METHOD = "no common method"
    NO_ENCRYPTION = "the method does not encrypt"
    AUTHENTICATION = "authentication"
    ESP_BLOCKED = "ESP blocked on the way"
    FALLBACK = "fallback to clear"
    POLICY_ABSENT = "policy absent on one side"
    NOT_ASSIGNED = "policy absent on both sides"
    FILTER = "no filter of one side matches the flow"
    ONE_DIRECTION = "no filter matches one direction of the flow"
    OFFLOAD = "hardware offload makes the capture blind"
    SECOND_PATH = "a second path that no filter matches"
    FALSE_ASSOCIATIONS = "associations are reported, but clear packets were seen"
    NOT_LISTENING = "nothing listens there"
    PATH_MTU = "large packets are lost on the way"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowVerdict:
    """The verdict on one flow.

    Attributes:
        flow: The flow.
        verdict: One of five.
        diagnosis: Why, for failures.
        reason: The same in a sentence.
        sent: Requests sent.
        answered: Requests answered.
        esp_packets: ESP packets of the pair, at the end that saw more.
        clear_packets: Clear packets of the flow, at the end that saw more.
        associations: Those whose SPIs were seen on the wire.
        notes: Anything that every reader must be told.
    """

    flow: Flow
    verdict: Verdict
    diagnosis: Diagnosis
    reason: str
    sent: int
    answered: int
    esp_packets: int
    clear_packets: int
    associations: tuple[Association, ...] = ()
    notes: tuple[str, ...] = ()
