"""Many packets at once: a region of addresses and ports, cut where a filter begins or ends.

Between two cuts all packets match the same filters, so one answer holds for all of them and a
range of ports is judged exactly, not by samples.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final, TypeAlias

from ipsec_orchestrator.model.policy import Endpoint, NamedEndpoint
from ipsec_orchestrator.planning.lockout.deciding import Decision, decide
from ipsec_orchestrator.planning.lockout.filters import Direction, OneWay

Span: TypeAlias = tuple[int, int]
"""First and last of a range of numbers."""

EVERY_ADDRESS: Final[Span] = (0, 0xFFFF_FFFF)
EVERY_PORT: Final[Span] = (0, 0xFFFF)
EVERY_PROTOCOL: Final[Span] = (0, 0xFF)

Box: TypeAlias = tuple[Span, ...]
"""Five of them: local address, remote address, protocol, local port, remote port."""


Boxed: TypeAlias = tuple[OneWay, Box]
"""A filter and what it matches in one direction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Packets that one host sees go one way; addresses are those of IPv4."""

    direction: Direction
    box: Box


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What happens to all packets of a part of a region."""

    region: Region
    decision: Decision


def box_of(found: OneWay, direction: Direction) -> Box | None:
    """Give what a filter matches on a host, in one direction; ``None`` if nothing.

    ``me`` holds every local address: the host's own are the only ones that its packets have.
    """
    local, local_port = found.local(direction)
    remote, remote_port = found.remote(direction)
    if remote is NamedEndpoint.ME:
        return None
    near, far = span_of(local), span_of(remote)
    if near is None or far is None:
        return None
    protocol = (found.protocol, found.protocol) if found.protocol else EVERY_PROTOCOL
    return near, far, protocol, _ports(local_port), _ports(remote_port)


def span_of(endpoint: Endpoint) -> Span | None:
    """Give the addresses of an endpoint as numbers; ``None`` for IPv6."""
    match endpoint:
        case NamedEndpoint():
            return EVERY_ADDRESS
        case IPv4Address():
            return int(endpoint), int(endpoint)
        case IPv4Network():
            return int(endpoint.network_address), int(endpoint.broadcast_address)
        case _:
            return None


def meet(one: Box, other: Box) -> Box | None:
    """Give what two boxes have in common; ``None`` if nothing."""
    found = tuple(
        (max(mine[0], theirs[0]), min(mine[1], theirs[1]))
        for mine, theirs in zip(one, other, strict=True)
    )
    return None if any(first > last for first, last in found) else found


def boxed(filters: Iterable[OneWay], direction: Direction) -> tuple[Boxed, ...]:
    """Give the filters that match something in a direction, each with what it matches."""
    pairs = ((found, box_of(found, direction)) for found in filters)
    return tuple((found, box) for found, box in pairs if box is not None)


def answers(filters: Iterable[OneWay], region: Region) -> Iterator[Answer]:
    """Judge every packet of a region; the parts are disjoint and make up the whole."""
    return answers_of(boxed(filters, region.direction), region)


def answers_of(
    filters: Iterable[Boxed],
    region: Region,
    decided: Callable[[Sequence[OneWay]], Decision] = decide,
) -> Iterator[Answer]:
    """Judge a region by filters whose boxes in its direction are known.

    Args:
        filters: From :func:`boxed`.
        region: The packets.
        decided: :func:`decide`, or something that remembers what it said.
    """
    boxes = [(found, box) for found, box in filters if do_meet(box, region.box)]
    if all(_covers(box, region.box) for _, box in boxes):
        yield Answer(region=region, decision=decided([found for found, _ in boxes]))
        return
    for box, matching in _parts(boxes, region.box, ()):
        yield Answer(region=Region(direction=region.direction, box=box), decision=decided(matching))


def do_meet(one: Box, other: Box) -> bool:
    """Tell whether two boxes have anything in common."""
    for mine, theirs in zip(one, other, strict=True):
        if mine[0] > theirs[1] or theirs[0] > mine[1]:
            return False
    return True


def _covers(box: Box, whole: Box) -> bool:
    for outer, inner in zip(box, whole, strict=True):
        if outer[0] > inner[0] or inner[1] > outer[1]:
            return False
    return True


def _parts(
    boxes: Sequence[tuple[OneWay, Box]], whole: Box, done: tuple[Span, ...]
) -> Iterator[tuple[Box, Sequence[OneWay]]]:
    """Cut one dimension after the other, each time with the filters that are left."""
    place = len(done)
    if not boxes or place == len(whole):
        yield (*done, *whole[place:]), [found for found, _ in boxes]
        return
    first, last = whole[place]
    cuts = {first}
    for _, box in boxes:
        cuts |= {cut for cut in (box[place][0], box[place][1] + 1) if first < cut <= last}
    starts = sorted(cuts)
    for start, following in zip(starts, (*starts[1:], last + 1), strict=True):
        left = [(f, box) for f, box in boxes if box[place][0] <= start <= box[place][1]]
        yield from _parts(left, whole, (*done, (start, following - 1)))


def _ports(port: int) -> Span:
    return (port, port) if port else EVERY_PORT
