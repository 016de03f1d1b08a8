"""Everything that the checks of ``doctor`` look at, in one value."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ipsec_orchestrator.facts.controllers import ControllerState
from ipsec_orchestrator.facts.directory_health import DirectoryHealth
from ipsec_orchestrator.facts.host_health import HostHealth
from ipsec_orchestrator.facts.member_policy import MemberObservation
from ipsec_orchestrator.facts.probed_targets import ProbedTarget
from ipsec_orchestrator.facts.resolved_names import ResolvedNames
from ipsec_orchestrator.model.inventory import Address, Host, Inventory
from ipsec_orchestrator.model.policy import Playbook


class Trouble(StrEnum):
    """Why something could not be read."""

    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    DENIED = "denied"
    FAILED = "failed"
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRead:
    """What stands in the place of a fact that could not be had.

    Attributes:
        trouble: The kind of reason.
        reason: The reason in a sentence.
        cure: What to do about it; empty if unknown.
    """

    trouble: Trouble
    reason: str
    cure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedAnswer:
    """A clock that was read, and between which moments of our own clock.

    Attributes:
        time: What it showed.
        before: Our clock when it was asked.
        after: Our clock when the answer was there.
    """

    time: datetime
    before: datetime
    after: datetime

    @property
    def ahead_seconds(self) -> float:
        """How far it is ahead of ours at least; negative behind, 0 if the two may agree."""
        if self.time > self.after:
            return (self.time - self.after).total_seconds()
        if self.time < self.before:
            return (self.time - self.before).total_seconds()
        return 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFacts:
    """One host.

    Attributes:
        host: The inventory's entry.
        policy: What it says of its policy.
        clock: Its clock.
        health: What else it says.
        names: What DNS says there.
        paths: The way from there to other hosts.
    """

    host: Host
    policy: MemberObservation | NotRead
    clock: TimedAnswer | None = None
    health: HostHealth | NotRead
    names: ResolvedNames | NotRead
    paths: Mapping[Address, ProbedTarget] | NotRead


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthFacts:
    """All of it.

    Attributes:
        inventory: What exists.
        playbook: What is wanted, if a playbook was named.
        members: The hosts that are looked at, by inventory name.
        records: Hosts by SRV record.
        directory: What the directory says.
        directory_clock: The DC's clock.
        controllers: Every DC of the domain.
        hosts: The hosts by name.
    """

    inventory: Inventory
    playbook: Playbook | None
    members: tuple[str, ...]
    records: Mapping[str, tuple[str, ...]] | NotRead
    directory: DirectoryHealth | NotRead
    directory_clock: TimedAnswer | None = None
    controllers: tuple[ControllerState, ...] | NotRead
    hosts: Mapping[str, HostFacts] = field(default_factory=dict[str, HostFacts], hash=False)

    def member_hosts(self) -> tuple[HostFacts, ...]:
        """Give the facts of the members, in order."""
        return tuple(self.hosts[name] for name in self.members if name in self.hosts)
