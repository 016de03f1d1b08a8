"""Why clear packets of a flow were seen, and what that makes of it."""

from ipsec_orchestrator.model.evidence import Diagnosis, FlowEvidence, Verdict
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.proof.outcome import Finding, counted
from ipsec_orchestrator.proof.seen import (
    NO_CIPHER,
    Seen,
    captures,
    claims_for,
    is_blind,
    without_policy,
)
from ipsec_orchestrator.proof.unanswered import keying


def unprotected(seen: Seen, answered: int) -> Finding:
    """Judge a control flow: what else goes between the two hosts does not concern it."""
    clear = counted(seen.most("clear"), "clear packet")
    if answered and seen.any("clear"):
        return Finding(
            Verdict.CLEAR,
            Diagnosis.NONE,
            f"{clear}, as it ought to be on an unprotected port.",
        )
    if answered:
        return Finding(
            Verdict.UNKNOWN,
            Diagnosis.NONE,
            "The requests were answered, but no clear packet was seen although no filter protects "
            "this port.",
        )
    return Finding(
        Verdict.NO_ANSWER,
        Diagnosis.NOT_LISTENING,
        f"{clear} and no answer: nothing listens there, or a firewall is in the way.",
    )


def second_path(flow: Flow, seen: Seen, answered: int) -> Finding:
    """Judge a way around the policy: it ought not to be there."""
    clear = counted(seen.most("clear"), "clear packet")
    if answered and seen.any("clear"):
        return Finding(
            Verdict.CLEAR,
            Diagnosis.SECOND_PATH,
            f"{clear}: {flow.source} reaches {flow.destination} from {flow.source_address} to "
            f"{flow.destination_address} too, and no filter of the policy matches these addresses.",
        )
    if answered:
        return Finding(
            Verdict.UNKNOWN,
            Diagnosis.SECOND_PATH,
            f"The requests from {flow.source_address} to {flow.destination_address} were answered, "
            "but no clear packet was seen although no filter matches these addresses.",
        )
    return Finding(
        Verdict.NO_ANSWER,
        Diagnosis.NONE,
        f"Nothing answers from {flow.source_address} to {flow.destination_address}, which no "
        "filter matches.",
    )


def in_clear(evidence: FlowEvidence, seen: Seen, answered: int) -> Finding:
    """Judge a protected flow of which clear packets were seen."""
    shown = [end for end, counts in captures(evidence, seen) if counts.clear]
    if all(is_blind(evidence, end) for end in shown):
        hosts = " and ".join(end.host for end in shown)
        return Finding(
            Verdict.UNKNOWN,
            Diagnosis.OFFLOAD,
            f"Clear packets were seen on {hosts} only, whose adapter may encrypt behind the "
            "capture point.",
        )
    if seen.any("esp") and not _all_readable(evidence, seen):
        diagnosis, why = _why(evidence, seen)
        return Finding(
            Verdict.MIXED,
            diagnosis,
            f"{counted(seen.most('esp'), 'ESP packet')} between the two, but also "
            f"{counted(seen.most('clear'), 'clear packet')} of the flow itself{why}.",
        )
    if not answered:
        return _dropped(evidence, seen)
    diagnosis, why = _why(evidence, seen)
    return Finding(Verdict.CLEAR, diagnosis, f"{counted(seen.most('clear'), 'clear packet')}{why}.")


def _all_readable(evidence: FlowEvidence, seen: Seen) -> bool:
    """Tell whether every request could be read and was answered in clear: ESP is other flows'."""
    return (
        seen.any("clear_back") and bool(evidence.nonces) and seen.nonces.issuperset(evidence.nonces)
    )


def _why(evidence: FlowEvidence, seen: Seen) -> tuple[Diagnosis, str]:  # noqa: PLR0911 - one a cause
    """Tell why clear packets are there: the diagnosis, and the end of a sentence."""
    flow, without = evidence.flow, without_policy(evidence)
    absent = f"; {' and '.join(without)} does not have the policy" if without else ""
    claimed = any(claim.association.encryption != NO_CIPHER for claim in claims_for(evidence))
    if claimed and not seen.any("esp"):
        return Diagnosis.FALSE_ASSOCIATIONS, ", although an association is reported"
    one_way = _lacking_direction(evidence, seen)
    if one_way is not None:
        return Diagnosis.ONE_DIRECTION, one_way
    if claimed and not flow.may_fall_back:
        return Diagnosis.FALSE_ASSOCIATIONS, ", although an association is reported"
    if seen.any("ike"):
        return Diagnosis.FALLBACK, f": key exchange was tried, then came clear packets{absent}"
    if len(without) > 1:
        return Diagnosis.NOT_ASSIGNED, absent
    if without:
        return Diagnosis.POLICY_ABSENT, absent
    if evidence.source.has_policy and evidence.destination.has_policy:
        return Diagnosis.FILTER, (
            ", and nobody tried a key exchange: the policy is in force on both, but none of its "
            "filters matches the flow there"
        )
    return Diagnosis.NONE, ", and nobody tried a key exchange"


def _lacking_direction(evidence: FlowEvidence, seen: Seen) -> str | None:
    """Name the end that answers ESP in clear, or the other way round."""
    for ahead, host in (("out", evidence.flow.destination), ("back", evidence.flow.source)):
        other = "back" if ahead == "out" else "out"
        secured = seen.any(f"esp_{ahead}") and not seen.any(f"clear_{ahead}")
        if secured and seen.any(f"clear_{other}") and not seen.any(f"esp_{other}"):
            return f": what {host} sends is clear, what it gets is ESP"
    return None


def _dropped(evidence: FlowEvidence, seen: Seen) -> Finding:
    """Tell why clear packets of a protected flow were not answered."""
    flow, without = evidence.flow, without_policy(evidence)
    clear = f"{counted(seen.most('clear_out'), 'clear packet')} and no answer"
    if seen.any("clear_back") or len(without) > 1:
        return Finding(
            Verdict.NO_ANSWER,
            Diagnosis.NOT_LISTENING,
            f"{clear}: nothing listens there, or a firewall is in the way.",
        )
    if without:
        return Finding(
            Verdict.NO_ANSWER,
            Diagnosis.POLICY_ABSENT,
            f"{clear}: {without[0]} does not have the policy, and the other side requires it.",
        )
    claimed = any(claim.end is evidence.source for claim in claims_for(evidence))
    if claimed and seen.any("clear_out") and not seen.any("esp_out"):
        return Finding(
            Verdict.NO_ANSWER,
            Diagnosis.FALSE_ASSOCIATIONS,
            f"{clear}: {flow.source} reports an association and sends in clear; the other side "
            "drops that.",
        )
    found = keying(evidence, seen)
    if found is not None:
        return found
    if evidence.source.has_policy:
        return Finding(
            Verdict.NO_ANSWER,
            Diagnosis.FILTER,
            f"{clear}: {flow.source} has the policy, but no filter that is in force there matches "
            "the flow; the other side drops what is clear.",
        )
    return Finding(
        Verdict.NO_ANSWER,
        Diagnosis.NOT_LISTENING,
        f"{clear}: nothing listens there, a firewall is in the way, or {flow.destination} "
        "requires IPsec.",
    )
