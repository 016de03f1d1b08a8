"""The two ends of a flow side by side, and the associations that the wire confirms."""

from collections.abc import Iterable
from dataclasses import dataclass

from ipsec_orchestrator.model.evidence import Association, EndEvidence, FlowEvidence
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.proof.counts import Counts, count


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


def see(evidence: FlowEvidence) -> Seen:
    """Count the frames of both ends."""
    return Seen(_counts(evidence, evidence.source), _counts(evidence, evidence.destination))


def _counts(evidence: FlowEvidence, end: EndEvidence) -> Counts | None:
    if end.frames is None:
        return None
    return count(end.frames, evidence.flow, evidence.nonces)


def without_policy(evidence: FlowEvidence) -> str:
    """Name the ends that were seen to have no policy; empty if there is none."""
    hosts = [end.host for end in (evidence.source, evidence.destination) if end.has_policy is False]
    return " and ".join(hosts)


def proved_associations(evidence: FlowEvidence, seen: Seen) -> tuple[Association, ...]:
    """Give the associations of the flow whose SPIs were seen on the wire."""
    found: dict[Association, None] = {}
    for end, outward in ((evidence.source, True), (evidence.destination, False)):
        for association in end.associations or ():
            if joins(association, evidence.flow) and _on_the_wire(association, seen, outward):
                found[association] = None
    return tuple(found)


def _on_the_wire(association: Association, seen: Seen, outward: bool) -> bool:  # noqa: FBT001 - private
    out = _spis(end.spis_out for end in seen.both)
    back = _spis(end.spis_back for end in seen.both)
    sent, received = (out, back) if outward else (back, out)
    # One SPI that fits is enough to know the association; one that does not fit excludes it.
    told = [
        (spi, spis)
        for spi, spis in ((association.outbound_spi, sent), (association.inbound_spi, received))
        if spi is not None and spis
    ]
    return bool(told) and all(spi in spis for spi, spis in told)


def _spis(ends: Iterable[frozenset[int]]) -> frozenset[int]:
    return frozenset(spi for end in ends for spi in end)


def joins(association: Association, flow: Flow) -> bool:
    """Tell whether an association is one between the flow's hosts, for the flow or wider."""
    ends = {association.local_address, association.remote_address}
    if ends != {flow.source_address, flow.destination_address}:
        return False
    if association.protocol not in {0, flow.protocol}:
        return False
    ports = {association.local_port, association.remote_port} - {0}
    return not ports or flow.port in ports


def is_allowed(association: Association, flow: Flow) -> bool:
    """Tell whether the rule names the algorithms of an association."""
    return (association.encryption, association.integrity) in flow.algorithms
