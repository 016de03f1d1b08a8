"""Looks whether a wave is well: its hosts, and the connections that have to work.

Whatever fails is looked at again a few times before it counts: IPsec coming up resets connections,
and the first key exchange may take longer than a connection waits.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar
from uuid import UUID

from ipsec_orchestrator.engine.observer import Observer
from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.facts.member_policy import MemberObservation, parse_member_policy
from ipsec_orchestrator.facts.probed_services import (
    ANSWERED,
    ProbedService,
    parse_probed_services,
)
from ipsec_orchestrator.model.json import Json
from ipsec_orchestrator.model.steps import ConnectionCheck, HealthStep
from ipsec_orchestrator.ports import Clock, World

# Shares of the patience between the looks at what failed: what is only slow costs little.
_PAUSES = (1 / 12, 1 / 4, 2 / 3)
_LOOK_SECONDS = 60.0
_ENFORCING = ("PolicyAgent", "IKEEXT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What was seen of a wave.

    Attributes:
        trouble: Hosts that are not well, and why.
        policies: Name of the policy that a host was seen to have, ``None`` for none.
        enforcing: Whether the services run, by host.
    """

    trouble: Mapping[str, str]
    policies: Mapping[str, str | None]
    enforcing: Mapping[str, bool]


def check_wave(step: HealthStep, world: World, observer: Observer) -> Health:
    """Look at everything that a health step names; waiting before it is not done here."""
    seen: dict[str, MemberObservation] = {}
    hosts = step.hosts if step.policy or step.services or step.management else ()
    patience = _Patience(step.patience_seconds, world.clock, observer)
    trouble = _repeated(
        hosts, lambda left: _look_at_hosts(left, step, world, seen), str, patience=patience
    )
    by_connection = _repeated(
        step.connections,
        lambda left: _try_connections(left, world),
        attrgetter("source"),
        patience=patience,
    )
    for check, reason in by_connection.items():
        blamed = _blamed(check, step)
        trouble[blamed] = f"{trouble[blamed]} {reason}" if blamed in trouble else reason
    return Health(
        trouble=trouble,
        policies={host: _policy_name(found) for host, found in seen.items()},
        enforcing={host: not _stopped(found) for host, found in seen.items()},
    )


_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class _Patience:
    seconds: int
    clock: Clock
    observer: Observer


def _repeated(
    items: Iterable[_Item],
    look: Callable[[list[_Item]], dict[_Item, str]],
    host_of: Callable[[_Item], str],
    *,
    patience: _Patience,
) -> dict[_Item, str]:
    """Look, and look again at what fails; give what is still wrong at the end."""
    failing = look(list(items))
    for share in _PAUSES:
        if not failing or not patience.seconds:
            break
        for item, reason in failing.items():
            patience.observer.member_says(host_of(item), f"looking again: {reason}")
        patience.clock.wait(share * patience.seconds)
        failing = look(list(failing))
    return failing


def _look_at_hosts(
    names: Iterable[str],
    step: HealthStep,
    world: World,
    seen: dict[str, MemberObservation],
) -> dict[str, str]:
    def look(name: str) -> str | None:
        host = world.inventory.host(name)
        if host is None:
            return "The inventory does not have this host any more."
        call = world.scripts("member_policy", deadline_seconds=_LOOK_SECONDS)
        try:
            # Every call is a connection of its own.
            found = parse_member_policy(world.members.run(host, call))
        except OrchestratorError as error:
            return f"It did not answer on a new connection: {error}"
        seen[name] = found
        return _judged(found, step)

    return {name: reason for name, reason in world.runner.each(look, names) if reason}


def _judged(found: MemberObservation, step: HealthStep) -> str | None:
    if step.policy is not None:
        assigned = found.assigned
        if assigned is None:
            return "It has no policy any more."
        if assigned.policy_id != UUID(step.policy.strip("{}")):
            return f"It has another policy: {assigned.name or assigned.path}."
    stopped = _stopped(found)
    if step.services and stopped:
        return f"Assigned, not enforced: {' and '.join(stopped)} stopped."
    return None


def _stopped(found: MemberObservation) -> list[str]:
    return [
        name
        for name in _ENFORCING
        if (service := found.services.get(name)) is None or not service.running
    ]


def _policy_name(found: MemberObservation) -> str | None:
    return None if found.assigned is None else found.assigned.name or found.assigned.path


def _try_connections(checks: Iterable[ConnectionCheck], world: World) -> dict[ConnectionCheck, str]:
    by_source: dict[str, list[ConnectionCheck]] = {}
    for check in checks:
        by_source.setdefault(check.source, []).append(check)

    def attempt(source: str) -> dict[ConnectionCheck, str]:
        return _from_host(source, by_source[source], world)

    failing: dict[ConnectionCheck, str] = {}
    for _, found in world.runner.each(attempt, by_source):
        failing |= found
    return failing


def _from_host(
    source: str, checks: list[ConnectionCheck], world: World
) -> dict[ConnectionCheck, str]:
    host = world.inventory.host(source)
    if host is None:
        return dict.fromkeys(checks, "The inventory does not have this host any more.")
    wanted = [_question(check) for check in checks]
    call = world.scripts(
        "probe_services", {"Checks": list[Json](wanted)}, deadline_seconds=_LOOK_SECONDS
    )
    try:
        found = {each.check: each for each in parse_probed_services(world.members.run(host, call))}
    except OrchestratorError as error:
        return {check: f"{check.name} could not be tried: {error}" for check in checks}
    failing: dict[ConnectionCheck, str] = {}
    for check, question in zip(checks, wanted, strict=True):
        reason = _wrong_with(check, found.get(question))
        if reason:
            failing[check] = reason
    return failing


def _question(check: ConnectionCheck) -> str:
    return f"http {check.url}" if check.url else f"tcp {check.address} {check.port}"


def _wrong_with(check: ConnectionCheck, found: ProbedService | None) -> str | None:
    where = check.url or f"{check.target or check.address} port {check.port}"
    what = f"{check.name} (from {check.source} to {where})"
    if found is None:
        return f"{what} was not tried."
    if found.result != ANSWERED:
        return f"{what} fails: {found.reason}."
    if check.status is not None and found.status != check.status:
        return f"{what} answers with status {found.status}, not {check.status}."
    return None


def _blamed(check: ConnectionCheck, step: HealthStep) -> str:
    """Give the host of the wave that a connection is about; the one that tries it if none is."""
    return next((host for host in (check.source, check.target) if host in step.hosts), check.source)
