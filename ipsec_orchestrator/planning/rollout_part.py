"""The waves of a plan: who may apply the GPO when, who is refreshed, and the gate behind each wave."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ipsec_orchestrator.codec.gpo_filtering import MOST_COMPUTERS, sorted_sids
from ipsec_orchestrator.codec.selectors import select
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.errors import PlanError
from ipsec_orchestrator.facts.computers import ObservedComputers
from ipsec_orchestrator.facts.gpo import read_filtering
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.plan import Action, Change, FieldChange
from ipsec_orchestrator.model.policy import GpoVia
from ipsec_orchestrator.model.rollout import OnFailure, Rollout, ServiceWish
from ipsec_orchestrator.model.stages import Stage
from ipsec_orchestrator.model.steps import (
    ConnectionCheck,
    FilteringStep,
    HealthStep,
    MemberStep,
    Step,
    TemplateAccessStep,
)
from ipsec_orchestrator.planning.draft import Draft
from ipsec_orchestrator.planning.gpo_part import GpoTarget
from ipsec_orchestrator.planning.waves import Wave

WAVE = "wave"
_NAMES_SHOWN = 8
_ENDINGS = {
    OnFailure.STOP: "stop, the waves so far keep it",
    OnFailure.ROLLBACK: "take back what the run did",
}

RefreshOf = Callable[[tuple[Host, ...]], Draft]
"""Gives changes and member steps of some hosts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """What the waves of one plan have in common.

    Attributes:
        rollout: The playbook's word.
        target: The GPO that is narrowed.
        via: How its files are reached.
        waves: The waves; hosts that are not asked are left out of them already.
        count: How many waves there are of all members.
        inventory: For the connections that have to work.
        accounts: Computer accounts in the scope of the OU.
        policy: ``ipsecID`` of the policy that members are to have.
    """

    rollout: Rollout
    target: GpoTarget
    via: GpoVia
    waves: tuple[Wave, ...]
    count: int
    inventory: Inventory
    accounts: ObservedComputers
    policy: str | None

    @property
    def standing(self) -> tuple[str, ...] | None:
        """The computers that alone may apply the GPO now; ``None`` if it is not narrowed."""
        return standing_of(self.target)

    def accounts_of(self, wave: Wave) -> tuple[str, ...]:
        """Give the accounts of a wave's hosts.

        Raises:
            PlanError: A host has none in the OU.
        """
        found = {host.name: self.accounts.find(host.fqdn) for host in wave.hosts}
        missing = [name for name, account in found.items() if account is None or not account.sid]
        if missing:
            raise PlanError(
                f"{', '.join(missing)}: no computer account in the OU of the GPO, so wave "
                f"{wave.number} can't be made of it.",
                cure="Move the accounts into the OU, or leave the hosts out of members.",
            )
        return tuple(account.sid for account in found.values() if account and account.sid)


def standing_of(target: GpoTarget) -> tuple[str, ...] | None:
    """Give the computers that alone may apply a GPO; ``None`` if it is new or not narrowed."""
    if target.observed is None:
        return None
    computers = read_filtering(target.observed.entry).computers
    return None if computers is None else tuple(str(sid) for sid in computers)


def first_narrowing(rolling: Rolling) -> Draft:
    """Plan the narrowing that has to be in force before the GPO can reach anybody."""
    if rolling.standing is not None:
        return Draft()
    whom = _named(rolling.waves[0], rolling)
    return Draft(steps=_narrowing(rolling.target, rolling.via, None, opened(rolling, 0), whom=whom))


def opened(rolling: Rolling, place: int) -> tuple[str, ...]:
    """Give the accounts that may apply the GPO from the wave at a place on.

    Raises:
        PlanError: A host has no account, or they are more than an access control list holds.
    """
    texts = {
        *(rolling.standing or ()),
        *(sid for wave in rolling.waves[: place + 1] for sid in rolling.accounts_of(wave)),
    }
    if len(texts) > MOST_COMPUTERS:
        raise PlanError(
            f"The waves up to {rolling.waves[place].number} have {len(texts)} computers, and the "
            f"permissions of one GPO hold {MOST_COMPUTERS}.",
            cure="Divide the members over several OUs and playbooks.",
        )
    return tuple(str(sid) for sid in sorted_sids(Sid.parse(text) for text in texts))


def _narrowing(
    target: GpoTarget,
    via: GpoVia,
    before: tuple[str, ...] | None,
    after: tuple[str, ...] | None,
    *,
    whom: str,
) -> tuple[Step, ...]:
    """Give the two steps that change who may apply the GPO; none if nothing changes."""
    if before == after:
        return ()
    return (
        FilteringStep(
            stage=Stage.WAVES,
            title=f"let the GPO reach {whom}",
            dn=target.dn,
            before=before,
            after=after,
        ),
        TemplateAccessStep(
            stage=Stage.WAVES,
            title=f"the same in SYSVOL: {whom}",
            dn=target.dn,
            gpo_id=target.gpo_id,
            via=via,
            before=before,
            after=after,
        ),
    )


