"""Whole policies for ``orchestrate show``: from a directory or from a member's cache."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ipsec_orchestrator.codec import constants
from ipsec_orchestrator.facts.ip_security_container import IpSecurityContainer
from ipsec_orchestrator.facts.member_policy import CachedObject
from ipsec_orchestrator.model.directory import Entry
from ipsec_orchestrator.planning.describe import Field, describe, describe_value, kind_of
from ipsec_orchestrator.planning.desired import KIND_OF_CLASS, ObjectKind

_GUID: Final = re.compile(r"\{([0-9a-f-]{36})\}", re.IGNORECASE)
_DOWNWARD: Final = (
    "ipsecISAKMPReference",
    "ipsecNFAReference",
    "ipsecNegotiationPolicyReference",
    "ipsecFilterReference",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One stored object with what it refers to, wherever it was read."""

    kind: ObjectKind
    object_id: UUID
    name: str | None
    fields: tuple[Field, ...]
    references: frozenset[UUID]
    default_response: bool = False
    owner_mark: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRule:
    """A rule with its filter list and filter action; ``None`` where the reference is broken."""

    rule: Part
    filter_list: Part | None
    filter_action: Part | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPolicy:
    """A policy with everything that belongs to it."""

    policy: Part
    key_exchange: Part | None
    rules: tuple[ShownRule, ...]
    missing: tuple[UUID, ...]


def parts_of_container(container: IpSecurityContainer) -> tuple[Part, ...]:
    """Read the parts out of the directory's objects."""
    found = (_part_of_entry(entry) for _, entry in sorted(container.entries.items()))
    return tuple(part for part in found if part is not None)


def _part_of_entry(entry: Entry) -> Part | None:
    attributes = entry.attributes
    kind = kind_of(attributes)
    match = _GUID.search(attributes.text("ipsecID") or entry.dn)
    if kind is None or match is None:
        return None
    references = [text for name in _DOWNWARD for text in attributes.texts(name)]
    action_type = attributes.text("iPSECNegotiationPolicyType") or ""
    return Part(
        kind=kind,
        object_id=UUID(match[1]),
        name=attributes.text("ipsecName"),
        fields=describe(attributes),
        references=_guids(references),
        default_response=action_type.strip("{}").casefold() == str(constants.TYPE_DEFAULT_RESPONSE),
        owner_mark=attributes.text("adminDescription"),
    )


def _guids(texts: Iterable[str]) -> frozenset[UUID]:
    matches = (_GUID.search(text) for text in texts)
    return frozenset(UUID(match[1]) for match in matches if match)


def parts_of_cache(cache: Iterable[CachedObject]) -> tuple[Part, ...]:
    """Read the parts out of a member's cache."""
    parts: list[Part] = []
    for found in cache:
        kind = KIND_OF_CLASS.get(found.object_class.casefold())
        if kind is None:
            continue
        fields: tuple[Field, ...]
        if found.value is None:
            fields = (("stored bytes", f"can't be read: {found.problem}"),)
        else:
            fields = describe_value(found.value, found.action)
        parts.append(
            Part(
                kind=kind,
                object_id=found.object_id,
                name=found.name,
                fields=fields,
                references=found.references,
            ),
        )
    return tuple(parts)


def shown_policies(parts: Iterable[Part]) -> tuple[ShownPolicy, ...]:
    """Put the parts together, one tree a policy, in name order."""
    by_id = {part.object_id: part for part in parts}
    policies = [part for part in by_id.values() if part.kind is ObjectKind.POLICY]
    policies.sort(key=lambda part: ((part.name or "").casefold(), str(part.object_id)))
    return tuple(_tree(policy, by_id) for policy in policies)


def _tree(policy: Part, by_id: Mapping[UUID, Part]) -> ShownPolicy:
    rules = [_rule(part, by_id) for part in _referred(policy, by_id, ObjectKind.RULE)]
    missing = {guid for guid in policy.references if guid not in by_id}
    for rule in rules:
        missing |= {guid for guid in rule.rule.references if guid not in by_id}
    rules.sort(key=lambda shown: (shown.rule.name is None, (shown.rule.name or "").casefold()))
    exchange = _referred(policy, by_id, ObjectKind.KEY_EXCHANGE)
    return ShownPolicy(
        policy=policy,
        key_exchange=exchange[0] if exchange else None,
        rules=tuple(rules),
        missing=tuple(sorted(missing)),
    )


def _rule(rule: Part, by_id: Mapping[UUID, Part]) -> ShownRule:
    lists = _referred(rule, by_id, ObjectKind.FILTER_LIST)
    actions = _referred(rule, by_id, ObjectKind.FILTER_ACTION)
    return ShownRule(
        rule=rule,
        filter_list=lists[0] if lists else None,
        filter_action=actions[0] if actions else None,
    )


def _referred(part: Part, by_id: Mapping[UUID, Part], kind: ObjectKind) -> list[Part]:
    found = [by_id[guid] for guid in part.references if guid in by_id]
    return sorted((p for p in found if p.kind is kind), key=lambda p: str(p.object_id))
