"""From the administrator's words to directory objects: the one place where the two meet.

Object ids are derived from what the objects store, so that the same playbook always gives the
same objects and a changed one gives a new set beside the old.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid5

from ipsec_orchestrator import codec
from ipsec_orchestrator.codec import constants
from ipsec_orchestrator.model.directory import Attributes
from ipsec_orchestrator.model.policy import FilterAction, FilterList, Playbook, Policy, Rule
from ipsec_orchestrator.planning.desired import (
    CLASS_OF_KIND,
    DEFAULT_RESPONSE_NAME,
    IP_SECURITY_CONTAINER,
    DesiredObject,
    DesiredPolicy,
    ObjectKind,
    guid_text,
    marker,
)
from ipsec_orchestrator.planning.lower_blobs import (
    DEFAULT_RESPONSE_ACTION,
    action_guid,
    filters_value,
    key_exchange_value,
    negotiation_value,
    policy_value,
    rule_value,
)
from ipsec_orchestrator.planning.sharing import components, first_owner

# Chosen once for this program; every derived id hangs on it.
NAMESPACE = UUID("5d0e3c4e-9a57-5f6f-8c2b-3f1f0a4d7e21")


def _key(*parts: str) -> str:
    """Join the names that make an object's key; no name holds the separator, so none collide."""
    return "\0".join(parts)


@dataclass(frozen=True, slots=True)
class _Names:
    """What the builder needs to know of its surroundings."""

    playbook: Playbook
    domain_dn: str
    salt: str

    def id_of(self, key: str) -> UUID:
        return uuid5(NAMESPACE, self.salt + key)

    def dn(self, kind: ObjectKind, key: str) -> str:
        guid = guid_text(self.id_of(key))
        return f"CN={CLASS_OF_KIND[kind]}{guid},{IP_SECURITY_CONTAINER},{self.domain_dn}"


def lower(playbook: Playbook, domain_dn: str) -> tuple[DesiredPolicy, ...]:
    """Give the objects of every policy of the playbook, in the order in which they are added."""
    policies: list[DesiredPolicy] = []
    for component in components(playbook):
        draft = _build(component, _Names(playbook, domain_dn, ""))
        salt = f"{domain_dn.casefold()}\n{playbook.name}\n{_digest(draft)}\n"
        policies += _build(component, _Names(playbook, domain_dn, salt))
    return tuple(policies)


def _digest(policies: Iterable[DesiredPolicy]) -> str:
    """Digest what the objects store; ids in it are drafts and depend on names alone."""
    digest = sha256()
    for policy in policies:
        for wanted in policy.objects:
            digest.update(wanted.dn.encode())
            for name, values in wanted.complete.items():
                digest.update(b"\0" + name.encode() + b"\0" + b"\0".join(values))
    return digest.hexdigest()


def _build(policies: Iterable[Policy], names: _Names) -> list[DesiredPolicy]:
    policies = list(policies)
    lists_by_owner = first_owner(policies, lambda rule: rule.filter_list)
    actions_by_owner = first_owner(policies, lambda rule: rule.filter_action)
    return [
        _policy(
            policy,
            policies,
            names,
            own_lists=[name for name, owner in lists_by_owner.items() if owner == policy.name],
            own_actions=[name for name, owner in actions_by_owner.items() if owner == policy.name],
        )
        for policy in policies
    ]


def _policy(
    policy: Policy,
    sharing: list[Policy],
    names: _Names,
    *,
    own_lists: list[str],
    own_actions: list[str],
) -> DesiredPolicy:
    key = _key("policy", policy.name)
    dn = names.dn(ObjectKind.POLICY, key)
    exchange_key = _key("key exchange", policy.name)
    default_rule_key = _key("default response rule", policy.name)
    default_action_key = _key("default response action", policy.name)
    default_rule_dn = names.dn(ObjectKind.RULE, default_rule_key)
    rule_dns = [names.dn(ObjectKind.RULE, _rule_key(policy, rule)) for rule in policy.rules]
    objects = [
        _object(
            names,
            ObjectKind.POLICY,
            key,
            name=policy.name,
            description=policy.description,
            blob=policy_value(policy),
            references={
                "ipsecISAKMPReference": [names.dn(ObjectKind.KEY_EXCHANGE, exchange_key)],
                "ipsecNFAReference": [default_rule_dn, *rule_dns],
            },
        ),
        _object(
            names,
            ObjectKind.KEY_EXCHANGE,
            exchange_key,
            name=policy.name,
            unnamed=True,
            blob=key_exchange_value(policy.key_exchange, names.id_of(exchange_key)),
            owners=[dn],
        ),
        _object(
            names,
            ObjectKind.RULE,
            default_rule_key,
            name=DEFAULT_RESPONSE_NAME,
            unnamed=True,
            blob=rule_value(None, default_response=policy.default_response),
            owners=[dn],
            references={
                "ipsecNegotiationPolicyReference": [
                    names.dn(ObjectKind.FILTER_ACTION, default_action_key),
                ],
            },
        ),
        *(_rule(policy, rule, names, dn) for rule in policy.rules),
        _object(
            names,
            ObjectKind.FILTER_ACTION,
            default_action_key,
            name=DEFAULT_RESPONSE_NAME,
            unnamed=True,
            blob=DEFAULT_RESPONSE_ACTION,
            owners=[default_rule_dn],
            action=(constants.ACTION_NEGOTIATE, constants.TYPE_DEFAULT_RESPONSE),
        ),
        *(
            _action(names.playbook.filter_action(name), names, _owners(name, sharing, names))
            for name in own_actions
        ),
        *(
            _list(names.playbook.filter_list(name), names, _list_owners(name, sharing, names))
            for name in own_lists
        ),
    ]
    return DesiredPolicy(
        name=policy.name,
        description=policy.description,
        object_id=names.id_of(key),
        dn=dn,
        objects=tuple(objects),
    )


