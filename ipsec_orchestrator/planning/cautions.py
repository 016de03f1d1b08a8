"""What the reader should know before saying yes: weak algorithms, who else is hit, who wins."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from ipsec_orchestrator.codec.gp_link import parse_gp_link
from ipsec_orchestrator.facts.gpo import ObservedGpo
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.inventory import Host, HostRole, Inventory
from ipsec_orchestrator.model.plan import Caution, Plan
from ipsec_orchestrator.model.policy import (
    Cipher,
    DhGroup,
    FilterActionKind,
    Integrity,
    Mode,
    Playbook,
)
from ipsec_orchestrator.model.steps import GpoStep
from ipsec_orchestrator.planning.tightening import tightening_cautions

_BEST = (
    "IP security policies in the directory can carry at best 3DES with SHA-1 and "
    "Diffie-Hellman group 14 (3DES-SHA1-3); AES and SHA-2 exist only in the connection security "
    "rules of Windows Firewall."
)
_WEAK_CIPHERS = {Cipher.DES: "DES", Cipher.TRIPLE_DES: "3DES"}
_WEAK_INTEGRITY = {Integrity.MD5: "MD5", Integrity.SHA1: "SHA-1"}
_NAMES_SHOWN = 5


def cautions(
    playbook: Playbook,
    inventory: Inventory,
    members: Iterable[Host],
    observed: Observed,
) -> tuple[Caution, ...]:
    """Give everything worth a warning, most general first."""
    members = tuple(members)
    return (
        *_mode(playbook),
        *tightening_cautions(playbook, observed),
        *_weak(playbook),
        *_unused(playbook),
        *_scope(inventory, members, observed),
        *_rivals(playbook, observed),
        *_unread(observed),
    )


def left_behind_cautions(left_behind: Iterable[str], gpo: str) -> tuple[Caution, ...]:
    """Tell what stays for members that a removal does not wait for."""
    names = list(left_behind)
    if not names:
        return ()
    return (
        Caution(
            code="left-behind",
            text=f"{_listed(names)} did not answer and may still have the policy. For them the GPO "
            f"{gpo} stays, unassigned and linked: a member that comes back lets go of the policy "
            "when it refreshes. Remove again when it has, or when it is no longer in the inventory.",
        ),
    )


def others_at_removal(plan: Plan, inventory: Inventory, observed: Observed) -> Iterator[Caution]:
    """Warn of computers that nobody asks whether they have let go, before the GPO goes."""
    strangers = _strangers(inventory, observed)
    if strangers and any(isinstance(s, GpoStep) and not s.after for s in plan.steps):
        yield Caution(
            code="others-in-ou",
            text=f"{len(strangers)} computers of the OU are not in the inventory, so nobody sees "
            f"whether they have let go before the GPO goes: {_listed(strangers)}. A computer lets "
            "go when it refreshes while the unassigned GPO is still linked, by itself within two "
            "hours. To give them that time, take 'assignment' out of the playbook, apply it, and "
            "remove later.",
        )


def left_out_cautions(left_out: Iterable[str], waiting: int) -> tuple[Caution, ...]:
    """Tell what a limited run leaves for a full one; nothing if nothing waits."""
    if not waiting:
        return ()
    return (
        Caution(
            code="left-out",
            text=f"{_listed(left_out)} are left out by --limit and may still use what this plan "
            "would take away; that stays until a run without --limit.",
        ),
    )


def _mode(playbook: Playbook) -> Iterator[Caution]:
    names = [x.name for x in playbook.filter_actions if x.kind is FilterActionKind.NEGOTIATE]
    if playbook.mode is Mode.REQUEST and names:
        yield Caution(
            code="request-mode",
            text=f"Mode request: {_listed(names)} asks for IPsec, and traffic goes in clear, both "
            "ways, wherever that fails. This finds out whether everything could be encrypted; it "
            "protects nothing. orchestrate promote takes it from there.",
        )


def _weak(playbook: Playbook) -> Iterator[Caution]:
    for action in playbook.filter_actions:
        words: list[str] = []
        for method in action.methods:
            if method.esp is not None:
                words += [
                    _WEAK_CIPHERS.get(method.esp[0], ""),
                    _WEAK_INTEGRITY.get(method.esp[1], ""),
                ]
            if method.ah is not None:
                words.append(_WEAK_INTEGRITY.get(method.ah, ""))
        found = sorted({word for word in words if word})
        if found:
            yield Caution(
                code="weak-algorithms",
                text=f"Filter action {action.name} uses {_listed(found)}, which are weak by "
                f"today's measure. {_BEST}",
            )
        if any(not method.esp or method.esp[0] is Cipher.NONE for method in action.methods):
            yield Caution(
                code="no-encryption",
                text=f"Filter action {action.name} has a method without encryption: traffic may "
                "be authenticated, but readable.",
            )
        falls_back = action.kind is FilterActionKind.NEGOTIATE and action.allow_fallback
        if falls_back and playbook.mode is Mode.REQUIRE:
            yield Caution(
                code="fallback-to-clear",
                text=f"Filter action {action.name} allows falling back to clear text.",
            )
    for policy in playbook.policies:
        groups = {method.group for method in policy.key_exchange.methods}
        if groups - {DhGroup.GROUP_14}:
            yield Caution(
                code="weak-key-exchange",
                text=f"Policy {policy.name} offers Diffie-Hellman groups below 14 (2048 bit). "
                "3DES-SHA1-3 is the strongest method that this store can carry.",
            )


def _unused(playbook: Playbook) -> Iterator[Caution]:
    rules = [rule for policy in playbook.policies for rule in policy.rules]
    lists = {rule.filter_list for rule in rules}
    actions = {rule.filter_action for rule in rules}
    names = [f"filter list {x.name}" for x in playbook.filter_lists if x.name not in lists]
    names += [f"filter action {x.name}" for x in playbook.filter_actions if x.name not in actions]
    for name in names:
        yield Caution(code="unused", text=f"No rule uses {name}; it is not written.")


def _scope(
    inventory: Inventory, members: tuple[Host, ...], observed: Observed
) -> Iterator[Caution]:
    accounts = observed.computers
    outside = [host.name for host in members if accounts.find(host.fqdn) is None]
    if outside:
        yield Caution(
            code="not-in-ou",
            text=f"{_listed(outside)}: no computer account in {observed.ou.entry.dn}; the GPO "
            "will not reach them.",
        )
    strangers = _strangers(inventory, observed)
    if strangers:
        yield Caution(
            code="others-in-ou",
            text=f"{len(strangers)} computers of the OU are not in the inventory and get the "
            f"policy too: {_listed(strangers)}.",
        )
    controllers = [c.name for c in accounts.computers if c.is_domain_controller]
    controllers += [
        host.name
        for host in members
        if host.role is HostRole.DOMAIN_CONTROLLER and host.name not in controllers
    ]
    if controllers:
        yield Caution(
            code="domain-controllers",
            text=f"Domain controllers are in scope: {_listed(controllers)}. IPsec between "
            "members and domain controllers with Kerberos waits for itself; keep them out.",
        )
    if not observed.ou.entry.dn.casefold().startswith("ou="):
        yield Caution(
            code="domain-root",
            text=f"The link is on {observed.ou.entry.dn}, not on an OU: every computer below "
            "gets the policy.",
        )


def _strangers(inventory: Inventory, observed: Observed) -> list[str]:
    """Name the computers of the OU that the inventory does not have."""
    known = {host.fqdn.casefold() for host in inventory.hosts}
    labels = {host.fqdn.partition(".")[0].casefold() for host in inventory.hosts}
    return [
        computer.name
        for computer in observed.computers.computers
        if computer.fqdn.casefold() not in known and computer.name.casefold() not in labels
    ]


def winning_rivals(playbook: Playbook, observed: Observed) -> tuple[ObservedGpo, ...]:
    """Give the other GPOs with IPsec settings that come before the playbook's."""
    return tuple(rival for rival in _others(observed) if _wins(rival.gpo_id, playbook, observed))


