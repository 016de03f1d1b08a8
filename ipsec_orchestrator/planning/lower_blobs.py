"""From the administrator's words to the values inside ``ipsecData``."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network
from typing import assert_never
from uuid import UUID

from ipsec_orchestrator.codec import (
    AlgorithmOffer,
    AuthMethod,
    FilterSpec,
    IpsecFilter,
    IpsecPolicy,
    IsakmpMethod,
    IsakmpPolicy,
    NegotiationPolicy,
    Nfa,
    SecurityOffer,
    WideString,
    constants,
)
from ipsec_orchestrator.errors import PlanError
from ipsec_orchestrator.model.policy import (
    Authentication,
    Cipher,
    ConnectionType,
    DhGroup,
    Endpoint,
    Filter,
    FilterAction,
    FilterActionKind,
    FilterList,
    Integrity,
    KeyExchange,
    KeyExchangeMethod,
    NamedEndpoint,
    Policy,
    Rule,
    SecurityMethod,
)

CIPHERS = {
    Cipher.NONE: constants.Cipher.NONE,
    Cipher.DES: constants.Cipher.DES,
    Cipher.TRIPLE_DES: constants.Cipher.TRIPLE_DES,
}
INTEGRITIES = {
    Integrity.NONE: constants.Integrity.NONE,
    Integrity.MD5: constants.Integrity.MD5,
    Integrity.SHA1: constants.Integrity.SHA1,
}
INTERFACES = {
    ConnectionType.ALL: constants.InterfaceType.ALL,
    ConnectionType.LAN: constants.InterfaceType.LAN,
    ConnectionType.DIAL_UP: constants.InterfaceType.DIALUP,
}
OAKLEY_GROUPS = {
    DhGroup.GROUP_1: constants.OakleyGroup.GROUP_1,
    DhGroup.GROUP_2: constants.OakleyGroup.GROUP_2,
    # netsh on Windows 11 leaves the group at 2 and says DH2048 in Random-Function (golden blob).
    DhGroup.GROUP_14: constants.OakleyGroup.GROUP_2,
}
# Random-Function: a whole method with group 14 in one number [MS-GPIPSEC] 2.2.1.2.1.
GROUP_14_OVERRIDES = {
    (Cipher.DES, Integrity.MD5): constants.MethodOverride.DES_MD5_GROUP_14,
    (Cipher.DES, Integrity.SHA1): constants.MethodOverride.DES_SHA1_GROUP_14,
    (Cipher.TRIPLE_DES, Integrity.MD5): constants.MethodOverride.TRIPLE_DES_MD5_GROUP_14,
    (Cipher.TRIPLE_DES, Integrity.SHA1): constants.MethodOverride.TRIPLE_DES_SHA1_GROUP_14,
}
ACTIONS = {
    FilterActionKind.BLOCK: constants.ACTION_BLOCK,
    FilterActionKind.PERMIT: constants.ACTION_PERMIT,
    FilterActionKind.NEGOTIATE: constants.ACTION_NEGOTIATE,
}
# What netsh and the snap-in write for the default response rule on every Windows since Vista
# (golden blob of 185 bytes): ESP 3DES/SHA1, then AH SHA1.
DEFAULT_RESPONSE_ACTION = NegotiationPolicy(
    offers=(
        SecurityOffer(
            algorithms=(
                AlgorithmOffer(
                    protocol=constants.SecurityProtocol.ESP,
                    algorithm=constants.Cipher.TRIPLE_DES,
                    integrity=constants.Integrity.SHA1,
                ),
            ),
        ),
        SecurityOffer(
            algorithms=(
                AlgorithmOffer(
                    protocol=constants.SecurityProtocol.AH,
                    algorithm=constants.Integrity.SHA1,
                ),
            ),
        ),
    ),
)


def policy_value(policy: Policy) -> IpsecPolicy:
    """Lower the policy's own settings."""
    return IpsecPolicy(polling_interval_seconds=policy.polling_interval_seconds)


def key_exchange_value(exchange: KeyExchange, instance_id: UUID) -> IsakmpPolicy:
    """Lower the key exchange settings."""
    # Master PFS means a new main mode for every quick mode; netsh sets the limit with it.
    limit = 1 if exchange.pfs else exchange.quick_modes_per_main_mode
    return IsakmpPolicy(
        instance_id=instance_id,
        methods=tuple(
            _main_mode_method(method, exchange.lifetime_seconds) for method in exchange.methods
        ),
        master_pfs_required=int(exchange.pfs),
        quick_mode_limit=limit,
        lifetime_seconds=exchange.lifetime_seconds,
    )


