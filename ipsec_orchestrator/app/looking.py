"""One look for drift that costs little where nothing happened, and leaves a watermark for the next.

What it finds in the directory is what a whole look finds; it only asks less. Members whose last
reading was clean are relied on for a while.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

from ipsec_orchestrator import __version__
from ipsec_orchestrator.app.catching_up import catch_up, read_all
from ipsec_orchestrator.app.drift import Record, Tell, find_drift
from ipsec_orchestrator.app.wire import flows_to_prove, prove_sample
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.drift import DriftReport
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.policy import Playbook
from ipsec_orchestrator.model.watermark import MemberReading, Watermark
from ipsec_orchestrator.planning.drift.basis import basis_of
from ipsec_orchestrator.planning.drift.rotation import Chosen, Rotation, Turn, choose_members
from ipsec_orchestrator.ports import World

_EVERYBODY = Rotation()


@dataclass(frozen=True, slots=True, kw_only=True)
class Economy:
    """What a look may spare, and what it does beyond reading.

    Attributes:
        only_changes: Ask the directory only for what has changed since the earlier look.
        rotation: Whose state is read; its maximum age holds for the directory as well.
        flows: About so many flows are proved on the wire.
    """

    only_changes: bool = False
    rotation: Rotation = _EVERYBODY
    flows: int = 0

    @property
    def spares(self) -> bool:
        """Tell whether anything may be left unread."""
        return self.only_changes or self.rotation.turn is not Turn.ALL


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What came of it.

    Attributes:
        report: The differences.
        watermark: To be kept for the next look.
        whole: Why everything was read of the directory; ``None`` if only changes were.
        read_whole: When everything was read of the directory the last time.
        chosen: Whose state was read.
    """

    report: DriftReport
    watermark: Watermark
    whole: str | None
    read_whole: datetime
    chosen: Chosen


def look(
    playbook: Playbook,
    members: Iterable[Host],
    world: World,
    record: Record | None,
    tell: Tell,
    *,
    economy: Economy,
    since: Watermark | str,
) -> Look:
    """Compare what is wanted, what was left and what is there; writes nothing.

    Args:
        playbook: What is wanted.
        members: Whom it means.
        world: Where to look.
        record: What the last run left.
        tell: Hears what is going on.
        economy: What may be spared.
        since: What the earlier look left, or why there is nothing of the kind.

    Raises:
        BackendError: The directory, or the GPO's template, can't be read. Then the earlier
            watermark still holds.
        PlanError: The OU does not exist, or the GPO's name is ambiguous.
        UsageError: There is no flow to prove.
    """
    members = tuple(members)
    flows = flows_to_prove(playbook, world.inventory, members, economy.flows)
    now = world.clock.now()
    earlier = since if isinstance(since, Watermark) else None
    if not economy.only_changes:
        reading = read_all(world.directory, now, "everything was asked for")
    elif earlier is None or earlier.directory is None:
        why = since if isinstance(since, str) else "the earlier look could not tell what changes"
        reading = read_all(world.directory, now, why)
    else:
        max_age = economy.rotation.max_age
        reading = catch_up(world.directory, earlier.directory, now, max_age)
    choice = _Choice(
        playbook=playbook,
        members=members,
        record=record.run_id if record else None,
        readings=earlier.readings if earlier else {},
        now=now,
        rotation=economy.rotation,
    )
    report = find_drift(
        playbook,
        members,
        replace(world, directory=reading.directory),
        record,
        tell,
        choose=choice,
    )
    wire, unproved = prove_sample(flows, playbook, world, tell)
    watermark = Watermark(
        playbook=playbook.name,
        domain=world.directory.names().domain,
        tool_version=__version__,
        directory=reading.mark(),
        readings=choice.readings_after(report, {host.name for host in world.inventory.hosts}),
    )
    return Look(
        report=replace(
            report,
            differences=(*report.differences, *wire),
            unknown=(*report.unknown, *unproved),
        ),
        watermark=watermark,
        whole=reading.whole,
        read_whole=reading.read_whole,
        chosen=choice.chosen,
    )


class _Choice:
    """Chooses the members when the directory has been read, and remembers who they were."""

    def __init__(
        self,
        *,
        playbook: Playbook,
        members: tuple[Host, ...],
        record: str | None,
        readings: Mapping[str, MemberReading],
        now: datetime,
        rotation: Rotation,
    ) -> None:
        self._members = members
        self.chosen = Chosen(hosts=members)
        self._playbook = playbook
        self._record = record
        self._readings = readings
        self._now = now
        self._rotation = rotation
        self._basis = ""
        self._accounts: Mapping[str, str] = {}

    def __call__(self, observed: Observed) -> tuple[Host, ...]:
        self._basis = basis_of(self._playbook, self._record, __version__, observed)
        found = {host.name: observed.computers.find(host.fqdn) for host in self._members}
        # A machine that has joined anew may bear the name of the old one, but not its SID.
        self._accounts = {
            name: f"{account.dn} {account.sid}" for name, account in found.items() if account
        }
        self.chosen = choose_members(
            self._members,
            readings=self._readings,
            accounts=self._accounts,
            basis=self._basis,
            now=self._now,
            rotation=self._rotation,
        )
        return self.chosen.hosts

    def readings_after(
        self, report: DriftReport, known: AbstractSet[str]
    ) -> dict[str, MemberReading]:
        """Give the last reading of every host that is known, those of this look included."""
        objects = {each.object for each in report.differences}
        objects |= {each.object for each in report.unknown}
        names = {each.name for each in report.differences}
        fresh = {
            host.name: MemberReading(
                at=self._now,
                account=self._accounts.get(host.name, ""),
                basis=self._basis,
                clean=objects.isdisjoint((host.name, host.fqdn)) and host.name not in names,
            )
            for host in self.chosen.hosts
        }
        every = {**self._readings, **fresh}
        return {name: reading for name, reading in every.items() if name in known}
