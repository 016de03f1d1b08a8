"""A playbook file -> :class:`Playbook`: references resolved, rules between keys checked."""

from collections.abc import Sequence
from pathlib import PurePath

from ipsec_orchestrator.adapters.specification.directory_names import full_dn
from ipsec_orchestrator.adapters.specification.document import Place
from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.fields import check_label, quoted
from ipsec_orchestrator.adapters.specification.filter_lowering import lower_filters
from ipsec_orchestrator.adapters.specification.playbook_schema import (
    FilterActionSection,
    KeyExchangeSection,
    PlaybookFile,
    PolicySection,
    RuleSection,
)
from ipsec_orchestrator.codec.selectors import select
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import (
    Authentication,
    FilterAction,
    FilterActionKind,
    FilterList,
    GpoWish,
    KeyExchange,
    Playbook,
    Policy,
    Rule,
)
from ipsec_orchestrator.model.suggestion import did_you_mean


def lower_playbook(
    examined: Examined[PlaybookFile],
    content: PlaybookFile,
    path: PurePath,
    inventory: Inventory | None,
) -> Playbook:
    """Make the playbook; problems are added to the file.

    With problems the result is incomplete and only good for finding more of them.
    """
    _check_unique(examined, content)
    gpo = content.gpo
    playbook = Playbook(
        name=content.name or _name_of_file(examined, path),
        gpo=GpoWish(
            name=gpo.name,
            ou=_ou(examined, gpo.ou, inventory),
            link_enabled=gpo.link_enabled,
            enforced=gpo.enforced,
            order=gpo.order,
            via=gpo.via,
            adopt=gpo.adopt,
        ),
        filter_actions=tuple(
            _filter_action(examined, ("filter_actions", index), section)
            for index, section in enumerate(content.filter_actions)
        ),
        filter_lists=tuple(
            FilterList(
                name=section.name,
                description=section.description,
                filters=lower_filters(
                    examined, ("filter_lists", index, "filters"), section.filters, inventory
                ),
            )
            for index, section in enumerate(content.filter_lists)
        ),
        policies=tuple(
            _policy(examined, ("policies", index), section, _Names(examined, content))
            for index, section in enumerate(content.policies)
        ),
        assignment=_assignment(examined, content),
        members=content.members or "",
        file=examined.document.file,
    )
    _check_members(examined, content, inventory)
    return playbook


class _Names:
    """The names that a playbook defines, found case-blind as the snap-in finds them."""

    def __init__(self, examined: Examined[PlaybookFile], content: PlaybookFile) -> None:
        self._examined = examined
        self.filter_lists = [section.name for section in content.filter_lists]
        self.filter_actions = [section.name for section in content.filter_actions]

    def resolve(self, place: Place, kind: str, name: str, known: Sequence[str]) -> str:
        """Give the name as defined; an unknown one becomes a problem."""
        return _resolve(self._examined, place, kind, name, known)


def _resolve(
    examined: Examined[PlaybookFile],
    place: Place,
    kind: str,
    name: str,
    known: Sequence[str],
) -> str:
    key = name.casefold()
    found = next((candidate for candidate in known if candidate.casefold() == key), None)
    if found is not None:
        return found
    defined = f"defined are {', '.join(map(quoted, known))}" if known else "none is defined"
    message = f"there is no {kind} {quoted(name)}; {defined}.{did_you_mean(name, known)}"
    examined.add(place, message)
    return name


def _name_of_file(examined: Examined[PlaybookFile], path: PurePath) -> str:
    try:
        return check_label(path.stem)
    except ValueError:
        message = (
            f"the file's name {quoted(path.stem)} can't mark objects in the directory; "
            "write 'name:' with letters, digits, '-', '_' and '.'."
        )
        examined.problems.append(examined.document.problem((), message))
        return path.stem


