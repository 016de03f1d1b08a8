"""The verdict on one flow: everything that was seen has to agree before it is "encrypted"."""

from ipsec_orchestrator.model.evidence import (
    Association,
    Diagnosis,
    FlowEvidence,
    FlowVerdict,
    Verdict,
)
from ipsec_orchestrator.proof.outcome import Finding, unknown
from ipsec_orchestrator.proof.seen import (
    Seen,
    is_allowed,
    joins,
    proved_associations,
    see,
    without_policy,
)
from ipsec_orchestrator.proof.unanswered import esp_without_answer, silent


def judge(evidence: FlowEvidence) -> FlowVerdict:
    """Give the verdict on a flow."""
    flow = evidence.flow
    seen = see(evidence)
    answered = sum(request.answered for request in evidence.requests)
    proved = proved_associations(evidence, seen)
    finding = _find(evidence, seen, answered, proved)
    return FlowVerdict(
        flow=flow,
        verdict=finding.verdict,
        diagnosis=finding.diagnosis,
        reason=finding.reason,
        sent=len(evidence.requests),
        answered=answered,
        esp_packets=seen.most("esp"),
        clear_packets=seen.most("clear"),
        associations=proved,
        notes=tuple(dict.fromkeys((*evidence.source.notes, *evidence.destination.notes))),
    )


def _find(
    evidence: FlowEvidence,
    seen: Seen,
    answered: int,
    proved: tuple[Association, ...],
) -> Finding:
    if not seen.both:
        reasons = evidence.source.capture_problem or evidence.destination.capture_problem
        return unknown(f"Nothing could be captured at either end: {reasons or 'no reason given'}.")
    if seen.most("clear") and seen.most("esp"):
        return _mixed(evidence, seen)
    if seen.most("clear"):
        return _clear(evidence, seen, answered)
    if seen.most("esp"):
        return _esp_only(evidence, seen, answered, proved)
    if answered:
        return _blind(evidence)
    return silent(evidence, seen)


def _mixed(evidence: FlowEvidence, seen: Seen) -> Finding:
    diagnosis = _fallback_or_lie(evidence, seen)
    return Finding(
        Verdict.MIXED,
        diagnosis,
        f"{seen.most('esp')} ESP packets of the pair, but also {seen.most('clear')} clear packets "
        "of the flow itself.",
    )


def _clear(evidence: FlowEvidence, seen: Seen, answered: int) -> Finding:
    clear = seen.most("clear")
    without = without_policy(evidence)
    if not answered:
        if without and evidence.flow.is_protected:
            return Finding(
                Verdict.NO_ANSWER,
                Diagnosis.POLICY_ABSENT,
                f"{without} sends in clear because it does not have the policy; the other side "
                "requires IPsec and drops that.",
            )
        return Finding(
            Verdict.NO_ANSWER,
            Diagnosis.NOT_LISTENING,
            f"{clear} clear packets, and no answer: nothing listens there, or a firewall is in "
            "the way.",
        )
    if not evidence.flow.is_protected:
        return Finding(
            Verdict.CLEAR,
            Diagnosis.NONE,
            f"{clear} clear packets and no ESP, as it ought to be on an unprotected port.",
        )
    if without:
        return Finding(
            Verdict.CLEAR,
            Diagnosis.POLICY_ABSENT,
            f"{clear} clear packets: {without} does not have the policy.",
        )
    diagnosis = _fallback_or_lie(evidence, seen)
    return Finding(Verdict.CLEAR, diagnosis, f"{clear} clear packets and no ESP.")


def _fallback_or_lie(evidence: FlowEvidence, seen: Seen) -> Diagnosis:
    """Tell why clear packets are there although both ends have the policy."""
    claimed = [
        found
        for end in (evidence.source, evidence.destination)
        for found in end.associations or ()
        if joins(found, evidence.flow)
    ]
    if claimed and not (seen.any("spis_out") or seen.any("spis_back")):
        return Diagnosis.FALSE_ASSOCIATIONS
    if without_policy(evidence):
        return Diagnosis.POLICY_ABSENT
    if seen.most("ike_out") or seen.most("ike_back"):
        return Diagnosis.FALLBACK
    return Diagnosis.FALSE_ASSOCIATIONS if claimed else Diagnosis.NONE


def _esp_only(
    evidence: FlowEvidence,
    seen: Seen,
    answered: int,
    proved: tuple[Association, ...],
) -> Finding:
    if not evidence.flow.is_protected and answered:
        return unknown("Only ESP was seen although no filter protects this port.")
    if answered < len(evidence.requests):
        return esp_without_answer(evidence, seen, answered)
    doubt = _doubt(evidence, seen, proved)
    if doubt is not None:
        return doubt
    names = f"{proved[0].encryption} with {proved[0].integrity}"
    return Finding(
        Verdict.ENCRYPTED,
        Diagnosis.NONE,
        f"{seen.most('esp')} ESP packets with the SPIs of the association ({names}), no clear "
        "packet of the flow, every request answered.",
    )


def _doubt(
    evidence: FlowEvidence,
    seen: Seen,
    proved: tuple[Association, ...],
) -> Finding | None:
    """Give what still speaks against "encrypted" although only ESP was seen."""
    if seen.any("nonce_seen"):
        return Finding(
            Verdict.CLEAR,
            Diagnosis.FALSE_ASSOCIATIONS,
            "The random text of a request was readable in a captured packet.",
        )
    unread = [
        f"{end.host}: {end.associations_problem or 'no reason given'}"
        for end in (evidence.source, evidence.destination)
        if end.associations is None
    ]
    if not proved:
        if len(unread) == 2:  # noqa: PLR2004 - both ends
            return unknown(f"ESP was seen, but no association could be read: {'; '.join(unread)}.")
        return unknown("The SPIs on the wire belong to no association that either end reports.")
    wrong = [found for found in proved if not is_allowed(found, evidence.flow)]
    if wrong:
        worst = wrong[0]
        return unknown(
            f"The association uses {worst.encryption} with {worst.integrity}, which the rule "
            f"{evidence.flow.rule} does not name.",
        )
    arrived = evidence.destination.received_nonces
    if arrived is not None and not set(evidence.nonces) <= arrived:
        return unknown(f"{evidence.destination.host} did not see every request.")
    return None


def _blind(evidence: FlowEvidence) -> Finding:
    if evidence.source.offloads_ipsec or evidence.destination.offloads_ipsec:
        return Finding(
            Verdict.UNKNOWN,
            Diagnosis.OFFLOAD,
            "The requests were answered, but the adapter encrypts behind the capture point.",
        )
    return unknown("The requests were answered, but the capture shows neither ESP nor clear.")
