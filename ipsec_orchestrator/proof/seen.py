"""The two ends of a flow side by side, and the associations that the wire confirms."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ipsec_orchestrator.model.evidence import Association, EndEvidence, FlowEvidence, IpsecEvent
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.proof.counts import Counts, count

NO_CIPHER: Final = "None"
_CLOCK_GRAIN: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """The two ends' numbers side by side; ``None`` where nothing could be captured."""

    source: Counts | None
    destination: Counts | None

    @property
    def both(self) -> tuple[Counts, ...]:
        """The ends that could capture."""
        return tuple(end for end in (self.source, self.destination) if end is not None)

    def most(self, field: str) -> int:
        """Give a number of the end that saw more."""
        return max((int(getattr(end, field)) for end in self.both), default=0)

    def any(self, field: str) -> bool:
        """Tell whether one of the ends saw it."""
        return any(bool(getattr(end, field)) for end in self.both)

    @property
    def spis_out(self) -> frozenset[int]:
        """SPIs from source to destination."""
        return frozenset(spi for end in self.both for spi in end.spis_out)

    @property
    def spis_back(self) -> frozenset[int]:
        """SPIs from destination to source."""
        return frozenset(spi for end in self.both for spi in end.spis_back)

    @property
    def nonces(self) -> frozenset[str]:
        """The random texts that were readable."""
        return frozenset(nonce for end in self.both for nonce in end.nonces)


@dataclass(frozen=True, slots=True)
class Claim:
    """An association that an end reports, with its SPIs turned to the flow's directions."""

    end: EndEvidence
    association: Association
    spi_out: int | None
    spi_back: int | None

    @property
    def tells_spis(self) -> bool:
        """Whether it can be matched with the wire at all."""
        return self.spi_out is not None or self.spi_back is not None

    def is_on_wire(self, seen: Seen) -> bool:
        """Tell whether every SPI that it names was seen in its direction."""
        return self.tells_spis and (
            (self.spi_out is None or self.spi_out in seen.spis_out)
            and (self.spi_back is None or self.spi_back in seen.spis_back)
        )


def see(evidence: FlowEvidence) -> Seen:
    """Count the frames of both ends."""
    return Seen(_counts(evidence, evidence.source), _counts(evidence, evidence.destination))


def _counts(evidence: FlowEvidence, end: EndEvidence) -> Counts | None:
    if end.frames is None:
        return None
    return count(end.frames, evidence.flow, evidence.nonces)


def ends_of(evidence: FlowEvidence) -> tuple[EndEvidence, EndEvidence]:
    """Give the source and the destination."""
    return evidence.source, evidence.destination


def captures(evidence: FlowEvidence, seen: Seen) -> Iterator[tuple[EndEvidence, Counts]]:
    """Give the ends that could capture, each with its numbers."""
    for end, counts in zip(ends_of(evidence), (seen.source, seen.destination), strict=True):
        if counts is not None:
            yield end, counts


def without_policy(evidence: FlowEvidence) -> tuple[str, ...]:
    """Name the ends that were seen to have no policy."""
    return tuple(end.host for end in ends_of(evidence) if end.has_policy is False)


def claims_of(evidence: FlowEvidence) -> tuple[Claim, ...]:
    """Give the associations between the flow's addresses that the ends report, for any port.

    What an end sends with its outbound SPI, the other one receives with its inbound SPI: at the
    destination inbound is the direction out.
    """
    found: dict[Claim, None] = {}
    for end, is_source in ((evidence.source, True), (evidence.destination, False)):
        flow = evidence.flow
        here, there = (flow.source_address, flow.destination_address)[:: 1 if is_source else -1]
        for item in end.associations or ():
            if (item.local_address, item.remote_address) != (here, there):
                continue
            spis = (item.outbound_spi, item.inbound_spi)[:: 1 if is_source else -1]
            found[Claim(end, item, *spis)] = None
    return tuple(found)


def is_for(claim: Claim, flow: Flow) -> bool:
    """Tell whether an association covers the flow: its protocol and port, or any."""
    found = claim.association
    ports = (found.remote_port, found.local_port)
    if found.local_address != flow.source_address:
        ports = (found.local_port, found.remote_port)
    service, client = ports
    return found.protocol in {0, flow.protocol} and service in {0, flow.port} and client == 0


def claims_for(evidence: FlowEvidence) -> tuple[Claim, ...]:
    """Give the associations that cover the flow."""
    return tuple(claim for claim in claims_of(evidence) if is_for(claim, evidence.flow))


def proved_associations(evidence: FlowEvidence, seen: Seen) -> tuple[Association, ...]:
    """Give the associations of the flow whose SPIs were seen on the wire."""
    proved = (claim.association for claim in claims_for(evidence) if claim.is_on_wire(seen))
    return tuple(dict.fromkeys(proved))


def is_blind(evidence: FlowEvidence, end: EndEvidence) -> bool:
    """Tell whether an end may have shown in clear what its adapter encrypted afterwards."""
    if not end.offloads_ipsec:
        return False
    return end.associations is None or any(claim.end is end for claim in claims_for(evidence))


def events_of_run(end: EndEvidence, ids: Iterable[int]) -> tuple[IpsecEvent, ...]:
    """Give the events of some ids since the end's first frame, both by its own clock."""
    if not end.frames or not end.events:
        return ()
    begin = min(frame.captured_at for frame in end.frames) - _CLOCK_GRAIN
    wanted = frozenset(ids)
    return tuple(event for event in end.events if event.event_id in wanted and event.time >= begin)
