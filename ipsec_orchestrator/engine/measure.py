"""Asks members what they did about IPsec during the last hours; reads only.

Nothing here raises for a member's sake: what could not be read is part of what was measured.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from ipsec_orchestrator.errors import OrchestratorError
from ipsec_orchestrator.facts.history_answers import HISTORY, parse_history
from ipsec_orchestrator.facts.member_policy import SCRIPT as MEMBER_POLICY
from ipsec_orchestrator.facts.member_policy import parse_member_policy
from ipsec_orchestrator.facts.member_verdict import MemberOutcome, WantedOnMember, judge_member
from ipsec_orchestrator.model.inventory import Address, Host
from ipsec_orchestrator.model.measurement import MemberHistory
from ipsec_orchestrator.ports import World

Tell = Callable[[str], None]

_MAXIMUM_EVENTS: Final = 20_000
# A security log of a busy host is large, and reading it takes Windows a while.
_SECONDS: Final = 300.0


def measure_members(
    peers: Mapping[str, tuple[Address, ...]],
    wanted: WantedOnMember,
    world: World,
    *,
    seconds: int,
    tell: Tell,
) -> dict[str, MemberHistory]:
    """Ask members side by side.

    Args:
        peers: Addresses of the peers that are of interest, by the member's inventory name.
        wanted: The policy that they ought to have now.
        world: How they are reached.
        seconds: How far back to look.
        tell: Hears of every member.
    """
    hosts = [host for host in world.inventory.hosts if host.name in peers]

    def ask(host: Host) -> MemberHistory:
        return _with_history(_policy(host, wanted, world), host, peers[host.name], world, seconds)

    found: dict[str, MemberHistory] = {}
    for host, history in world.runner.each(ask, hosts):
        found[host.name] = history
        tell(f"measured {host.name} ({len(found)} of {len(hosts)})")
    return found


def _policy(host: Host, wanted: WantedOnMember, world: World) -> MemberHistory:
    try:
        answer = world.members.run(host, world.scripts(MEMBER_POLICY))
        verdict = judge_member(parse_member_policy(answer), wanted, None)
    except OrchestratorError as error:
        return MemberHistory(host=host.name, policy_reason=str(error))
    return MemberHistory(
        host=host.name,
        has_policy=verdict.outcome is MemberOutcome.DONE and verdict.enforced,
        policy_reason=verdict.reason,
        policy_cure=verdict.cure,
    )


def _with_history(
    known: MemberHistory, host: Host, peers: tuple[Address, ...], world: World, seconds: int
) -> MemberHistory:
    call = world.scripts(
        HISTORY,
        {
            "PeerAddresses": [str(peer) for peer in peers],
            "Seconds": seconds,
            "MaximumEvents": _MAXIMUM_EVENTS,
        },
        deadline_seconds=_SECONDS,
    )
    try:
        answer = parse_history(world.members.run(host, call))
    except OrchestratorError as error:
        return replace(known, associations_problem=str(error), events_problem=str(error))
    return replace(
        known,
        since=answer.time - timedelta(seconds=seconds),
        associations=answer.associations,
        associations_problem=answer.associations_problem,
        events=answer.events,
        events_problem=answer.events_problem,
        main_mode_audit=answer.main_mode_audit,
        quick_mode_audit=answer.quick_mode_audit,
        log_since=answer.log_since,
        is_cut_off=answer.is_cut_off,
    )
