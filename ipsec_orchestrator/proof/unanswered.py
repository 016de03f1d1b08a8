"""Why a flow was not answered: told from the shape of the key exchange, never from texts."""

from ipsec_orchestrator.model.evidence import Diagnosis, FlowEvidence, Verdict
from ipsec_orchestrator.proof.outcome import Finding
from ipsec_orchestrator.proof.seen import Seen, without_policy

# The size from which on a request needs many packets, so that a path MTU black hole shows.
_LARGE = 100_000


def esp_without_answer(evidence: FlowEvidence, seen: Seen, answered: int) -> Finding:
    """Tell why requests were not answered although only ESP was seen."""
    sent_but_lost = (
        seen.source is not None
        and seen.destination is not None
        and (
            (seen.source.esp_out and not seen.destination.esp_out)
            or (seen.destination.esp_back and not seen.source.esp_back)
        )
    )
    if sent_but_lost:
        return Finding(
            Verdict.NO_ANSWER,
            Diagnosis.ESP_BLOCKED,
            "IKE came to an agreement, but ESP packets that one end sent never reached the other.",
        )
    large = [request for request in evidence.requests if request.size >= _LARGE]
    if answered and large and not any(request.answered for request in large):
        return Finding(
            Verdict.NO_ANSWER,
            Diagnosis.PATH_MTU,
            "Small requests are answered, large ones are not.",
        )
    if answered:
        return Finding(
            Verdict.NO_ANSWER,
            Diagnosis.NONE,
            f"{len(evidence.requests) - answered} of {len(evidence.requests)} requests were not "
            "answered.",
        )
    return Finding(
        Verdict.NO_ANSWER,
        Diagnosis.NOT_LISTENING,
        "ESP goes both ways, but nobody answers: nothing listens there, or a firewall is in the "
        "way.",
    )


def silent(evidence: FlowEvidence, seen: Seen) -> Finding:
    """Tell why there was no answer where neither ESP nor clear packets were seen."""
    without = without_policy(evidence)
    if seen.any("refused"):
        return Finding(
            Verdict.NO_ANSWER,
            Diagnosis.NO_COMMON_METHOD,
            "The other side refused the proposal: the two have no security method in common.",
        )
    if without:
        return Finding(
            Verdict.NO_ANSWER,
            Diagnosis.POLICY_ABSENT,
            f"{without} does not have the policy.",
        )
    if seen.any("quick_mode"):
        return Finding(
            Verdict.NO_ANSWER,
            Diagnosis.NO_COMMON_METHOD,
            "Main mode succeeded, quick mode did not come to an association: methods or filters "
            "of the two sides differ.",
        )
    if seen.any("authenticating"):
        return Finding(
            Verdict.NO_ANSWER,
            Diagnosis.AUTHENTICATION,
            "The two agreed on a method, but could not authenticate each other.",
        )
    if seen.most("ike_out") and not seen.most("ike_back"):
        return Finding(
            Verdict.NO_ANSWER,
            Diagnosis.IKE_UNANSWERED,
            f"{evidence.flow.destination} does not answer IKE: UDP 500 is blocked, or the service "
            "IKEEXT does not run there.",
        )
    return Finding(
        Verdict.NO_ANSWER,
        Diagnosis.NONE,
        "No answer, and nothing of the flow was seen on the wire.",
    )
