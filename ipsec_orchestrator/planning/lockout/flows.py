"""A flow is open only if request and answer pass on both hosts: four questions, one verdict."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from ipsec_orchestrator.model.policy import FilterActionKind
from ipsec_orchestrator.planning.lockout.deciding import Certainty, Decision, Effect, decide
from ipsec_orchestrator.planning.lockout.filters import Direction, OneWay
from ipsec_orchestrator.planning.lockout.regions import (
    EVERY_ADDRESS,
    Answer,
    Box,
    Boxed,
    Region,
    Span,
    answers_of,
    boxed,
    do_meet,
)


class Verdict(StrEnum):
    """What becomes of a flow; everything but open is a risk."""

    OPEN = "open"
    UNDECIDED = "undecided"
    BLOCKED = "blocked"
    NEEDS_IPSEC = "needs IPsec"


# What is told of a flow of which one part fares worse than another.
_WORST_LAST = (Verdict.OPEN, Verdict.UNDECIDED, Verdict.BLOCKED, Verdict.NEEDS_IPSEC)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """One end of a flow.

    Attributes:
        name: For people.
        spans: Its IPv4 addresses as numbers; all of them have to stay open.
        is_known: Whether these are its addresses; if not, they are all that it could have.
        has_policy: Whether it gets the policy.
    """

    name: str
    spans: tuple[Span, ...]
    is_known: bool = True
    has_policy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is spoken: protocols and the ports of both sides, first and last of each."""

    protocol: Span
    client_ports: Span
    server_ports: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededFlow:
    """A flow that administration needs.

    Attributes:
        name: Its word, such as ``winrm``.
        title: For people, such as ``WinRM (tcp 5985)``.
        subject: The host that could be locked out, as the inventory calls it.
        other: The other end where it is a host of its own, else empty.
        client: Who begins.
        server: Who answers.
        services: All that it consists of.
        is_two_way: Whether answers matter.
        is_to_controller: Whether a domain controller serves it.
        carries_ipsec: Whether it is what IPsec itself sends.
        passed_over: Addresses of the other end, as numbers, that are known not to take part.
    """

    name: str
    title: str
    subject: str
    client: End
    server: End
    services: tuple[Service, ...]
    other: str = ""
    is_two_way: bool = True
    is_to_controller: bool = False
    carries_ipsec: bool = False
    passed_over: frozenset[int] = frozenset()

    @property
    def word(self) -> str:
        """How ``--accept-risk`` names it."""
        return ":".join(part for part in (self.name, self.subject, self.other) if part)

    @property
    def is_known(self) -> bool:
        """Whether the addresses of both ends are known."""
        return self.client.is_known and self.server.is_known


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A part of a flow that does not stay open.

    Attributes:
        end: On whose host.
        is_answer: Whether it is the way back.
        answer: Packets and decision.
        verdict: What becomes of them.
    """

    end: End
    is_answer: bool
    answer: Answer
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What becomes of a flow.

    Attributes:
        flow: The flow.
        verdict: Worst of its parts; undecided if parts of unknown addresses differ.
        certainty: Medium where a part that counts rests on the lengths of prefixes.
        findings: What is not open, the worst first, each deciding filter once.
    """

    flow: NeededFlow
    verdict: Verdict
    certainty: Certainty
    findings: tuple[Finding, ...] = ()


