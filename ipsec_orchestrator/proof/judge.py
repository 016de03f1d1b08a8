"""The verdict on one flow: everything that was seen has to agree before it is "encrypted"."""

from collections.abc import Iterable
from dataclasses import dataclass

from ipsec_orchestrator.model.evidence import (
    Association,
    Diagnosis,
    EndEvidence,
    FlowEvidence,
    FlowVerdict,
    Verdict,
)
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.proof.counts import Counts, count

# The size from which on a request needs many packets, so that a path MTU black hole shows.
_LARGE = 100_000


@dataclass(frozen=True, slots=True)
class _Seen:
    """The two ends' numbers side by side; ``None`` where nothing could be captured."""

    source: Counts | None
    destination: Counts | None

    @property
    def both(self) -> tuple[Counts, ...]:
        return tuple(end for end in (self.source, self.destination) if end is not None)

    def most(self, field: str) -> int:
        return max((int(getattr(end, field)) for end in self.both), default=0)

    def any(self, field: str) -> bool:
        return any(bool(getattr(end, field)) for end in self.both)


@dataclass(frozen=True, slots=True)
class _Finding:
    verdict: Verdict
    diagnosis: Diagnosis
    reason: str


def judge(evidence: FlowEvidence) -> FlowVerdict:
    """Give the verdict on a flow."""
    flow = evidence.flow
    seen = _Seen(_counts(evidence, evidence.source), _counts(evidence, evidence.destination))
    answered = sum(request.answered for request in evidence.requests)
    proved = _proved_associations(evidence, seen)
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


def _counts(evidence: FlowEvidence, end: EndEvidence) -> Counts | None:
    if end.frames is None:
        return None
    return count(end.frames, evidence.flow, evidence.nonces)


def _find(
    evidence: FlowEvidence,
    seen: _Seen,
    answered: int,
    proved: tuple[Association, ...],
) -> _Finding:
    if not seen.both:
        reasons = evidence.source.capture_problem or evidence.destination.capture_problem
        return _unknown(f"Nothing could be captured at either end: {reasons or 'no reason given'}.")
    if seen.most("clear") and seen.most("esp"):
        return _mixed(evidence, seen)
    if seen.most("clear"):
        return _clear(evidence, seen, answered)
    if seen.most("esp"):
        return _esp_only(evidence, seen, answered, proved)
    if answered:
        return _blind(evidence)
    return _silent(evidence, seen)


def _mixed(evidence: FlowEvidence, seen: _Seen) -> _Finding:
    diagnosis = _fallback_or_lie(evidence, seen)
    return _Finding(
        Verdict.MIXED,
        diagnosis,
        f"{seen.most('esp')} ESP packets of the pair, but also {seen.most('clear')} clear packets "
        "of the flow itself.",
    )


def _clear(evidence: FlowEvidence, seen: _Seen, answered: int) -> _Finding:
    clear = seen.most("clear")
    without = _without_policy(evidence)
    if not answered:
        if without and evidence.flow.is_protected:
            return _Finding(
                Verdict.NO_ANSWER,
                Diagnosis.POLICY_ABSENT,
                f"{without} sends in clear because it does not have the policy; the other side "
                "requires IPsec and drops that.",
            )
        return _Finding(
            Verdict.NO_ANSWER,
            Diagnosis.NOT_LISTENING,
            f"{clear} clear packets, and no answer: nothing listens there, or a firewall is in "
            "the way.",
        )
    if not evidence.flow.is_protected:
        return _Finding(
            Verdict.CLEAR,
            Diagnosis.NONE,
            f"{clear} clear packets and no ESP, as it ought to be on an unprotected port.",
        )
    if without:
        return _Finding(
            Verdict.CLEAR,
            Diagnosis.POLICY_ABSENT,
            f"{clear} clear packets: {without} does not have the policy.",
        )
    diagnosis = _fallback_or_lie(evidence, seen)
    return _Finding(Verdict.CLEAR, diagnosis, f"{clear} clear packets and no ESP.")


def _fallback_or_lie(evidence: FlowEvidence, seen: _Seen) -> Diagnosis:
    """Tell why clear packets are there although both ends have the policy."""
    claimed = [
        found
        for end in (evidence.source, evidence.destination)
        for found in end.associations or ()
        if _joins(found, evidence.flow)
    ]
    if claimed and not (seen.any("spis_out") or seen.any("spis_back")):
        return Diagnosis.FALSE_ASSOCIATIONS
    if _without_policy(evidence):
        return Diagnosis.POLICY_ABSENT
    if seen.most("ike_out") or seen.most("ike_back"):
        return Diagnosis.FALLBACK
    return Diagnosis.FALSE_ASSOCIATIONS if claimed else Diagnosis.NONE


