"""Which member is in which wave: pure arithmetic over the playbook's members."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ipsec_orchestrator.codec.selectors import members_of, select
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.rollout import Portion, Rollout


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """One wave; ``number`` counts from 1, ``hosts`` are in inventory order."""

    number: int
    hosts: tuple[Host, ...]
    canaries: bool = False

    def among(self, asked: Iterable[Host]) -> "Wave":
        """Give what is left of the wave where a run is limited to some hosts."""
        names = {host.name for host in asked}
        hosts = tuple(host for host in self.hosts if host.name in names)
        return Wave(number=self.number, hosts=hosts, canaries=self.canaries)


def waves_of(playbook: Playbook, inventory: Inventory) -> tuple[Wave, ...]:
    """Divide all members of a playbook; without a rollout there are no waves.

    Raises:
        UsageError: A selector does not fit the inventory.
    """
    rollout = playbook.rollout
    if rollout is None:
        return ()
    canaries = select(inventory, rollout.canaries) if rollout.canaries else ()
    return divide(members_of(inventory, playbook), canaries, rollout)


def divide(members: Sequence[Host], canaries: Iterable[Host], rollout: Rollout) -> tuple[Wave, ...]:
    """Put every member into exactly one wave, canaries first, then in the members' order."""
    names = {host.name for host in canaries}
    first = tuple(host for host in members if host.name in names)
    rest = [host for host in members if host.name not in names]
    groups = [first] if first else []
    sizes = rollout.batches or (Portion(percent=100),)
    place = 0
    while rest:
        size = sizes[min(place, len(sizes) - 1)].of(len(members))
        groups.append(tuple(rest[:size]))
        rest, place = rest[size:], place + 1
    return tuple(
        Wave(number=number, hosts=hosts, canaries=bool(first) and number == 1)
        for number, hosts in enumerate(groups, 1)
    )