def _others(observed: Observed) -> Iterator[ObservedGpo]:
    own = {gpo.gpo_id for gpo in (observed.gpo, observed.pilot) if gpo is not None}
    yield from (rival for rival in observed.rivals if rival.gpo_id not in own)


def _rivals(playbook: Playbook, observed: Observed) -> Iterator[Caution]:
    winning = winning_rivals(playbook, observed)
    for rival in _others(observed):
        name = rival.entry.attributes.text("displayName") or rival.entry.dn
        if rival in winning:
            yield Caution(
                code="another-gpo-wins",
                text=f"GPO {name} also carries IPsec settings and comes before "
                f"{playbook.gpo.name}; a computer takes one policy only, so that one would win.",
            )
        else:
            yield Caution(
                code="another-gpo-loses",
                text=f"GPO {name} also carries IPsec settings; its policy gives way to that of "
                f"{playbook.gpo.name}.",
            )


def _wins(rival: UUID, playbook: Playbook, observed: Observed) -> bool:
    """Tell whether a rival goes before our GPO as it will be linked [MS-GPOL] 3.2.5.1.5.

    Enforced links go before others, of enforced ones the highest; on one OU the link order counts.
    """
    if rival in observed.enforced_above:
        return True
    links = parse_gp_link(observed.ou.gp_link or "")
    link, here = links.find(rival), links.link_order(rival)
    if link is None or here is None or link.disabled:
        return False
    if link.enforced != playbook.gpo.enforced:
        return link.enforced
    own = observed.gpo.gpo_id if observed.gpo else None
    mine = links.link_order(own) if own else None
    wished = playbook.gpo.order
    if mine is None:
        # A new link goes to the end of the order unless the playbook says where.
        return wished is None or here < wished
    if wished is None:
        return here < mine
    # Our link moves to its wished place; those behind its old place move up by one.
    return here - (here > mine) < wished


def _unread(observed: Observed) -> Iterator[Caution]:
    for name, found in sorted(observed.members.items()):
        if isinstance(found, str):
            yield Caution(code="member-unread", text=f"{name} could not be read: {found}")


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    if len(names) > _NAMES_SHOWN:
        return f"{', '.join(names[:_NAMES_SHOWN])} and {len(names) - _NAMES_SHOWN} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
