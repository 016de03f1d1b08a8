"""The verdict on one flow: everything that was seen has to agree before it is "encrypted"."""

from ipsec_orchestrator.model.evidence import (
    Association,
    Diagnosis,
    FlowEvidence,
    FlowVerdict,
    Verdict,
)
from ipsec_orchestrator.proof.doubts import doubt
from ipsec_orchestrator.proof.in_clear import in_clear, second_path, unprotected
from ipsec_orchestrator.proof.outcome import Finding, counted, unknown
from ipsec_orchestrator.proof.seen import Seen, ends_of, is_blind, proved_associations, see
from ipsec_orchestrator.proof.unanswered import esp_without_answer, silent


def judge(evidence: FlowEvidence) -> FlowVerdict:
    """Give the verdict on a flow."""
    seen = see(evidence)
    answered = sum(request.answered for request in evidence.requests)
    proved = proved_associations(evidence, seen)
    finding = _find(evidence, seen, answered, proved)
    notes = [note for end in ends_of(evidence) for note in end.notes]
    if finding.verdict is Verdict.ENCRYPTED:
        notes += _weaknesses(evidence)
    return FlowVerdict(
        flow=evidence.flow,
        verdict=finding.verdict,
        diagnosis=finding.diagnosis,
        reason=finding.reason,
        sent=len(evidence.requests),
        answered=answered,
        esp_packets=seen.most("esp"),
        clear_packets=seen.most("clear"),
        associations=proved,
        notes=tuple(dict.fromkeys(notes)),
    )


def _find(
    evidence: FlowEvidence,
    seen: Seen,
    answered: int,
    proved: tuple[Association, ...],
) -> Finding:
    if not seen.both:
        reasons = "; ".join(
            f"{end.host}: {end.capture_problem or 'no reason given'}" for end in ends_of(evidence)
        )
        return unknown(f"Nothing could be captured at either end: {reasons}.")
    if not evidence.flow.is_protected:
        return unprotected(seen, answered)
    if evidence.flow.is_second_path:
        return second_path(evidence.flow, seen, answered)
    if seen.any("clear"):
        return in_clear(evidence, seen, answered)
    if seen.any("esp"):
        return _esp_only(evidence, seen, answered, proved)
    return _blind(evidence) if answered else silent(evidence, seen)


def _esp_only(
    evidence: FlowEvidence,
    seen: Seen,
    answered: int,
    proved: tuple[Association, ...],
) -> Finding:
    if answered < len(evidence.requests):
        return esp_without_answer(evidence, seen, answered)
    objection = doubt(evidence, seen)
    if objection is not None:
        return objection
    suites = {f"{found.encryption} with {found.integrity}": None for found in proved}
    return Finding(
        Verdict.ENCRYPTED,
        Diagnosis.NONE,
        f"{counted(seen.most('esp'), 'ESP packet')} with the SPIs of the association ({', '.join(suites)}), "
        "no clear packet of the flow, every request answered.",
    )


def _weaknesses(evidence: FlowEvidence) -> list[str]:
    """Say what an "encrypted" had to do without."""
    found = [
        f"{end.host} could not capture, so the wire was seen at the other end only: "
        f"{end.capture_problem or 'no reason given'}."
        for end in ends_of(evidence)
        if end.frames is None
    ]
    found += [
        f"{end.host} could not be asked for its associations: "
        f"{end.associations_problem or 'no reason given'}."
        for end in ends_of(evidence)
        if end.associations is None
    ]
    if evidence.destination.received_nonces is None:
        found.append(
            f"The service on {evidence.destination.host} does not tell what it received; that it "
            "answered stands for that.",
        )
    return found


def _blind(evidence: FlowEvidence) -> Finding:
    if any(is_blind(evidence, end) for end in ends_of(evidence)):
        return Finding(
            Verdict.UNKNOWN,
            Diagnosis.OFFLOAD,
            "The requests were answered, but the adapter encrypts behind the capture point.",
        )
    return unknown("The requests were answered, but the capture shows neither ESP nor clear.")