def _ou(examined: Examined[PlaybookFile], text: str, inventory: Inventory | None) -> str:
    try:
        return full_dn(text, inventory.domain.name if inventory else None, linkable=True)
    except ValueError as error:
        examined.add(("gpo", "ou"), str(error))
        return text


def _filter_action(
    examined: Examined[PlaybookFile],
    place: Place,
    section: FilterActionSection,
) -> FilterAction:
    unsecured = section.unsecured
    if section.action is FilterActionKind.NEGOTIATE:
        if not section.methods:
            at = (*place, "methods") if examined.has((*place, "methods")) else (*place, "action")
            message = "negotiate needs 'methods', for example [\"ESP[3DES,SHA1]\"]."
            if examined.is_sound((*place, "methods")):
                examined.add(at, message)
    else:
        for key, written in (
            ("methods", bool(section.methods)),
            ("unsecured", unsecured is not None),
            ("pfs", section.pfs),
        ):
            if written:
                message = f"'{key}' belongs to negotiate; {section.action} has none."
                examined.add((*place, key), message, at_key=True)
    _check_double(
        examined,
        [(*place, "methods", index) for index in range(len(section.methods))],
        [(method.esp, method.ah) for method in section.methods],
        "this method is in the list already; a second time it is never chosen.",
    )
    return FilterAction(
        name=section.name,
        description=section.description,
        kind=section.action,
        accept_unsecured=unsecured.accept_inbound if unsecured else False,
        allow_fallback=unsecured.allow_fallback if unsecured else False,
        methods=tuple(section.methods),
        pfs=section.pfs,
    )


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
    filter_list = names.resolve(
        (*place, "filter_list"), "filter list", section.filter_list, names.filter_lists
    )
    filter_action = names.resolve(
        (*place, "filter_action"), "filter action", section.filter_action, names.filter_actions
    )
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
    _check_double(
        examined,
        [(*place, index, "filter_list") for index in range(len(rules))],
        [rule.filter_list.casefold() for rule in rules],
        "another rule of this policy has the same filter list; which of the two decides is not "
        "defined.",
    )
    named = [(index, rule) for index, rule in enumerate(rules) if sections[index].name]
    _check_double(
        examined,
        [(*place, index, "name") for index, _ in named],
        [rule.name.casefold() for _, rule in named],
        "another rule of this policy has the same name.",
    )
    for index, rule in enumerate(rules):
        _check_double(
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
    _check_double(
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


def _assignment(examined: Examined[PlaybookFile], content: PlaybookFile) -> str | None:
    if content.assignment is None:
        return None
    known = [policy.name for policy in content.policies]
    return _resolve(examined, ("assignment",), "policy", content.assignment, known)


def _check_members(
    examined: Examined[PlaybookFile],
    content: PlaybookFile,
    inventory: Inventory | None,
) -> None:
    if content.members is None or inventory is None:
        return
    try:
        select(inventory, content.members)
    except UsageError as error:
        examined.add(("members",), str(error))


def _check_unique(examined: Examined[PlaybookFile], content: PlaybookFile) -> None:
    for key, kind, names in (
        ("filter_actions", "filter action", [found.name for found in content.filter_actions]),
        ("filter_lists", "filter list", [found.name for found in content.filter_lists]),
        ("policies", "policy", [found.name for found in content.policies]),
    ):
        _check_double(
            examined,
            [(key, index, "name") for index in range(len(names))],
            [name.casefold() for name in names],
            f"another {kind} has this name; capital letters make no difference.",
        )


def _check_double(
    examined: Examined[PlaybookFile],
    places: Sequence[Place],
    values: Sequence[object],
    message: str,
) -> None:
    """Add a problem for every value that an earlier sound place has already."""
    seen: dict[object, Place] = {}
    for place, value in zip(places, values, strict=True):
        if not examined.is_sound(place):
            continue
        first = seen.setdefault(value, place)
        if first is not place:
            examined.add(place, f"{message} The first is at {examined.where(first)}.")
