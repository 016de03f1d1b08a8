"""Which policies share filter lists or filter actions, and who brings what is shared."""

from collections.abc import Callable, Iterable

from ipsec_orchestrator.model.policy import Playbook, Policy, Rule


def components(playbook: Playbook) -> tuple[tuple[Policy, ...], ...]:
    """Group the policies that share filter lists or filter actions, directly or through others.

    Shared objects name all their owners; so what shares is renewed together.
    """
    groups: list[tuple[set[str], list[Policy]]] = []
    for policy in playbook.policies:
        uses = {f"l:{r.filter_list}" for r in policy.rules}
        uses |= {f"a:{r.filter_action}" for r in policy.rules}
        members = [policy]
        apart: list[tuple[set[str], list[Policy]]] = []
        for used, grouped in groups:
            if used & uses:
                uses |= used
                members = grouped + members
            else:
                apart.append((used, grouped))
        groups = [*apart, (uses, members)]
    return tuple(tuple(members) for _, members in groups)


def first_owner(policies: Iterable[Policy], used: Callable[[Rule], str]) -> dict[str, str]:
    """Tell for each shared thing which policy brings it: the first that uses it."""
    owners: dict[str, str] = {}
    for policy in policies:
        for rule in policy.rules:
            owners.setdefault(used(rule), policy.name)
    return owners
