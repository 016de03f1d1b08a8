"""Policies of a playbook and their rules -> the model."""

from collections.abc import Sequence

from ipsec_orchestrator.adapters.specification.document import Place
from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.playbook_schema import (
    KeyExchangeSection,
    PlaybookFile,
    PolicySection,
    RuleSection,
)
from ipsec_orchestrator.adapters.specification.references import check_double, resolve
from ipsec_orchestrator.model.policy import Authentication, KeyExchange, Policy, Rule


def lower_policies(examined: Examined[PlaybookFile], content: PlaybookFile) -> tuple[Policy, ...]:
    """Make the policies; problems are added to the file."""
    names = _Names(examined, content)
    return tuple(
        _policy(examined, ("policies", index), section, names)
        for index, section in enumerate(content.policies)
    )


class _Names:
    """The names that a playbook defines, found case-blind as the snap-in finds them."""

    def __init__(self, examined: Examined[PlaybookFile], content: PlaybookFile) -> None:
        self._examined = examined
        self._filter_lists = [section.name for section in content.filter_lists]
        self._filter_actions = [section.name for section in content.filter_actions]

    def filter_list(self, place: Place, name: str) -> str:
        """Give the name of a filter list as defined; an unknown one becomes a problem."""
        return resolve(self._examined, place, "filter_lists", name, self._filter_lists)

    def filter_action(self, place: Place, name: str) -> str:
        """Give the name of a filter action as defined; an unknown one becomes a problem."""
        return resolve(self._examined, place, "filter_actions", name, self._filter_actions)


def _policy(
    examined: Examined[PlaybookFile],
    place: Place,
    section: PolicySection,
    names: _Names,
) -> Policy:
    rules = tuple(
        _rule((*place, "rules", index), rule, names) for index, rule in enumerate(section.rules)
    )
    _check_rules(examined, (*place, "rules"), section.rules, rules)
    return Policy(
        name=section.name,
        description=section.description,
        rules=rules,
        default_response=section.default_response,
        polling_interval_seconds=section.polling_interval,
        key_exchange=_key_exchange(examined, (*place, "key_exchange"), section.key_exchange),
    )


def _rule(place: Place, section: RuleSection, names: _Names) -> Rule:
    filter_list = names.filter_list((*place, "filter_list"), section.filter_list)
    filter_action = names.filter_action((*place, "filter_action"), section.filter_action)
    return Rule(
        name=section.name or filter_list,
        description=section.description,
        filter_list=filter_list,
        filter_action=filter_action,
        connection_type=section.connection,
        authentication=tuple(Authentication(word) for word in section.authentication),
        active=section.active,
    )


def _check_rules(
    examined: Examined[PlaybookFile],
    place: Place,
    sections: Sequence[RuleSection],
    rules: Sequence[Rule],
) -> None:
    check_double(
        examined,
        [(*place, index, "filter_list") for index in range(len(rules))],
        [rule.filter_list.casefold() for rule in rules],
        "another rule of this policy has the same filter list; which of the two decides is not "
        "defined.",
    )
    named = [(index, rule) for index, rule in enumerate(rules) if sections[index].name]
    check_double(
        examined,
        [(*place, index, "name") for index, _ in named],
        [rule.name.casefold() for _, rule in named],
        "another rule of this policy has the same name.",
    )
    for index, rule in enumerate(rules):
        check_double(
            examined,
            [(*place, index, "authentication", at) for at in range(len(rule.authentication))],
            rule.authentication,
            "this method is in the list already.",
        )


def _key_exchange(
    examined: Examined[PlaybookFile],
    place: Place,
    section: KeyExchangeSection,
) -> KeyExchange:
    quick_modes = section.quick_modes_per_main_mode
    if section.pfs:
        if quick_modes > 1:
            message = "with 'pfs: true' every session negotiates anew; write 1, or leave it out."
            examined.add((*place, "quick_modes_per_main_mode"), message)
        # netsh does the same: mmpfs sets qmpermm to 1.
        quick_modes = 1
    check_double(
        examined,
        [(*place, "methods", index) for index in range(len(section.methods))],
        section.methods,
        "this method is in the list already; a second time it is never chosen.",
    )
    return KeyExchange(
        methods=tuple(section.methods),
        pfs=section.pfs,
        quick_modes_per_main_mode=quick_modes,
        lifetime_seconds=section.lifetime,
    )
