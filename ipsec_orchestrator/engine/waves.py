"""The gate behind a wave: how its hosts came out, and whether the next one may begin."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ipsec_orchestrator.engine.health import Health
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.outcome import HostOutcome, MemberResult
from ipsec_orchestrator.model.steps import HealthStep, Step

INTERRUPTED = "somebody stopped the run while it waited"
_ALL_PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveVerdict:
    """What a gate says.

    Attributes:
        members: Hosts whose result is new: those that are not well after all.
        stop: Why the run ends here; ``None`` if it goes on.
        reason: How the wave came out, in a sentence.
    """

    members: tuple[MemberResult, ...]
    stop: str | None
    reason: str


def judge_wave(
    step: HealthStep,
    health: Health,
    known: Mapping[str, MemberResult],
    inventory: Inventory,
) -> WaveVerdict:
    """Put together what refreshing and looking showed.

    Args:
        step: The gate.
        health: What was seen.
        known: Results so far, by host.
        inventory: For the roles of hosts that had nothing to be refreshed.
    """
    changed = tuple(
        _ill(result or _unheard(host, step, inventory), reason, health)
        for host, reason in health.trouble.items()
        if (result := known.get(host)) is None or result.outcome is HostOutcome.DONE
    )
    return _verdict(step, {**known, **{result.host: result for result in changed}}, changed)


def judge_refresh(step: HealthStep, known: Mapping[str, MemberResult]) -> WaveVerdict:
    """Tell whether refreshing alone showed too much for waiting and looking to be worth while."""
    return _verdict(step, known, ())


def _verdict(
    step: HealthStep, results: Mapping[str, MemberResult], changed: tuple[MemberResult, ...]
) -> WaveVerdict:
    counted = {*step.hosts, *(result.host for result in changed)}
    failing = sorted(
        host
        for host in counted
        if (result := results.get(host)) is not None and result.outcome is not HostOutcome.DONE
    )
    well = sum(host not in failing for host in step.hosts)
    reason = f"wave {step.wave} of {step.waves}: {well} of {len(step.hosts)} hosts are well"
    if not failing:
        return WaveVerdict(members=changed, stop=None, reason=reason)
    reason = f"{reason}; not well: {', '.join(failing)}"
    too_many = len(failing) * _ALL_PERCENT > step.failure_share_percent * len(step.hosts)
    stop = (
        f"{reason}. That is more than {step.failure_share_percent}% of the wave"
        if too_many
        else None
    )
    return WaveVerdict(members=changed, stop=stop, reason=reason)


def _ill(known: MemberResult, reason: str, health: Health) -> MemberResult:
    """Give the result of a host that seemed well and is not."""
    host = known.host
    return replace(
        known,
        outcome=HostOutcome.FAILED if host in health.policies else HostOutcome.UNKNOWN,
        policy=health.policies.get(host, known.policy),
        enforced=health.enforcing.get(host),
        reason=reason,
        cure=f"Find out with: orchestrate show --host {host}",
    )


def _unheard(host: str, step: HealthStep, inventory: Inventory) -> MemberResult:
    """Give what is known of a host that had nothing to be refreshed."""
    found = inventory.host(host)
    return MemberResult(
        host=host,
        role=found.role.value if found else "",
        outcome=HostOutcome.DONE,
        policy=None,
        enforced=None,
        reason="",
        wave=step.wave,
    )


def in_waves(steps: Iterable[Step]) -> bool:
    """Tell whether a plan goes on although some members are not done, as far as its gates let it."""
    return any(isinstance(step, HealthStep) for step in steps)
