"""What to write so that a flow stays open; only what would really help is suggested."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address

from ipsec_orchestrator.model.policy import (
    Endpoint,
    FilterAction,
    FilterActionKind,
    NamedEndpoint,
    Rule,
)
from ipsec_orchestrator.planning.lockout.filters import OneWay
from ipsec_orchestrator.planning.lockout.flows import Finding, Judgement
from ipsec_orchestrator.planning.lockout.regions import Region, Span, answers

_PERMIT = FilterAction(name="permit", kind=FilterActionKind.PERMIT)
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp"}


def cure_of(judged: Judgement, filters: tuple[OneWay, ...]) -> str:
    """Say how to keep a flow open, in the playbook's words."""
    if not judged.findings:
        return ""
    finding = judged.findings[0]
    words = [
        f"The addresses of {end.name} are not known: give them to it in the inventory "
        "(addresses of a host, administration.workstations)."
        for end in (judged.flow.client, judged.flow.server)
        if not end.is_known
    ]
    permit = next((p for p in _candidates(judged, finding) if _helps(p, finding, filters)), None)
    if permit is not None:
        words.append(
            f"Add a rule with a permit filter: {_filter_word(permit, finding, judged)}, mirrored"
            f"{_same_for(permit, judged)}."
        )
    elif not words:
        names = " and ".join(dict.fromkeys(f.rule.name for f in finding.answer.decision.by))
        words.append(f"Make the filters of {names} narrower.")
    return " ".join(words)


def _candidates(judged: Judgement, finding: Finding) -> Iterator[OneWay]:
    """Give permits to try, each as the host of the finding sees its outbound packets.

    To a single controller everything may go; others get no more than they need, if that helps.
    """
    _, (first, last), (protocol, _), near, far = finding.answer.region.box
    by = finding.answer.decision.by
    remotes: list[Endpoint] = [IPv4Address(first)] if first == last else [NamedEndpoint.ANY]
    if first != last:
        direction = finding.answer.region.direction
        remotes += dict.fromkeys(found.remote(direction)[0] for found in by)
    is_server = finding.end == judged.flow.server
    service_port = _single(near if is_server else far)
    has_protocol = any(found.protocol for found in by)
    has_ports = any(found.source_port or found.destination_port for found in by)
    shapes = [(protocol, service_port), (protocol, 0), (0, 0)]
    if judged.flow.is_to_controller and first == last and not has_ports:
        shapes = shapes[1:] if has_protocol else shapes[::-1]
    for remote in remotes:
        for number, port in dict.fromkeys(shapes):
            if number or not port:
                yield OneWay(
                    source=NamedEndpoint.ME,
                    destination=remote,
                    protocol=number,
                    source_port=port if is_server else 0,
                    destination_port=0 if is_server else port,
                    rule=Rule(name="permit", filter_list="permit", filter_action="permit"),
                    action=_PERMIT,
                )


def _helps(permit: OneWay, finding: Finding, filters: tuple[OneWay, ...]) -> bool:
    """Tell whether both directions of what was found would be permitted."""
    back = replace(
        permit,
        source=permit.destination,
        destination=permit.source,
        source_port=permit.destination_port,
        destination_port=permit.source_port,
    )
    everything = (*filters, permit, back)
    region: Region = finding.answer.region
    return all(
        not answer.decision.by
        or {found.action.kind for found in answer.decision.by} == {FilterActionKind.PERMIT}
        for answer in answers(everything, region)
    )


def _filter_word(permit: OneWay, finding: Finding, judged: Judgement) -> str:
    """Write it as the playbook has it, from the side that begins."""
    is_server = finding.end == judged.flow.server
    me, other = "me", str(permit.destination)
    if isinstance(permit.destination, NamedEndpoint):
        other = permit.destination.value
    source, destination = (other, me) if is_server else (me, other)
    words = [f"source: {source}", f"destination: {destination}"]
    if permit.protocol:
        words.append(f"protocol: {_PROTOCOLS.get(permit.protocol, permit.protocol)}")
    if port := permit.source_port or permit.destination_port:
        words.append(f"destination_port: {port}")
    return ", ".join(words)


def _same_for(permit: OneWay, judged: Judgement) -> str:
    """Name the protocols for which a flow of several needs the same filter."""
    others = {service.protocol[0] for service in judged.flow.services} - {permit.protocol}
    is_wide = any(not found.protocol for found in judged.findings[0].answer.decision.by)
    if not permit.protocol or not others or not is_wide:
        return ""
    return f", and the same for {' and '.join(_PROTOCOLS.get(o, str(o)) for o in sorted(others))}"


def _single(span: Span) -> int:
    return span[0] if span[0] == span[1] else 0