def _main_mode_method(method: KeyExchangeMethod, lifetime_seconds: int) -> IsakmpMethod:
    override = (
        GROUP_14_OVERRIDES[(method.cipher, method.integrity)]
        if method.group is DhGroup.GROUP_14
        else constants.MethodOverride.NONE
    )
    return IsakmpMethod(
        encryption=CIPHERS[method.cipher],
        integrity=INTEGRITIES[method.integrity],
        oakley_group=OAKLEY_GROUPS[method.group],
        override=override,
        lifetime_seconds=lifetime_seconds,
    )


def rule_value(rule: Rule | None, *, default_response: bool) -> Nfa:
    """Lower a rule; without one, the default response rule, inactive unless asked for."""
    if rule is None:
        return Nfa.modern(auth_methods=(AuthMethod.kerberos(),), is_active=default_response)
    return Nfa.modern(
        auth_methods=tuple(_authentication(method) for method in rule.authentication),
        interface_type=INTERFACES[rule.connection_type],
        is_active=rule.active,
    )


def _authentication(method: Authentication) -> AuthMethod:
    match method:
        case Authentication.KERBEROS:
            return AuthMethod.kerberos()
        case _:
            assert_never(method)


def action_guid(action: FilterAction) -> UUID:
    """Give the ``iPSECNegotiationPolicyAction`` of a filter action."""
    if action.kind is FilterActionKind.NEGOTIATE and action.accept_unsecured:
        return constants.ACTION_INBOUND_PASS_THROUGH
    return ACTIONS[action.kind]


def negotiation_value(action: FilterAction) -> NegotiationPolicy:
    """Lower a filter action's security methods."""
    offers = [
        _offer(method, pfs=action.pfs and index == 0) for index, method in enumerate(action.methods)
    ]
    if action.allow_fallback:
        # A last offer without algorithms allows falling back to clear text ("soft").
        offers.append(SecurityOffer(algorithms=()))
    return NegotiationPolicy(offers=tuple(offers))


def _offer(method: SecurityMethod, *, pfs: bool) -> SecurityOffer:
    algorithms: list[AlgorithmOffer] = []
    if method.ah is not None:
        algorithms.append(
            AlgorithmOffer(
                protocol=constants.SecurityProtocol.AH,
                algorithm=INTEGRITIES[method.ah],
            ),
        )
    if method.esp is not None:
        algorithms.append(
            AlgorithmOffer(
                protocol=constants.SecurityProtocol.ESP,
                algorithm=CIPHERS[method.esp[0]],
                integrity=INTEGRITIES[method.esp[1]],
            ),
        )
    return SecurityOffer(
        algorithms=tuple(algorithms),
        lifetime_seconds=method.lifetime_seconds,
        lifetime_kilobytes=method.lifetime_kilobytes,
        # PFS-QM-Required: 1 turns it on. The specification's table says the opposite, every
        # writer that was observed says 1, and only the first offer is read.
        pfs=int(pfs),
    )


def filters_value(filter_list: FilterList, id_of_filter: Callable[[int], UUID]) -> IpsecFilter:
    """Lower a filter list; ``id_of_filter`` gives the GUID of the filter at an index.

    Raises:
        PlanError: A filter needs IPv6, whose stored form is not proved.
    """
    return IpsecFilter(
        filters=tuple(
            _filter(wanted, id_of_filter(index), filter_list.name)
            for index, wanted in enumerate(filter_list.filters)
        ),
    )


def _filter(wanted: Filter, guid: UUID, list_name: str) -> FilterSpec:
    source, source_mask = _endpoint(wanted.source, list_name)
    destination, destination_mask = _endpoint(wanted.destination, list_name)
    return FilterSpec(
        id=guid,
        source=source,
        source_mask=source_mask,
        destination=destination,
        destination_mask=destination_mask,
        protocol=wanted.protocol,
        source_port=wanted.source_port,
        destination_port=wanted.destination_port,
        mirrored=int(wanted.mirrored),
        description=WideString.of(wanted.description) if wanted.description else WideString(),
    )


def _endpoint(endpoint: Endpoint, list_name: str) -> tuple[IPv4Address, IPv4Address]:
    """Give address and mask; "me" is 0.0.0.0/255.255.255.255, "any" is 0.0.0.0/0.0.0.0."""
    zero = IPv4Address(0)
    match endpoint:
        case NamedEndpoint.ME:
            return zero, IPv4Address(0xFFFFFFFF)
        case NamedEndpoint.ANY:
            return zero, zero
        case IPv4Address():
            return endpoint, IPv4Address(0xFFFFFFFF)
        case IPv4Network():
            return endpoint.network_address, endpoint.netmask
        case _:
            raise PlanError(
                f"Filter list {list_name!r}: {endpoint} is an IPv6 address.",
                cure="Use IPv4 filters; the stored form of IPv6 filters is not proved.",
            )
