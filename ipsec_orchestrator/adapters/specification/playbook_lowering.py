"""A playbook file -> :class:`Playbook`: references resolved, rules between keys checked."""

from pathlib import PurePath

from ipsec_orchestrator.adapters.specification.directory_names import full_dn
from ipsec_orchestrator.adapters.specification.document import Place
from ipsec_orchestrator.adapters.specification.examination import Examined
from ipsec_orchestrator.adapters.specification.fields import check_label, quoted
from ipsec_orchestrator.adapters.specification.filter_lowering import lower_filters
from ipsec_orchestrator.adapters.specification.playbook_schema import (
    FilterActionSection,
    PlaybookFile,
)
from ipsec_orchestrator.adapters.specification.policy_lowering import lower_policies
from ipsec_orchestrator.adapters.specification.references import KINDS, check_double, resolve
from ipsec_orchestrator.adapters.specification.rollout_lowering import (
    check_canaries,
    lower_rollout,
)
from ipsec_orchestrator.adapters.specification.watch_lowering import lower_watch
from ipsec_orchestrator.codec.selectors import select
from ipsec_orchestrator.errors import UsageError
from ipsec_orchestrator.model.inventory import Inventory
from ipsec_orchestrator.model.policy import (
    FilterAction,
    FilterActionKind,
    FilterList,
    GpoWish,
    Playbook,
    in_mode,
)


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
            in_mode(_filter_action(examined, ("filter_actions", index), section), content.mode)
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
        policies=lower_policies(examined, content),
        assignment=_assignment(examined, content),
        members=content.members or "",
        mode=content.mode,
        rollout=lower_rollout(examined, content, inventory),
        watch=lower_watch(examined, content, inventory),
        file=examined.document.file,
    )
    _check_members(examined, content, inventory)
    check_canaries(examined, playbook, inventory)
    return playbook


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
    check_double(
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


def _assignment(examined: Examined[PlaybookFile], content: PlaybookFile) -> str | None:
    if content.assignment is None:
        return None
    known = [policy.name for policy in content.policies]
    return resolve(examined, ("assignment",), "policies", content.assignment, known)


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
    for section, names in (
        ("filter_actions", [found.name for found in content.filter_actions]),
        ("filter_lists", [found.name for found in content.filter_lists]),
        ("policies", [found.name for found in content.policies]),
    ):
        check_double(
            examined,
            [(section, index, "name") for index in range(len(names))],
            [name.casefold() for name in names],
            f"another {KINDS[section]} has this name; capital letters make no difference.",
        )
