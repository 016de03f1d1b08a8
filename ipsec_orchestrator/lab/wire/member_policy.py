r"""The policy as a member holds it: decoded values, and reading them from its registry.

A member enforces what it has read from the directory, which is what lies below ``Policy\Cache``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from ipsec_orchestrator.codec import (
    IpsecFilter,
    IsakmpPolicy,
    NegotiationPolicy,
    Nfa,
    decode,
)
from ipsec_orchestrator.codec.constants import TYPE_STANDARD
from ipsec_orchestrator.lab.windows.policy_registry import CACHE_KEY
from ipsec_orchestrator.lab.windows.registry_file import RegistryKeys, RegistryValue

_Values = Mapping[str, RegistryValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRule:
    """A rule with all that it refers to.

    Attributes:
        name: For people.
        nfa: The rule itself.
        action: ``iPSECNegotiationPolicyAction`` of its filter action.
        action_type: ``iPSECNegotiationPolicyType`` of its filter action.
        negotiation: Its security methods.
        filters: Its filter list; ``None`` for the default response rule.
    """

    name: str
    nfa: Nfa
    action: UUID
    negotiation: NegotiationPolicy
    filters: IpsecFilter | None
    action_type: UUID = TYPE_STANDARD


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPolicy:
    """A policy that a member has read.

    Attributes:
        name: For people.
        key_exchange: ``None`` if the object could not be read.
        rules: Those whose filter action could be read.
    """

    name: str
    key_exchange: IsakmpPolicy | None
    rules: tuple[MemberRule, ...]


def cached_policy(registry: RegistryKeys) -> MemberPolicy | None:
    """Read the policy that a member has; ``None`` if it has none.

    Objects that are missing are left out, as the agent does (event 5462).

    Raises:
        CodecError: An ``ipsecData`` value is not what its class says.
    """
    objects = {
        name.casefold(): _folded(registry.values(rf"{CACHE_KEY}\{name}") or {})
        for name in registry.subkeys(CACHE_KEY)
    }
    policy = next(
        (values for values in objects.values() if _text(values, "classname") == "ipsecPolicy"), None
    )
    if policy is None:
        return None
    exchange = None
    for found in _referred(objects, policy, "ipsecisakmpreference"):
        value = _decoded(found)
        exchange = value if isinstance(value, IsakmpPolicy) else exchange
    rules = [_rule(objects, found) for found in _referred(objects, policy, "ipsecnfareference")]
    return MemberPolicy(
        name=_text(policy, "ipsecname"),
        key_exchange=exchange,
        rules=tuple(rule for rule in rules if rule is not None),
    )


def _rule(objects: Mapping[str, _Values], values: _Values) -> MemberRule | None:
    nfa = _decoded(values)
    actions = _referred(objects, values, "ipsecnegotiationpolicyreference")
    if not isinstance(nfa, Nfa) or not actions:
        return None
    negotiation, action = _decoded(actions[0]), _guid(actions[0], "ipsecnegotiationpolicyaction")
    if not isinstance(negotiation, NegotiationPolicy) or action is None:
        return None
    filters = None
    for found in _referred(objects, values, "ipsecfilterreference"):
        value = _decoded(found)
        filters = value if isinstance(value, IpsecFilter) else filters
    return MemberRule(
        name=_text(values, "ipsecname") or _text(actions[0], "ipsecname"),
        nfa=nfa,
        action=action,
        action_type=_guid(actions[0], "ipsecnegotiationpolicytype") or TYPE_STANDARD,
        negotiation=negotiation,
        filters=filters,
    )


def _decoded(values: _Values) -> object:
    content = values["ipsecdata"].content if "ipsecdata" in values else None
    if not isinstance(content, bytes):
        return None
    return decode(_text(values, "classname"), content)


def _referred(objects: Mapping[str, _Values], values: _Values, name: str) -> list[_Values]:
    content = values[name].content if name in values else ()
    paths = (content,) if isinstance(content, str) else content
    if not isinstance(paths, tuple):
        return []
    keys = [path.rpartition("\\")[2].casefold() for path in paths]
    return [objects[key] for key in keys if key in objects]


def _text(values: _Values, name: str) -> str:
    content = values[name].content if name in values else ""
    return content if isinstance(content, str) else ""


def _guid(values: _Values, name: str) -> UUID | None:
    try:
        return UUID(_text(values, name))
    except ValueError:
        # Without a readable GUID the object says nothing that could be enforced.
        return None


def _folded(values: _Values) -> _Values:
    return {name.casefold(): value for name, value in values.items()}
