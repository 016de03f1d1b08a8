"""Proving that what a playbook protects is really encrypted."""

from collections.abc import Generator
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Final

from ipsec_orchestrator.engine.prove import Proof, Tell, prove
from ipsec_orchestrator.engine.prove_order import Limits, ProofOrder, Service
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.flow import Flow
from ipsec_orchestrator.model.inventory import Host, Inventory
from ipsec_orchestrator.model.policy import Playbook, Policy
from ipsec_orchestrator.ports import World
from ipsec_orchestrator.proof.flows import (
    PROBE_PORT,
    control_flows,
    flows_of,
    is_unmatched,
    sample,
    second_paths,
)

CONTROL_PORT: Final = PROBE_PORT + 1
"""Where the control goes unless a port is named; a playbook that protects it is asked for one."""

REQUEST_SECONDS: Final = 20.0
"""Enough for a key exchange whose first packets are lost."""

_WHOLE_FRAME_BYTES: Final = 65_535
_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofWish:
    """What of a playbook is to be proved, and how.

    Attributes:
        pairs: (source, destination) names; both directions are proved; empty for all.
        count: About how many flows, chosen over all pairs of subnets; ``None`` for all.
        port: Only flows to this port, or the port of the control.
        control: Prove on an unprotected port instead that the method can say "clear".
        service: Who answers.
        keep_payload: Keep whole frames instead of headers.
        request_seconds: How long one request waits for its answer.
        guard_seconds: When hosts take everything away by themselves; ``None`` for what is needed.
    """

    pairs: tuple[tuple[str, str], ...] = ()
    count: int | None = None
    port: int | None = None
    control: bool = False
    service: Service = Service.TEMPORARY
    keep_payload: bool = False
    request_seconds: float = REQUEST_SECONDS
    guard_seconds: int | None = None

    @property
    def limits(self) -> Limits:
        """What it may cost."""
        limits = Limits(
            request_seconds=self.request_seconds,
            guard_seconds=self.guard_seconds or _needed_seconds(self.request_seconds),
        )
        return replace(limits, truncation_bytes=_WHOLE_FRAME_BYTES) if self.keep_payload else limits


def _needed_seconds(request_seconds: float) -> int:
    """Give what a proof may take on hosts that answer slowly, so that no guard cuts it short."""
    usual = Limits()
    more = max(0.0, request_seconds - usual.request_seconds)
    # Each request may wait to connect, to send and to receive.
    return usual.guard_seconds + int(3 * more * len(usual.request_sizes))


def wished_flows(
    playbook: Playbook,
    inventory: Inventory,
    hosts: tuple[Host, ...],
    wish: ProofWish,
) -> tuple[Flow, ...]:
    """Give the flows to prove, in inventory order.

    Raises:
        UsageError: There are none, and the sentence says why.
    """
    hosts = _of_pairs(hosts, wish)
    policy = assigned_policy(playbook)
    protected = flows_of(playbook, policy, hosts)
    found = tuple(flow for flow in protected if _is_wished(flow, wish))
    if wish.control:
        port = wish.port or CONTROL_PORT
        found = control_flows(found, port)
        # A named port may be protected: it is the control before the policy is assigned.
        if wish.port is None and not all(is_unmatched(playbook, policy, flow) for flow in found):
            raise UsageError(
                f"A filter of the playbook has a say over port {port}, so that it can't be the "
                "control.",
                cure="Name an unprotected port with --port.",
            )
    else:
        around = second_paths(playbook, policy, hosts, protected)
        found += tuple(flow for flow in around if _is_wished(flow, wish))
    if not wish.control and wish.port is not None:
        found = tuple(flow for flow in found if flow.port == wish.port)
    if not found:
        raise UsageError(
            _why_none(hosts, wish), cure="orchestrate prove --help says how to choose."
        )
    if wish.count is None:
        return found
    return sample(found, wish.count, [network.subnet for network in inventory.networks])


def assigned_policy(playbook: Playbook) -> Policy:
    """Give the policy that the playbook assigns, or the only one that it has.

    Raises:
        UsageError: It assigns none of several.
    """
    if playbook.assignment is not None:
        return next(found for found in playbook.policies if found.name == playbook.assignment)
    if len(playbook.policies) == 1:
        return playbook.policies[0]
    raise UsageError(
        f"The playbook {playbook.name} assigns no policy.",
        cure="Say under assignment which policy the members get.",
    )


def prove_flows(
    flows: tuple[Flow, ...],
    playbook: Playbook,
    wish: ProofWish,
    world: World,
    tell: Tell,
) -> Generator[Proof]:
    """Prove flows; verdicts come as they are ready. Stopping early leaves the hosts clean."""
    order = ProofOrder(
        policy=assigned_policy(playbook).name,
        new_id=lambda: token_hex(_ID_BYTES),
        service=wish.service,
        limits=wish.limits,
    )
    return prove(flows, order, world, tell)


def parse_pairs(text: str, inventory: Inventory) -> tuple[tuple[str, str], ...]:
    """Read pairs as the command line gives them: ``vm1:host1,vm2:host1``.

    Raises:
        UsageError: A word is no pair, or names a host that the inventory does not have.
    """
    found: list[tuple[str, str]] = []
    for word in text.split(","):
        names = [name.strip() for name in word.split(":")]
        hosts = [inventory.host(name) for name in names]
        if len(hosts) != 2 or names[0].casefold() == names[1].casefold():  # noqa: PLR2004 - a pair
            raise UsageError(f"{word!r} is no pair of hosts.", cure="Write it as vm1:host1.")
        for name, host in zip(names, hosts, strict=True):
            if host is None:
                raise UsageError(
                    f"The inventory has no host called {name!r}.",
                    cure="orchestrate hosts lists those that it has.",
                )
        found.append((names[0], names[1]))
    return tuple(found)


def _of_pairs(hosts: tuple[Host, ...], wish: ProofWish) -> tuple[Host, ...]:
    if not wish.pairs:
        return hosts
    wanted = {name.casefold() for pair in wish.pairs for name in pair}
    return tuple(host for host in hosts if host.name.casefold() in wanted)


def _is_wished(flow: Flow, wish: ProofWish) -> bool:
    wanted = {frozenset(name.casefold() for name in pair) for pair in wish.pairs}
    ends = frozenset((flow.source.casefold(), flow.destination.casefold()))
    return not wanted or ends in wanted


def _why_none(hosts: tuple[Host, ...], wish: ProofWish) -> str:
    without = [host.name for host in hosts if not host.addresses]
    if without:
        return f"No flow to prove: the inventory has no addresses for {', '.join(without)}."
    what = f" to port {wish.port}" if wish.port is not None and not wish.control else ""
    names = ", ".join(host.name for host in hosts) or "no hosts"
    return f"The policy protects no flow{what} between these hosts: {names}."
