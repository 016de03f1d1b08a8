"""What still speaks against "encrypted" although only ESP was seen: one look after the other.

Each look gives a finding, or ``None`` if it has nothing to object. All have to agree.
"""

from collections.abc import Callable
from typing import Final

from ipsec_orchestrator.model.evidence import Diagnosis, FlowEvidence, Verdict
from ipsec_orchestrator.proof.outcome import Finding, unknown
from ipsec_orchestrator.proof.seen import (
    NO_CIPHER,
    Seen,
    captures,
    claims_for,
    claims_of,
    ends_of,
    events_of_run,
    is_blind,
    without_policy,
)

_CLEAR_TEXT_DROPPED: Final = 4963
"""Audit event: a packet came in clear that ought to have been secured."""

Look = Callable[[FlowEvidence, Seen], Finding | None]


def doubt(evidence: FlowEvidence, seen: Seen) -> Finding | None:
    """Give the first thing that speaks against "encrypted"."""
    for look in _LOOKS:
        found = look(evidence, seen)
        if found is not None:
            return found
    return None


def _traffic(evidence: FlowEvidence, _: Seen) -> Finding | None:
    if not evidence.requests or len(evidence.nonces) < len(evidence.requests):
        return unknown("There was no request with a random text whose way could be followed.")
    return None


def _readable(evidence: FlowEvidence, seen: Seen) -> Finding | None:
    if not seen.nonces:
        return None
    if any(claim.association.encryption == NO_CIPHER for claim in claims_for(evidence)):
        return _not_encrypting()
    return Finding(
        Verdict.CLEAR,
        Diagnosis.FALSE_ASSOCIATIONS,
        "The random text of a request was readable in a captured packet, on a way of its own.",
    )


def _complete(evidence: FlowEvidence, seen: Seen) -> Finding | None:
    if seen.any("unplaced"):
        return unknown(
            f"{seen.most('unplaced')} captured packets, fragments or cut off, may have been clear "
            "ones of the flow.",
        )
    for end in ends_of(evidence):
        if end.frames_left_out:
            return unknown(
                f"{end.host} captured {end.frames_left_out} more frames than were looked at.",
            )
    return None


def _both_directions(evidence: FlowEvidence, seen: Seen) -> Finding | None:
    for end, counts in captures(evidence, seen):
        if counts.esp_out and counts.esp_back:
            continue
        if is_blind(evidence, end):
            return Finding(
                Verdict.UNKNOWN,
                Diagnosis.OFFLOAD,
                f"The adapter of {end.host} may encrypt behind the capture point.",
            )
        return unknown(
            f"Every request was answered, but the capture on {end.host} does not show ESP in both "
            "directions.",
        )
    return None


def _policy(evidence: FlowEvidence, _: Seen) -> Finding | None:
    without = without_policy(evidence)
    if not without:
        return None
    return Finding(
        Verdict.UNKNOWN,
        Diagnosis.POLICY_ABSENT if len(without) == 1 else Diagnosis.NOT_ASSIGNED,
        f"Only ESP was seen, but {' and '.join(without)} does not have the policy: what encrypts "
        "is another one.",
    )


def _reported(evidence: FlowEvidence, _: Seen) -> Finding | None:
    ends = ends_of(evidence)
    unread = [end for end in ends if end.associations is None]
    if len(unread) == len(ends):
        reasons = "; ".join(
            f"{end.host}: {end.associations_problem or 'no reason given'}" for end in unread
        )
        return unknown(f"ESP was seen, but no association could be read: {reasons}.")
    holders = {claim.end.host for claim in claims_for(evidence)}
    for end in ends:
        if end.associations is not None and end.host not in holders:
            return unknown(f"ESP was seen, but {end.host} reports no association for the flow.")
    return None


def _matched(evidence: FlowEvidence, seen: Seen) -> Finding | None:
    claims = claims_for(evidence)
    if not any(claim.tells_spis for claim in claims):
        hosts = " and ".join(dict.fromkeys(claim.end.host for claim in claims))
        return unknown(
            f"Only ESP was seen and {hosts} has associations, but no SPI is told that could be "
            "matched with the wire. Switch on auditing of IPsec Quick Mode (success): event 5451 "
            "tells the SPIs of associations that come up from then on.",
        )
    for end in ends_of(evidence):
        told = [claim for claim in claims if claim.end is end and claim.tells_spis]
        if told and not any(claim.is_on_wire(seen) for claim in told):
            return unknown(
                f"The SPIs on the wire belong to no association that {end.host} reports.",
            )
    proved = [claim for claim in claims if claim.is_on_wire(seen)]
    for way, spis in (("to", {c.spi_out for c in proved}), ("from", {c.spi_back for c in proved})):
        if spis <= {None}:
            return unknown(
                f"No end tells the SPI of the packets {way} {evidence.flow.destination}.",
            )
    return None


def _explained(evidence: FlowEvidence, seen: Seen) -> Finding | None:
    """Every SPI between the two has to be somebody's, or the flow might be in it."""
    claims = claims_of(evidence)
    strange = (seen.spis_out - {claim.spi_out for claim in claims}) | (
        seen.spis_back - {claim.spi_back for claim in claims}
    )
    if not strange:
        return None
    shown = ", ".join(f"0x{spi:08x}" for spi in sorted(strange))
    return unknown(f"On the wire is an SPI that neither end reports: {shown}.")


def _algorithms(evidence: FlowEvidence, seen: Seen) -> Finding | None:
    flow = evidence.flow
    for claim in claims_for(evidence):
        if claim.tells_spis and not claim.is_on_wire(seen):
            continue
        used = (claim.association.encryption, claim.association.integrity)
        if used[0] == NO_CIPHER:
            return _not_encrypting()
        if used not in flow.algorithms:
            return unknown(
                f"The association of {claim.end.host} uses {used[0]} with {used[1]}, which the "
                f"rule {flow.rule} does not name.",
            )
    return None


def _not_encrypting() -> Finding:
    return Finding(
        Verdict.CLEAR,
        Diagnosis.NO_ENCRYPTION,
        "The association protects the integrity only: what is in its ESP packets is readable.",
    )


def _received(evidence: FlowEvidence, _: Seen) -> Finding | None:
    arrived = evidence.destination.received_nonces
    if arrived is not None and not set(evidence.nonces) <= arrived:
        return unknown(f"{evidence.destination.host} did not see every request.")
    return None


def _events(evidence: FlowEvidence, _: Seen) -> Finding | None:
    for end in ends_of(evidence):
        if events_of_run(end, [_CLEAR_TEXT_DROPPED]):
            return unknown(
                f"{end.host} has audited event {_CLEAR_TEXT_DROPPED} meanwhile: clear text came "
                "in that ought to have been secured.",
            )
    return None


_LOOKS: Final[tuple[Look, ...]] = (
    _traffic,
    _readable,
    _complete,
    _both_directions,
    _policy,
    _reported,
    _matched,
    _explained,
    _algorithms,
    _received,
    _events,
)