def _esp_only(
    evidence: FlowEvidence,
    seen: _Seen,
    answered: int,
    proved: tuple[Association, ...],
) -> _Finding:
    if not evidence.flow.is_protected and answered:
        return _unknown("Only ESP was seen although no filter protects this port.")
    if answered < len(evidence.requests):
        return _esp_without_answer(evidence, seen, answered)
    if seen.any("nonce_seen"):
        return _Finding(
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
            return _unknown(f"ESP was seen, but no association could be read: {'; '.join(unread)}.")
        return _unknown("The SPIs on the wire belong to no association that either end reports.")
    wrong = [found for found in proved if not _is_allowed(found, evidence.flow)]
    if wrong:
        worst = wrong[0]
        return _unknown(
            f"The association uses {worst.encryption} with {worst.integrity}, which the rule "
            f"{evidence.flow.rule} does not name.",
        )
    arrived = evidence.destination.received_nonces
    if arrived is not None and not set(evidence.nonces) <= arrived:
        return _unknown(f"{evidence.destination.host} did not see every request.")
    names = f"{proved[0].encryption} with {proved[0].integrity}"
    return _Finding(
        Verdict.ENCRYPTED,
        Diagnosis.NONE,
        f"{seen.most('esp')} ESP packets with the SPIs of the association ({names}), no clear "
        "packet of the flow, every request answered.",
    )


def _esp_without_answer(evidence: FlowEvidence, seen: _Seen, answered: int) -> _Finding:
    sent_but_lost = (
        seen.source is not None
        and seen.destination is not None
        and (
            (seen.source.esp_out and not seen.destination.esp_out)
            or (seen.destination.esp_back and not seen.source.esp_back)
        )
    )
    if sent_but_lost:
        return _Finding(
            Verdict.NO_ANSWER,
            Diagnosis.ESP_BLOCKED,
            "IKE came to an agreement, but ESP packets that one end sent never reached the other.",
        )
    large = [request for request in evidence.requests if request.size >= _LARGE]
    if answered and large and not any(request.answered for request in large):
        return _Finding(
            Verdict.NO_ANSWER,
            Diagnosis.PATH_MTU,
            "Small requests are answered, large ones are not.",
        )
    if answered:
        return _Finding(
            Verdict.NO_ANSWER,
            Diagnosis.NONE,
            f"{len(evidence.requests) - answered} of {len(evidence.requests)} requests were not "
            "answered.",
        )
    return _Finding(
        Verdict.NO_ANSWER,
        Diagnosis.NOT_LISTENING,
        "ESP goes both ways, but nobody answers: nothing listens there, or a firewall is in the "
        "way.",
    )


def _blind(evidence: FlowEvidence) -> _Finding:
    if evidence.source.offloads_ipsec or evidence.destination.offloads_ipsec:
        return _Finding(
            Verdict.UNKNOWN,
            Diagnosis.OFFLOAD,
            "The requests were answered, but the adapter encrypts behind the capture point.",
        )
    return _unknown("The requests were answered, but the capture shows neither ESP nor clear.")


def _silent(evidence: FlowEvidence, seen: _Seen) -> _Finding:
    without = _without_policy(evidence)
    if seen.any("refused"):
        return _Finding(
            Verdict.NO_ANSWER,
            Diagnosis.NO_COMMON_METHOD,
            "The other side refused the proposal: the two have no security method in common.",
        )
    if without:
        return _Finding(
            Verdict.NO_ANSWER,
            Diagnosis.POLICY_ABSENT,
            f"{without} does not have the policy.",
        )
    if seen.any("quick_mode"):
        return _Finding(
            Verdict.NO_ANSWER,
            Diagnosis.NO_COMMON_METHOD,
            "Main mode succeeded, quick mode did not come to an association: methods or filters "
            "of the two sides differ.",
        )
    if seen.any("authenticating"):
        return _Finding(
            Verdict.NO_ANSWER,
            Diagnosis.AUTHENTICATION,
            "The two agreed on a method, but could not authenticate each other.",
        )
    if seen.most("ike_out") and not seen.most("ike_back"):
        return _Finding(
            Verdict.NO_ANSWER,
            Diagnosis.IKE_UNANSWERED,
            f"{evidence.flow.destination} does not answer IKE: UDP 500 is blocked, or the service "
            "IKEEXT does not run there.",
        )
    return _Finding(
        Verdict.NO_ANSWER,
        Diagnosis.NONE,
        "No answer, and nothing of the flow was seen on the wire.",
    )


def _unknown(reason: str) -> _Finding:
    return _Finding(Verdict.UNKNOWN, Diagnosis.NONE, reason)


def _without_policy(evidence: FlowEvidence) -> str:
    hosts = [end.host for end in (evidence.source, evidence.destination) if end.has_policy is False]
    return " and ".join(hosts)


def _proved_associations(evidence: FlowEvidence, seen: _Seen) -> tuple[Association, ...]:
    """Give the associations of the flow whose SPIs were seen on the wire."""
    found: dict[Association, None] = {}
    for end, outward in ((evidence.source, True), (evidence.destination, False)):
        for association in end.associations or ():
            if _joins(association, evidence.flow) and _on_the_wire(association, seen, outward):
                found[association] = None
    return tuple(found)


def _on_the_wire(association: Association, seen: _Seen, outward: bool) -> bool:  # noqa: FBT001 - private
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


def _joins(association: Association, flow: Flow) -> bool:
    """Tell whether an association is one between the flow's hosts, for the flow or wider."""
    ends = {association.local_address, association.remote_address}
    if ends != {flow.source_address, flow.destination_address}:
        return False
    if association.protocol not in {0, flow.protocol}:
        return False
    ports = {association.local_port, association.remote_port} - {0}
    return not ports or flow.port in ports


def _is_allowed(association: Association, flow: Flow) -> bool:
    return (association.encryption, association.integrity) in flow.algorithms
