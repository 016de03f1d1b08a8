"""What a guest is told to enforce: connections for IKE, policies for the kernel. Pure values."""

from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

from ipsec_orchestrator.model.secret import Secret

_PREFIX = "to-"
TCP = 6
UDP = 17


class Direction(StrEnum):
    """Which way a packet goes, in iproute2's words."""

    INBOUND = "in"
    OUTBOUND = "out"


class Level(StrEnum):
    """Whether a packet without its security association may pass, in iproute2's words."""

    REQUIRED = "required"
    OPTIONAL = "use"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """How packets of a kernel policy are protected.

    Attributes:
        protocol: ``esp`` or ``ah``.
        request_id: Joins policy, child and security associations.
        level: Whether clear packets pass as well.
    """

    protocol: str
    request_id: int
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelPolicy:
    """What happens to the packets of one flow in one direction.

    Attributes:
        direction: As seen from the member.
        local: Address of the member.
        remote: The other side; a single address wherever there is a transform.
        ip_protocol: 0 is any.
        local_port: 0 is any.
        remote_port: 0 is any.
        priority: The smaller number decides.
        is_blocked: Packets are dropped.
        transform: How they are protected; ``None`` lets them pass or drops them as they are.
        rule: Name of the rule that it comes from.
    """

    direction: Direction
    local: IPv4Address
    remote: IPv4Network
    ip_protocol: int
    local_port: int
    remote_port: int
    priority: int
    rule: str
    is_blocked: bool = False
    transform: Transform | None = None

    @property
    def arguments(self) -> str:
        """Give what comes after ``ip xfrm policy add``."""
        here, there = (f"{self.local}/32", self.local_port), (str(self.remote), self.remote_port)
        outbound = self.direction is Direction.OUTBOUND
        source, destination = (here, there) if outbound else (there, here)
        words = [f"dir {self.direction} src {source[0]} dst {destination[0]}"]
        if self.ip_protocol:
            words.append(f"proto {self.ip_protocol}")
        words += [
            f"{word} {port}"
            for word, port in (("sport", source[1]), ("dport", destination[1]))
            if port
        ]
        words.append(f"action {'block' if self.is_blocked else 'allow'} priority {self.priority}")
        if self.transform is not None:
            ends = (self.local, self.remote.network_address)
            first, last = ends if outbound else reversed(ends)
            words.append(
                f"tmpl src {first} dst {last} proto {self.transform.protocol}"
                f" reqid {self.transform.request_id} mode transport level {self.transform.level}"
            )
        return " ".join(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One kind of traffic with a peer, for quick mode.

    Attributes:
        request_id: Joins it to kernel policies.
        ip_protocol: 0 is any.
        local_port: 0 is any.
        remote_port: 0 is any.
        protocol: ``esp`` or ``ah``.
        proposals: Algorithms in charon's words, most preferred first.
        lifetime_seconds: Of a security association.
        lifetime_bytes: Of a security association; 0 is no limit.
    """

    request_id: int
    ip_protocol: int
    local_port: int
    remote_port: int
    protocol: str
    proposals: tuple[str, ...]
    lifetime_seconds: int
    lifetime_bytes: int = 0

    @property
    def name(self) -> str:
        """How charon calls it."""
        return f"flow-{self.request_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Main mode with one peer.

    Attributes:
        local: Address of the member.
        remote: Address of the peer.
        proposals: Algorithms in charon's words, most preferred first.
        lifetime_seconds: Of main mode.
        key: What both sides must have in common, 64 hexadecimal digits.
        children: What is protected.
    """

    local: IPv4Address
    remote: IPv4Address
    proposals: tuple[str, ...]
    lifetime_seconds: int
    key: Secret
    children: tuple[Child, ...]

    @property
    def name(self) -> str:
        """How charon calls it."""
        return f"{_PREFIX}{str(self.remote).replace('.', '-')}"


def peer_of(connection: str) -> IPv4Address | None:
    """Give the peer of a connection by its name; ``None`` if it is none of ours."""
    try:
        return IPv4Address(connection.removeprefix(_PREFIX).replace("-", "."))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestPolicy:
    """All of it.

    Attributes:
        connections: One a peer; none if nothing is negotiated.
        kernel_policies: The one with the smallest priority first.
        notes: Where the guest differs from what a Windows would do; every output shows them.
    """

    connections: tuple[Connection, ...] = ()
    kernel_policies: tuple[KernelPolicy, ...] = ()
    notes: tuple[str, ...] = ()


NO_POLICY = GuestPolicy()