def plan_waves(rolling: Rolling, refresh: RefreshOf) -> Draft:
    """Plan one wave after another; the GPO is narrowed to the first already, or to more.

    A wave that is open, that needs nothing and behind which another one is open has passed its
    gate in an earlier run.
    """
    whole = Draft()
    reached: tuple[str, ...] | None = rolling.standing
    if reached is None:
        reached = opened(rolling, 0)
    for place, wave in enumerate(rolling.waves):
        now = opened(rolling, place)
        steps = _narrowing(rolling.target, rolling.via, reached, now, whom=_named(wave, rolling))
        found = refresh(wave.hosts)
        members = tuple(
            replace(step, wave=wave.number) if isinstance(step, MemberStep) else step
            for step in found.steps
        )
        gate: tuple[Step, ...] = ()
        if steps or members or not _is_open(rolling, place + 1):
            gate = (_gate(rolling, place),)
        whole += Draft(
            changes=(
                _wave_change(rolling, place, needed=bool(gate)),
                *(_in_wave(change, wave) for change in found.changes),
            ),
            steps=(*steps, *members, *gate),
            warnings=found.warnings,
        )
        reached = now
    return whole


def _in_wave(change: Change, wave: Wave) -> Change:
    """Give the change of a member with the number of its wave."""
    return replace(
        change,
        fields=(*change.fields, FieldChange(field=WAVE, old=None, new=str(wave.number))),
    )


def plan_widening(target: GpoTarget, via: GpoVia, before: tuple[str, ...]) -> Draft:
    """Plan the last step: the GPO is for everybody for whom it was before the waves."""
    steps = _narrowing(target, via, before, None, whom="whom it reached before the waves")
    change = Change(
        stage=Stage.WAVES,
        action=Action.CHANGE,
        kind="security filtering",
        name=target.dn.partition(",")[0].removeprefix("CN="),
        object=target.dn,
        fields=(
            FieldChange(field="may apply the GPO", old="the waves", new="as before the waves"),
        ),
    )
    return Draft(changes=(change,), steps=steps)


def _is_open(rolling: Rolling, place: int) -> bool:
    """Tell whether an earlier run has opened the GPO for the wave at a place."""
    if place >= len(rolling.waves):
        return False
    wave = rolling.waves[place]
    standing = set(rolling.standing or ())
    return bool(standing.intersection(rolling.accounts_of(wave)))


def _gate(rolling: Rolling, place: int) -> HealthStep:
    rollout, wave = rolling.rollout, rolling.waves[place]
    last = place == len(rolling.waves) - 1
    wait = 0 if last else rollout.wait_seconds
    whom = _named(wave, rolling)
    first = f"wait {duration(wait)}, then look" if wait else "look"
    return HealthStep(
        stage=Stage.WAVES,
        title=f"{first} whether {whom} is well",
        wave=wave.number,
        waves=rolling.count,
        hosts=tuple(host.name for host in wave.hosts),
        wait_seconds=wait,
        policy=rolling.policy if rollout.health.policy else None,
        services=rollout.health.services,
        management=rollout.health.management,
        connections=_connections(rolling, place),
        patience_seconds=rollout.health.patience_seconds,
        failure_share_percent=rollout.failure_share_percent,
        on_failure=rollout.on_failure,
    )


def _connections(rolling: Rolling, place: int) -> tuple[ConnectionCheck, ...]:
    """Give the connections that concern a host of this wave or of one before."""
    reached = {host.name for wave in rolling.waves[: place + 1] for host in wave.hosts}
    return tuple(
        check
        for wish in rolling.rollout.health.connections
        for check in _checks(wish, rolling.inventory)
        if check.source in reached or check.target in reached
    )


def _checks(wish: ServiceWish, inventory: Inventory) -> Iterable[ConnectionCheck]:
    target = inventory.host(wish.target) if wish.target else None
    for source in select(inventory, wish.source):
        yield ConnectionCheck(
            name=wish.name,
            source=source.name,
            target=target.name if target else "",
            address="" if target is None else str(next(iter(target.addresses), target.fqdn)),
            port=wish.port,
            url=wish.url,
            status=wish.status,
        )


def _wave_change(rolling: Rolling, place: int, *, needed: bool) -> Change:
    wave, rollout = rolling.waves[place], rolling.rollout
    last = place == len(rolling.waves) - 1
    looks = [
        word
        for word, wanted in (
            ("policy", rollout.health.policy),
            ("services", rollout.health.services),
            ("management port", rollout.health.management),
        )
        if wanted
    ]
    looks += sorted({check.name for check in _connections(rolling, place)})
    wait = f"wait {duration(rollout.wait_seconds)}, " if rollout.wait_seconds and not last else ""
    fields = (
        FieldChange(field="hosts", old=None, new=_listed([host.name for host in wave.hosts])),
        FieldChange(field="then", old=None, new=f"{wait}look at {', '.join(looks) or 'nothing'}"),
        FieldChange(
            field=f"if more than {rollout.failure_share_percent}% of it fails",
            old=None,
            new=_ENDINGS[rollout.on_failure],
        ),
    )
    return Change(
        stage=Stage.WAVES,
        action=Action.CREATE if needed else Action.UNCHANGED,
        kind=WAVE,
        name=_number(wave, rolling),
        object=rolling.target.dn,
        fields=fields if needed else (),
        reason="" if needed else "An earlier run has reached it and found it well.",
    )


def _number(wave: Wave, rolling: Rolling) -> str:
    word = " (canaries)" if wave.canaries else ""
    return f"{wave.number} of {rolling.count}{word}"


def _named(wave: Wave, rolling: Rolling) -> str:
    return f"wave {_number(wave, rolling)}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_NAMES_SHOWN])
    more = len(names) - _NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def duration(seconds: int) -> str:
    """Write a duration as playbooks do: ``90s``, ``10m``, ``1h30m``."""
    parts = (
        (seconds // 86_400, "d"),
        (seconds % 86_400 // 3_600, "h"),
        (seconds % 3_600 // 60, "m"),
        (seconds % 60, "s"),
    )
    return "".join(f"{amount}{unit}" for amount, unit in parts if amount) or "0s"
