"""What of a policy decides over packets: its active rules, each with all that it joins."""

from dataclasses import dataclass

from ipsec_orchestrator.model.policy import Filter, FilterAction, Playbook, Policy, Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveRule:
    """An active rule with all that it joins."""

    rule: Rule
    action: FilterAction
    filters: tuple[Filter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivePolicy:
    """A policy as far as it decides over packets: its active rules, complete in itself."""

    name: str
    rules: tuple[ActiveRule, ...]


def active_policy(playbook: Playbook, policy: Policy) -> ActivePolicy:
    """Give what of a policy decides over packets; the parser has checked its references."""
    return ActivePolicy(
        name=policy.name,
        rules=tuple(
            ActiveRule(
                rule=rule,
                action=playbook.filter_action(rule.filter_action),
                filters=playbook.filter_list(rule.filter_list).filters,
            )
            for rule in policy.rules
            if rule.active
        ),
    )
