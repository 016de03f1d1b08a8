"""Why a flow was not answered: told from the shape of the key exchange, never from texts."""

from typing import Final

from ipsec_orchestrator.model.evidence import Diagnosis, FlowEvidence, Verdict
from ipsec_orchestrator.proof.counts import Counts
from ipsec_orchestrator.proof.outcome import Finding
from ipsec_orchestrator.proof.seen import Seen, claims_for, ends_of, events_of_run, without_policy

# The size from which on a request needs many packets, so that a path MTU black hole shows.
_LARGE_BYTES: Final = 20_000
_KEYING_NOT_STARTED: Final = 5453
"""Audit event: the service IKEEXT is not running."""


def esp_without_answer(evidence: FlowEvidence, seen: Seen, answered: int) -> Finding:
    """Tell why requests were not answered although only ESP was seen."""
    if not answered:
        return _never_answered(evidence, seen)
    large = [request for request in evidence.requests if request.size >= _LARGE_BYTES]
    small = [request for request in evidence.requests if request.size < _LARGE_BYTES]
    if (
        large
        and not any(request.answered for request in large)
        and all(request.answered for request in small)
    ):
        return _no_answer(Diagnosis.PATH_MTU, "Small requests are answered, large ones are not.")
    lost = len(evidence.requests) - answered
    return _no_answer(
        Diagnosis.NONE,
        f"{lost} of {len(evidence.requests)} requests were not answered.",
    )


def _never_answered(evidence: FlowEvidence, seen: Seen) -> Finding:
    source, destination = seen.source, seen.destination
    if source is not None and destination is not None:
        flow = evidence.flow
        for sender, receiver, sent, arrived in (
            (flow.source, flow.destination, source.esp_out, destination.esp_out),
            (flow.destination, flow.source, destination.esp_back, source.esp_back),
        ):
            if sent and not arrived:
                return _no_answer(
                    Diagnosis.ESP_BLOCKED,
                    f"IKE came to an agreement, but none of the {sent} ESP packets that {sender} "
                    f"sent reached {receiver}.",
                )
    if not (seen.any("esp_out") and seen.any("esp_back")) and len(seen.both) == 1:
        return _no_answer(
            Diagnosis.NONE,
            "ESP goes one way only, and only one end could capture: it is blocked on the way, or "
            "nothing listens there.",
        )
    way = "both ways" if seen.any("esp_back") else "to its destination"
    return _no_answer(
        Diagnosis.NOT_LISTENING,
        f"ESP goes {way}, but nobody answers: nothing listens there, or a firewall is in the way.",
    )


def silent(evidence: FlowEvidence, seen: Seen) -> Finding:
    """Tell why there was no answer where neither ESP nor clear packets were seen."""
    without = without_policy(evidence)
    if len(without) == 1:
        return _no_answer(
            Diagnosis.POLICY_ABSENT,
            f"{without[0]} does not have the policy, and the other side requires it.",
        )
    found = keying(evidence, seen)
    if found is not None:
        return found
    if claims_for(evidence):
        return _no_answer(
            Diagnosis.NONE,
            "No answer, and nothing of the flow was seen on the wire, although an association is "
            "reported.",
        )
    return _no_answer(
        Diagnosis.NONE,
        "No answer, and nothing of the flow was seen on the wire.",
    )


def keying(evidence: FlowEvidence, seen: Seen) -> Finding | None:  # noqa: PLR0911 - one a stage
    """Tell at which stage the key exchange ended; ``None`` if there was none to be seen."""
    for end in ends_of(evidence):
        if events_of_run(end, [_KEYING_NOT_STARTED]):
            return _no_answer(
                Diagnosis.IKE_UNANSWERED,
                f"The service IKEEXT does not run on {end.host} (event {_KEYING_NOT_STARTED}).",
            )
    if seen.any("quick_mode"):
        return _no_answer(
            Diagnosis.NO_COMMON_METHOD,
            "Main mode succeeded, quick mode did not come to an association: the security methods "
            "or the filters of the two sides differ.",
        )
    if seen.any("authenticating"):
        return _no_answer(
            Diagnosis.AUTHENTICATION,
            "The two agreed on a method of main mode, but could not authenticate each other.",
        )
    if seen.any("refused"):
        return _no_answer(
            Diagnosis.NO_COMMON_METHOD,
            "A proposal was refused: the two have no method of main mode in common.",
        )
    if seen.any("negotiated"):
        return _no_answer(
            Diagnosis.AUTHENTICATION,
            "The two agreed on a method of main mode, but went no further: with Kerberos that is "
            "where a ticket is needed.",
        )
    for counts, other in ((seen.source, seen.destination), (seen.destination, seen.source)):
        found = _one_sided(evidence, counts, other)
        if found is not None:
            return found
    return None


def _one_sided(
    evidence: FlowEvidence,
    counts: Counts | None,
    other: Counts | None,
) -> Finding | None:
    """Tell who does not answer IKE, seen from one end."""
    if counts is None or bool(counts.ike_out) == bool(counts.ike_back):
        return None
    flow = evidence.flow
    asked, who = (
        (flow.destination, flow.source) if counts.ike_out else (flow.source, flow.destination)
    )
    if other is not None and not other.ike:
        reason = f"What {who} sends by IKE does not reach {asked}: UDP 500 is blocked on the way."
    else:
        reason = (
            f"{asked} does not answer IKE: UDP 500 is blocked, or the service IKEEXT does not run "
            "there."
        )
    return _no_answer(Diagnosis.IKE_UNANSWERED, reason)


def _no_answer(diagnosis: Diagnosis, reason: str) -> Finding:
    return Finding(Verdict.NO_ANSWER, diagnosis, reason)
