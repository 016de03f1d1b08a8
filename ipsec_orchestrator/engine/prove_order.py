"""What a proof may do and what it may cost: plain settings."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

UDP: Final = 17


class Service(StrEnum):
    """Who answers the requests of a proof."""

    EXISTING = "existing"
    TEMPORARY = "temporary"
    IIS = "iis"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of what a proof costs each host, per flow.

    Attributes:
        capture_megabytes: Size of the capture's file; older frames give way.
        truncation_bytes: What is kept of a frame: its headers, and enough to find a random text.
        frames: Frames that are carried over the network; more are counted only.
        events: Audit events that are carried over.
        request_seconds: How long one request waits for its answer.
        guard_seconds: When a host takes everything away by itself, after the start.
        request_sizes: Bytes of the TCP requests; the large one needs many packets.
        datagram_sizes: Bytes of the UDP requests; the large one travels in fragments.
        association_seconds: How far back the log is searched for associations that still live.
    """

    capture_megabytes: int = 8
    truncation_bytes: int = 128
    frames: int = 3000
    events: int = 500
    request_seconds: float = 20.0
    guard_seconds: int = 300
    request_sizes: tuple[int, ...] = (1_000, 120_000)
    datagram_sizes: tuple[int, ...] = (1_000, 30_000)
    association_seconds: int = 90_000

    def sizes(self, protocol: int) -> tuple[int, ...]:
        """Give the sizes of the requests of a flow, by its IANA protocol number."""
        return self.datagram_sizes if protocol == UDP else self.request_sizes

    def sentence(self) -> str:
        """Say it to the person who starts a proof."""
        return (
            f"For each flow: {len(self.request_sizes)} requests of up to "
            f"{max(self.request_sizes) // 1000} kB, a capture of at most "
            f"{self.capture_megabytes} MB cut off at {self.truncation_bytes} bytes a packet, on "
            f"one pair of hosts at a time per host; everything is gone after "
            f"{self.guard_seconds} seconds at the latest."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofOrder:
    """How flows are to be proved.

    Attributes:
        policy: Name of the policy that both ends ought to have.
        new_id: Gives 32 random hexadecimal digits, never the same twice.
        service: Who answers.
        limits: What it may cost.
    """

    policy: str
    new_id: Callable[[], str]
    service: Service = Service.TEMPORARY
    limits: Limits = Limits()
