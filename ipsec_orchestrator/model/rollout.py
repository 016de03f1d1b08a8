"""How a playbook reaches its members: in waves, with checks in between."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class OnFailure(StrEnum):
    """What happens when more of a wave fails than may."""

    STOP = "stop"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """The size of a batch: a number of hosts, or a share of all members.

    Attributes:
        hosts: A number; 0 where the share counts.
        percent: Of all members, rounded up; 0 where the number counts.
    """

    hosts: int = 0
    percent: int = 0

    def of(self, members: int) -> int:
        """Give how many hosts that is, at least one."""
        return max(1, self.hosts or -(-members * self.percent // 100))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceWish:
    """A connection between hosts that has to work.

    Attributes:
        name: How people call it.
        source: Selector of the hosts that try it.
        target: Inventory name of the host whose port is tried; empty with ``url``.
        port: TCP port; ``None`` with ``url``.
        url: A page that has to answer; empty with ``port``.
        status: The status that it has to answer with; ``None`` for any.
    """

    name: str
    source: str
    target: str = ""
    port: int | None = None
    url: str = ""
    status: int | None = None


USUAL_PATIENCE_SECONDS: Final = 60
"""Windows retries a key exchange for about that long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthWish:
    """What is looked at after each wave.

    Attributes:
        policy: Whether each host has the policy.
        services: Whether the services that enforce it run.
        management: Whether its management port answers on a new connection.
        connections: What has to work between hosts.
        patience_seconds: How long what fails is looked at again before it counts.
    """

    policy: bool = True
    services: bool = True
    management: bool = True
    connections: tuple[ServiceWish, ...] = ()
    patience_seconds: int = USUAL_PATIENCE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """The section ``rollout`` of a playbook.

    Attributes:
        canaries: Selector of the first wave; empty for none.
        batches: Sizes of the waves after it; the last one repeats until everybody is in one.
            Empty puts all the others into one wave.
        wait_seconds: How long a wave is left alone before it is looked at; not after the last.
        health: What is looked at.
        on_failure: What happens when too much fails.
        failure_share_percent: So much of a wave may fail.
    """

    canaries: str = ""
    batches: tuple[Portion, ...] = ()
    wait_seconds: int = 0
    health: HealthWish = field(default_factory=HealthWish)
    on_failure: OnFailure = OnFailure.STOP
    failure_share_percent: int = 0
