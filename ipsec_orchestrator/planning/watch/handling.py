"""What the playbook says about one difference, and whether a repair could do anything about it."""

from collections.abc import Iterable, Mapping
from typing import Final

from ipsec_orchestrator.model.drift import Difference, DriftKind
from ipsec_orchestrator.model.inventory import Host
from ipsec_orchestrator.model.watch_rules import Handling, WatchRules
from ipsec_orchestrator.planning.desired import ObjectKind
from ipsec_orchestrator.planning.drift.group_policy import ASSIGNMENT, GPO, INHERITANCE, LINK
from ipsec_orchestrator.planning.drift.members import CONTENT, MEMBER, POLICY

DIRECTORY: Final = frozenset({GPO, LINK, ASSIGNMENT, *(kind.value for kind in ObjectKind)})
"""What is kept in the directory and makes up what members get, all together."""
_REFRESHED: Final = frozenset({POLICY, CONTENT})
_CAUTION: Final = {handling: place for place, handling in enumerate(Handling)}


def in_directory(difference: Difference) -> bool:
    """Tell whether a repair of the directory brings it back.

    Blocked inheritance is the OU's own affair, and does not keep a GPO from the OU it is linked to.
    """
    return (
        difference.kind is DriftKind.DRIFT
        and difference.thing in DIRECTORY
        and difference.field != INHERITANCE
    )


def on_member(difference: Difference) -> bool:
    """Tell whether a refresh of the member brings it back; a service that was stopped stays so."""
    return (
        difference.kind is DriftKind.DRIFT
        and difference.thing == MEMBER
        and difference.field in _REFRESHED
    )


def handling_of(
    difference: Difference,
    rules: WatchRules,
    groups: Mapping[str, tuple[str, ...]],
    mode: Handling | None,
) -> Handling:
    """Give the word for a difference.

    Args:
        difference: Of a thing in the directory or of a member.
        rules: Of the playbook.
        groups: The groups of each host, by its name.
        mode: Said on the command line; overrides every word of the playbook.
    """
    if mode is not None:
        return mode
    if difference.thing == MEMBER:
        own = {group.casefold() for group in groups.get(difference.name, ())}
        for group, handling in rules.groups:
            if group.casefold() in own:
                return handling
    return rules.kinds.get(difference.thing, rules.on_drift)


def most_cautious(words: Iterable[Handling]) -> Handling:
    """Give the most cautious of some words, at least one."""
    return min(words, key=lambda word: _CAUTION[word])


def groups_of(hosts: Iterable[Host]) -> dict[str, tuple[str, ...]]:
    """Give the groups of each host, by its name."""
    return {host.name: tuple(sorted(host.groups)) for host in hosts}
