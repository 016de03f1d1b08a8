"""From the policy that a member has read to what its guest enforces. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network

from ipsec_orchestrator.codec import AuthMethod
from ipsec_orchestrator.codec.constants import (
    ACTION_BLOCK,
    ACTION_INBOUND_PASS_THROUGH,
    ACTION_NEGOTIATE,
    ACTION_PERMIT,
    TYPE_DEFAULT_RESPONSE,
    InterfaceType,
)
from ipsec_orchestrator.lab.wire.guest_policy import (
    Child,
    Connection,
    Direction,
    GuestPolicy,
    KernelPolicy,
    Level,
    Transform,
)
from ipsec_orchestrator.lab.wire.member_policy import MemberPolicy, MemberRule
from ipsec_orchestrator.lab.wire.proposals import MainMode, QuickMode, main_mode, quick_mode
from ipsec_orchestrator.lab.wire.specific_filters import (
    SpecificFilter,
    specific_filters,
    undecided_pairs,
    unsupported,
)
from ipsec_orchestrator.lab.wire.stand_in import stand_in_key, stand_in_note
from ipsec_orchestrator.model.secret import Secret

SOFT_NOTE = (
    "Fallback to clear: packets go in clear until IKE has succeeded, as since Windows Vista, and"
    " clear packets are accepted; Windows would not go back to clear once a flow was secured."
)
_FIRST_PRIORITY = 1000


class _Effect(IntEnum):
    """What a rule does; where the order of filters is undecided, the smaller number goes first."""

    BLOCK = 0
    NEGOTIATE = 1
    PERMIT = 2


_EFFECTS = {
    ACTION_BLOCK: _Effect.BLOCK,
    ACTION_PERMIT: _Effect.PERMIT,
    ACTION_NEGOTIATE: _Effect.NEGOTIATE,
    ACTION_INBOUND_PASS_THROUGH: _Effect.NEGOTIATE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    number: int
    name: str
    effect: _Effect
    accepts_clear: bool
    quick: QuickMode
    auth: AuthMethod | None
    filters: tuple[SpecificFilter, ...]


def translate(
    policy: MemberPolicy,
    *,
    addresses: Sequence[IPv4Address],
    peers: Sequence[IPv4Address],
    key: Secret,
) -> GuestPolicy:
    """Translate a policy for one member.

    Args:
        policy: As the member has read it.
        addresses: All of the member.
        peers: All of the other stations on the wire. Security associations are made with these;
            where a filter covers other addresses too, nobody is there.
        key: Of this lab; what stands in for authentication is derived from it.
    """
    translation = _Translation(policy, tuple(addresses), tuple(peers), key)
    return translation.result()


class _Translation:
    def __init__(
        self,
        policy: MemberPolicy,
        addresses: tuple[IPv4Address, ...],
        peers: tuple[IPv4Address, ...],
        key: Secret,
    ) -> None:
        self._policy = policy
        self._addresses = addresses
        self._peers = tuple(peer for peer in peers if peer not in addresses)
        self._key = key
        self._notes: list[str] = []
        self._children: dict[tuple[object, ...], Child] = {}
        self._pairs: dict[tuple[IPv4Address, IPv4Address], tuple[AuthMethod, list[Child]]] = {}
        exchange = policy.key_exchange
        if exchange is None:
            self._main = MainMode(proposals=(), lifetime_seconds=0, notes=())
        else:
            self._main = main_mode(exchange)

    def result(self) -> GuestPolicy:
        # Names need not differ: rules of one filter action may have its name.
        numbered = enumerate(self._policy.rules)
        rules = [kept for at, rule in numbered if (kept := self._rule(at, rule)) is not None]
        ordered = sorted(
            ((found, rule) for rule in rules for found in rule.filters),
            key=lambda pair: ([-part for part in pair[0].rank], pair[1].effect),
        )
        self._say_undecided(ordered)
        policies: list[KernelPolicy] = []
        for index, (found, rule) in enumerate(ordered):
            # Two numbers each: for the stations that are there, and for all other addresses.
            policies += self._kernel_policies(found, rule, _FIRST_PRIORITY + 2 * index)
        connections = [
            Connection(
                local=local,
                remote=peer,
                proposals=self._main.proposals,
                lifetime_seconds=self._main.lifetime_seconds,
                key=stand_in_key(auth, self._key),
                children=tuple(children),
            )
            for (local, peer), (auth, children) in self._pairs.items()
        ]
        self._notes += [stand_in_note(auth) for auth, _ in self._pairs.values()]
        if connections:
            self._notes += self._main.notes
        return GuestPolicy(
            connections=tuple(connections),
            kernel_policies=tuple(policies),
            notes=tuple(dict.fromkeys(self._notes)),
        )

    def _rule(self, number: int, rule: MemberRule) -> _Rule | None:
        effect = _EFFECTS.get(rule.action)
        # Since Windows Vista the default response rule is ignored even where it is active.
        if not rule.nfa.is_active or rule.action_type == TYPE_DEFAULT_RESPONSE:
            return None
        reason = None
        if effect is None:
            reason = f"its action {rule.action} is unknown"
        elif rule.nfa.is_tunnel:
            reason = "it is a tunnel"
        elif rule.nfa.interface_type == InterfaceType.DIALUP:
            reason = "it is for dial-up connections only"
        if effect is None or reason is not None:
            self._notes.append(f"Rule {rule.name!r} is left out: {reason}.")
            return None
        quick = quick_mode(rule.negotiation, self._main)
        if effect is _Effect.NEGOTIATE:
            self._notes += quick.notes
            if not quick.proposals or not self._main.proposals:
                self._notes.append(
                    f"Rule {rule.name!r} has no methods that could be negotiated: it only blocks."
                )
            if quick.is_soft:
                self._notes.append(SOFT_NOTE)
        return _Rule(
            number=number,
            name=rule.name,
            effect=effect,
            accepts_clear=rule.action == ACTION_INBOUND_PASS_THROUGH,
            quick=quick,
            auth=rule.nfa.auth_methods[0] if rule.nfa.auth_methods else None,
            filters=tuple(self._filters(rule)),
        )

    def _filters(self, rule: MemberRule) -> Iterator[SpecificFilter]:
        filters = rule.filters
        if filters is None:
            return
        if filters.version_2 is not None:
            self._notes.append(f"Rule {rule.name!r}: its version 2 filters are left out.")
        for spec in filters.filters:
            reason = unsupported(spec)
            if reason is not None:
                self._notes.append(f"Rule {rule.name!r}: a filter is left out: {reason}.")
                continue
            yield from specific_filters(spec, self._addresses)

    def _kernel_policies(
        self, found: SpecificFilter, rule: _Rule, priority: int
    ) -> Iterator[KernelPolicy]:
        soft = rule.quick.is_soft
        inbound = found.direction is Direction.INBOUND
        passes_clear = soft or (inbound and rule.accepts_clear)
        if rule.effect is not _Effect.NEGOTIATE:
            blocked = rule.effect is _Effect.BLOCK
            yield _policy(found, rule, found.remote, priority + 1, blocked=blocked)
            return
        can_negotiate = rule.auth is not None and rule.quick.proposals and self._main.proposals
        for peer in self._peers if can_negotiate else ():
            if peer in found.remote:
                transform = Transform(
                    protocol=rule.quick.protocol,
                    request_id=self._child(found, rule, peer).request_id,
                    level=Level.OPTIONAL if passes_clear else Level.REQUIRED,
                )
                yield _policy(found, rule, IPv4Network(peer), priority, transform=transform)
        if found.remote.prefixlen < IPv4Network("0.0.0.0/32").prefixlen or not can_negotiate:
            yield _policy(found, rule, found.remote, priority + 1, blocked=not passes_clear)

    def _child(self, found: SpecificFilter, rule: _Rule, peer: IPv4Address) -> Child:
        key = (
            found.local,
            found.ip_protocol,
            found.local_port,
            found.remote_port,
            peer,
            rule.number,
        )
        if key in self._children:
            return self._children[key]
        child = Child(
            request_id=len(self._children) + 1,
            ip_protocol=found.ip_protocol,
            local_port=found.local_port,
            remote_port=found.remote_port,
            protocol=rule.quick.protocol,
            proposals=rule.quick.proposals,
            lifetime_seconds=rule.quick.lifetime_seconds,
            lifetime_bytes=rule.quick.lifetime_bytes,
        )
        self._children[key] = child
        if rule.auth is not None:
            auth, children = self._pairs.setdefault((found.local, peer), (rule.auth, []))
            children.append(child)
            if auth != rule.auth:
                self._notes.append(
                    f"Two rules authenticate {peer} differently: the more specific one's method"
                    " is taken, as there is one for each pair of computers."
                )
        return child

    def _say_undecided(self, ordered: Sequence[tuple[SpecificFilter, _Rule]]) -> None:
        effects = [
            (found, (rule.effect, rule.accepts_clear, rule.quick, rule.auth))
            for found, rule in ordered
        ]
        for first, second in undecided_pairs(effects):
            self._notes.append(
                f"Windows does not say which of two filters decides ({_shown(first)} or"
                f" {_shown(second)}); here it is the first."
            )


def _policy(
    found: SpecificFilter,
    rule: _Rule,
    remote: IPv4Network,
    priority: int,
    *,
    blocked: bool = False,
    transform: Transform | None = None,
) -> KernelPolicy:
    return KernelPolicy(
        direction=found.direction,
        local=found.local,
        remote=remote,
        ip_protocol=found.ip_protocol,
        local_port=found.local_port,
        remote_port=found.remote_port,
        priority=priority,
        rule=rule.name,
        is_blocked=blocked,
        transform=transform,
    )


def _shown(found: SpecificFilter) -> str:
    ports = f"{found.local_port or 'any'} to {found.remote_port or 'any'}"
    return (
        f"{found.direction} {found.local} with {found.remote},"
        f" protocol {found.ip_protocol or 'any'}, port {ports}"
    )