class Judge:
    """Judges flows by the filters of one policy."""

    def __init__(self, filters: Iterable[OneWay]) -> None:
        """Take the filters; what is asked more than once is kept."""
        self.filters = tuple(filters)
        self._boxed = {direction: boxed(self.filters, direction) for direction in Direction}
        self._relevant: dict[Service, Mapping[Direction, tuple[Boxed, ...]]] = {}
        self._decided: dict[tuple[int, ...], Decision] = {}

    def judge(self, flow: NeededFlow) -> Judgement:
        """Give the verdict over a flow."""
        verdict, certainty = Verdict.OPEN, Certainty.HIGH
        findings: dict[object, Finding] = {}
        for end, is_answer, answers in self._answers(flow):
            worst: dict[Box, Verdict] = {}
            for answer in answers:
                if _is_passed_over(flow, answer):
                    continue
                decision = answer.decision
                found = verdict_of(flow, decision)
                addresses = answer.region.box[:2]
                worst[addresses] = _worse(found, worst.get(addresses, Verdict.OPEN))
                if decision.certainty is Certainty.MEDIUM or decision.effect is Effect.NEGOTIATE:
                    # That falling back to clear works is likely, not proved.
                    certainty = Certainty.MEDIUM
                if found is not Verdict.OPEN:
                    finding = Finding(end=end, is_answer=is_answer, answer=answer, verdict=found)
                    findings.setdefault((end.name, id(decision)), finding)
            verdict = _worse(verdict, _together(worst.values(), is_known=flow.is_known))
        ordered = sorted(findings.values(), key=lambda f: -_WORST_LAST.index(f.verdict))
        return Judgement(flow=flow, verdict=verdict, certainty=certainty, findings=tuple(ordered))

    def _answers(self, flow: NeededFlow) -> Iterator[tuple[End, bool, Iterator[Answer]]]:
        for service in flow.services:
            relevant = self._relevant_to(service)
            if not any(relevant.values()):
                continue
            for end, is_answer, region in regions_of(flow, service):
                filters = relevant[region.direction]
                yield end, is_answer, answers_of(filters, region, self._decide)

    def _relevant_to(self, service: Service) -> Mapping[Direction, tuple[Boxed, ...]]:
        """Give the filters that could match a service between some hosts."""
        if service not in self._relevant:
            near_far = (service.client_ports, service.server_ports)
            shapes = [
                (EVERY_ADDRESS, EVERY_ADDRESS, service.protocol, *ports)
                for ports in (near_far, near_far[::-1])
            ]
            self._relevant[service] = {
                direction: tuple(
                    (found, box)
                    for found, box in filters
                    if any(do_meet(box, shape) for shape in shapes)
                )
                for direction, filters in self._boxed.items()
            }
        return self._relevant[service]

    def _decide(self, matching: Sequence[OneWay]) -> Decision:
        """Decide, and remember it: many hosts ask the same."""
        key = tuple(id(found) for found in matching)
        if key not in self._decided:
            self._decided[key] = decide(matching)
        return self._decided[key]


def _worse(one: Verdict, other: Verdict) -> Verdict:
    return max(one, other, key=_WORST_LAST.index)


def _together(verdicts: Iterable[Verdict], *, is_known: bool) -> Verdict:
    """Give what becomes of packets between several addresses.

    All of them have to stay open; where they only could be the addresses and differ, nobody can
    say which is the real one.
    """
    found = set(verdicts)
    if not is_known and len(found) > 1:
        return Verdict.UNDECIDED
    return max(found, key=_WORST_LAST.index, default=Verdict.OPEN)


def regions_of(flow: NeededFlow, service: Service) -> Iterator[tuple[End, bool, Region]]:
    """Give the packets of a service on each end that has the policy: request, then answer."""
    client, server = flow.client, flow.server
    ports = service.client_ports, service.server_ports
    sides = (
        (client, server, ports, Direction.OUTBOUND, Direction.INBOUND),
        (server, client, ports[::-1], Direction.INBOUND, Direction.OUTBOUND),
    )
    for end, peer, (near_ports, far_ports), request, back in sides:
        if not end.has_policy:
            continue
        for local in end.spans:
            for remote in peer.spans:
                box = (local, remote, service.protocol, near_ports, far_ports)
                yield end, False, Region(direction=request, box=box)
                if flow.is_two_way:
                    yield end, True, Region(direction=back, box=box)


def verdict_of(flow: NeededFlow, decision: Decision) -> Verdict:
    """Give what a decision means for a flow."""
    if decision.effect in {Effect.PASS, Effect.PERMIT}:
        return Verdict.OPEN
    possible = {_verdict(flow, found) for found in decision.by}
    if any(found.doubt for found in decision.by):
        possible.add(Verdict.OPEN)
    return possible.pop() if len(possible) == 1 else Verdict.UNDECIDED


def _verdict(flow: NeededFlow, found: OneWay) -> Verdict:
    match found.action.kind:
        case FilterActionKind.PERMIT:
            return Verdict.OPEN
        case FilterActionKind.BLOCK:
            # No text says whether filters see what IPsec sends, or what it carries.
            return Verdict.UNDECIDED if flow.carries_ipsec else Verdict.BLOCKED
        case FilterActionKind.NEGOTIATE:
            if flow.carries_ipsec:
                return Verdict.OPEN
            # A peer without a policy is spoken to in clear only if both boxes are ticked.
            is_soft = found.action.accept_unsecured and found.action.allow_fallback
            if is_soft and not flow.is_to_controller:
                return Verdict.OPEN
            return Verdict.NEEDS_IPSEC
        case _ as never:
            assert_never(never)


def _is_passed_over(flow: NeededFlow, answer: Answer) -> bool:
    """Tell whether all other ends of some packets are known not to take part in a flow."""
    first, last = answer.region.box[1]
    if last - first >= len(flow.passed_over):
        return False
    return all(number in flow.passed_over for number in range(first, last + 1))
