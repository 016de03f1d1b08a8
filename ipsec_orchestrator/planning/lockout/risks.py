"""From verdicts to risks: what would happen, by which rule and filter, and the cure."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address

from ipsec_orchestrator.model.plan import Risk
from ipsec_orchestrator.planning.lockout.cure import cure_of
from ipsec_orchestrator.planning.lockout.deciding import Certainty, Effect
from ipsec_orchestrator.planning.lockout.filters import Direction, OneWay
from ipsec_orchestrator.planning.lockout.flows import Finding, Judge, Judgement, NeededFlow, Verdict
from ipsec_orchestrator.planning.lockout.pairs import described
from ipsec_orchestrator.planning.lockout.regions import EVERY_ADDRESS, EVERY_PORT, Span

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 50: "esp", 51: "ah"}
_OUTCOMES = {
    Verdict.OPEN: "stays open",
    Verdict.UNDECIDED: "can't be decided",
    Verdict.BLOCKED: "would be blocked",
    Verdict.NEEDS_IPSEC: "would need IPsec",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What became of all flows.

    Attributes:
        flows: How many were judged.
        likely: How many of the open ones rest on what is likely only.
        risks: One for each flow that does not stay open.
    """

    flows: int
    likely: int
    risks: tuple[Risk, ...]


def assess(flows: Iterable[NeededFlow], filters: Iterable[OneWay]) -> Assessment:
    """Judge flows by the filters of the policy that hosts get."""
    judge = Judge(filters)
    count = likely = 0
    risks: list[Risk] = []
    for flow in flows:
        judged = judge.judge(flow)
        count += 1
        if judged.verdict is not Verdict.OPEN:
            risks.append(_risk(judged, judge.filters))
        elif judged.certainty is Certainty.MEDIUM:
            likely += 1
    return Assessment(flows=count, likely=likely, risks=tuple(risks))


def _risk(judged: Judgement, filters: tuple[OneWay, ...]) -> Risk:
    flow = judged.flow
    finding = judged.findings[0]
    by = finding.answer.decision.by
    words = f"{flow.title} from {flow.client.name} to {flow.server.name}"
    return Risk(
        word=flow.word,
        flow=words,
        host=flow.subject,
        verdict=judged.verdict.value,
        rules=tuple(dict.fromkeys(found.rule.name for found in by)),
        filters=tuple(dict.fromkeys(found.words for found in by)),
        text=f"{words} {_OUTCOMES[judged.verdict]}: {_unknown(judged)}{_because(finding)}.",
        cure=cure_of(judged, filters),
        can_be_accepted=not (flow.is_to_controller and judged.verdict is Verdict.NEEDS_IPSEC),
    )


def _unknown(judged: Judgement) -> str:
    if judged.verdict is not Verdict.UNDECIDED or judged.flow.is_known:
        return ""
    ends = (judged.flow.client, judged.flow.server)
    names = " and ".join(end.name for end in ends if not end.is_known)
    return f"it depends on the addresses of {names}; of some of them, "


def _because(finding: Finding) -> str:
    answer = finding.answer
    decision = answer.decision
    way = "the answer" if finding.is_answer else "the request"
    where = f"on {finding.end.name}, {way} ({_packets(finding)})"
    filters = list(dict.fromkeys(described(found) for found in decision.by))
    if decision.effect is Effect.UNDECIDED:
        together = " and ".join(filters)
        return f"{where} is matched by {together}, and {decision.why}"
    sure = ", probably, for its prefix is longer" if decision.certainty is Certainty.MEDIUM else ""
    return f"{where} is decided by {' and '.join(filters)}{sure}"


def _packets(finding: Finding) -> str:
    local, remote, protocol, near, far = finding.answer.region.box
    ends = (_address(local), _ports(near)), (_address(remote), _ports(far))
    if finding.answer.region.direction is Direction.INBOUND:
        ends = ends[::-1]
    (source, source_ports), (destination, destination_ports) = ends
    name = _PROTOCOLS.get(protocol[0], str(protocol[0])) if protocol[0] == protocol[1] else "any"
    ports = "" if near == far == (0, 0) else f" {source_ports} to {destination_ports}"
    return f"{source} to {destination}, {name}{ports}"


def _address(span: Span) -> str:
    if span == EVERY_ADDRESS:
        return "any address"
    first, last = IPv4Address(span[0]), IPv4Address(span[1])
    return str(first) if first == last else f"{first}-{last}"


def _ports(span: Span) -> str:
    if span == EVERY_PORT:
        return "any"
    return str(span[0]) if span[0] == span[1] else f"{span[0]}-{span[1]}"