def _rule_key(policy: Policy, rule: Rule) -> str:
    # A policy has one rule a filter list; names of rules need not differ.
    return _key("rule", policy.name, rule.filter_list)


def _rule(policy: Policy, rule: Rule, names: _Names, policy_dn: str) -> DesiredObject:
    action_key = _key("filter action", rule.filter_action)
    return _object(
        names,
        ObjectKind.RULE,
        _rule_key(policy, rule),
        name=rule.name,
        description=rule.description,
        blob=rule_value(rule, default_response=False),
        owners=[policy_dn],
        references={
            "ipsecNegotiationPolicyReference": [names.dn(ObjectKind.FILTER_ACTION, action_key)],
            "ipsecFilterReference": [
                names.dn(ObjectKind.FILTER_LIST, _key("filter list", rule.filter_list)),
            ],
        },
    )


def _owners(action: str, sharing: list[Policy], names: _Names) -> list[str]:
    return [
        names.dn(ObjectKind.RULE, _rule_key(policy, rule))
        for policy in sharing
        for rule in policy.rules
        if rule.filter_action == action
    ]


def _list_owners(filter_list: str, sharing: list[Policy], names: _Names) -> list[str]:
    return [
        names.dn(ObjectKind.RULE, _rule_key(policy, rule))
        for policy in sharing
        for rule in policy.rules
        if rule.filter_list == filter_list
    ]


def _action(action: FilterAction, names: _Names, owners: list[str]) -> DesiredObject:
    return _object(
        names,
        ObjectKind.FILTER_ACTION,
        _key("filter action", action.name),
        name=action.name,
        description=action.description,
        blob=negotiation_value(action),
        owners=owners,
        action=(action_guid(action), constants.TYPE_STANDARD),
    )


def _list(filter_list: FilterList, names: _Names, owners: list[str]) -> DesiredObject:
    key = _key("filter list", filter_list.name)
    return _object(
        names,
        ObjectKind.FILTER_LIST,
        key,
        name=filter_list.name,
        description=filter_list.description,
        blob=filters_value(filter_list, lambda index: names.id_of(_key(key, str(index)))),
        owners=owners,
    )


def _object(
    names: _Names,
    kind: ObjectKind,
    key: str,
    *,
    name: str,
    blob: codec.IpsecValue,
    description: str = "",
    unnamed: bool = False,
    owners: Iterable[str] = (),
    references: dict[str, list[str]] | None = None,
    action: tuple[UUID, UUID] | None = None,
) -> DesiredObject:
    guid = names.id_of(key)
    texts: dict[str, list[str]] = {
        "objectClass": [CLASS_OF_KIND[kind]],
        "ipsecID": [guid_text(guid)],
        "ipsecDataType": [str(constants.IPSEC_DATA_TYPE)],
        "adminDescription": [marker(names.playbook.name)],
    }
    # Key exchange settings and the default response have no name in real objects either.
    if not unnamed:
        texts["ipsecName"] = [name]
    if description:
        texts["description"] = [description]
    if owners:
        texts["ipsecOwnersReference"] = list(owners)
    if action:
        texts["iPSECNegotiationPolicyAction"] = [guid_text(action[0])]
        texts["iPSECNegotiationPolicyType"] = [guid_text(action[1])]
    encoded = {attribute: [value.encode() for value in found] for attribute, found in texts.items()}
    encoded["ipsecData"] = [codec.encode(blob)]
    pointing = {
        attribute: [value.encode() for value in found]
        for attribute, found in (references or {}).items()
    }
    return DesiredObject(
        kind=kind,
        name=name,
        object_id=guid,
        dn=names.dn(kind, key),
        attributes=Attributes(encoded),
        references=Attributes(pointing),
    )
