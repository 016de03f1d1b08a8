"""Everything that has to be made sure of before somebody may say yes to a plan."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, assert_never

from ipsec_orchestrator.errors import (
    ControllerNeedsIpsecError,
    ControllersInScopeError,
    DangerError,
    DomainRootLinkError,
    LockoutError,
    ManyHostsError,
    ManyObjectsError,
    UnsafeInSeveralWaysError,
    UnsafePlanError,
    UsageError,
)
from ipsec_orchestrator.facts.observed import Observed
from ipsec_orchestrator.model.directory import is_below, same_dn
from ipsec_orchestrator.model.inventory import Host, HostRole, Inventory
from ipsec_orchestrator.model.plan import Consents, Danger, DangerCode, Risk, Safety
from ipsec_orchestrator.model.steps import EntryStep, MemberStep, Step

OPTIONS: Final = {
    DangerCode.DOMAIN_CONTROLLERS: "--allow-domain-controllers",
    DangerCode.DOMAIN_ROOT: "--allow-domain-root",
    DangerCode.MANY_HOSTS: "--allow-many-hosts",
    DangerCode.MANY_OBJECTS: "--allow-many-objects",
}
SHARE_PERCENT: Final = 30
"""Beyond that share of hosts or objects a plan is asked about twice."""
# So few that a small site, or a change of one policy, is nothing out of the ordinary.
_FEW_HOSTS: Final = 20
_FEW_OBJECTS: Final = 25
# A message is read by people; the plan has all of them.
_TOLD: Final = 20


def hosts_in_scope(
    inventory: Inventory, members: Iterable[Host], observed: Observed
) -> tuple[Host, ...]:
    """Give the hosts of the inventory that get the policy: members, and others in the OU.

    Other OUs that link the GPO count too, as far as the inventory says who is in them.
    """
    named = {host.fqdn.casefold() for host in members}
    elsewhere = observed.linked_elsewhere
    return tuple(
        host
        for host in inventory.hosts
        if host.fqdn.casefold() in named
        or observed.computers.find(host.fqdn) is not None
        or (host.ou is not None and any(is_below(host.ou, dn) for dn in elsewhere))
    )


def dangers_of(
    steps: Iterable[Step], observed: Observed, hosts: Iterable[Host]
) -> tuple[Danger, ...]:
    """Give what needs a confirmation of its own.

    Args:
        steps: What the plan would do; what does nothing is not dangerous.
        observed: What was read.
        hosts: Hosts of the inventory that get the policy.
    """
    steps = tuple(steps)
    if not steps:
        return ()
    return tuple(
        Danger(code=code, text=text, option=OPTIONS[code])
        for code, text in (
            *_controllers(observed, hosts),
            *_root(observed),
            *_many_hosts(steps, observed),
            *_many_objects(steps, observed),
        )
    )


def _controllers(observed: Observed, hosts: Iterable[Host]) -> Iterator[tuple[DangerCode, str]]:
    names = dict.fromkeys(
        [c.name for c in observed.computers.computers if c.is_domain_controller]
        + [host.name for host in hosts if host.role is HostRole.DOMAIN_CONTROLLER]
    )
    # Every controller is in this OU unless somebody moved it ([MS-ADTS] 6.1.1.4, well-known objects).
    home = f"OU=Domain Controllers,{observed.names.domain_dn}"
    links = [dn for dn in observed.linked_elsewhere if is_below(home, dn)]
    if not names and links:
        names = dict.fromkeys(["those of " + home])
    if names:
        yield (
            DangerCode.DOMAIN_CONTROLLERS,
            f"Domain controllers would get the policy: {', '.join(names)}.",
        )


def _root(observed: Observed) -> Iterator[tuple[DangerCode, str]]:
    if not observed.ou.entry.dn.casefold().startswith("ou="):
        dn = observed.ou.entry.dn
        yield DangerCode.DOMAIN_ROOT, f"The GPO would be linked to {dn}, the whole domain."
    elif any(same_dn(dn, observed.names.domain_dn) for dn in observed.linked_elsewhere):
        dn = observed.names.domain_dn
        yield DangerCode.DOMAIN_ROOT, f"The GPO is also linked to {dn}, the whole domain."


def _many_hosts(steps: tuple[Step, ...], observed: Observed) -> Iterator[tuple[DangerCode, str]]:
    total = len(observed.computers.computers)
    members = sum(isinstance(step, MemberStep) for step in steps)
    # What changes in the directory reaches every computer of the OU, asked to refresh or not.
    touched = total if members < len(steps) else min(members, total)
    if touched > _FEW_HOSTS and touched * 100 > total * SHARE_PERCENT:
        words = f"{touched} of the {total} computers of {observed.ou.entry.dn}"
        yield (
            DangerCode.MANY_HOSTS,
            f"The plan touches {words} at once, more than {SHARE_PERCENT} %.",
        )


def _many_objects(steps: tuple[Step, ...], observed: Observed) -> Iterator[tuple[DangerCode, str]]:
    container = observed.container
    total = len(container.entries)
    touched = len(
        {
            step.dn.casefold()
            for step in steps
            if isinstance(step, EntryStep)
            and step.before is not None
            and is_below(step.dn, container.dn)
        }
    )
    if touched > _FEW_OBJECTS and touched * 100 > total * SHARE_PERCENT:
        words = f"{touched} of the {total} IPsec objects of the domain"
        yield (
            DangerCode.MANY_OBJECTS,
            f"The plan changes or deletes {words}, more than {SHARE_PERCENT} %.",
        )


def consented(safety: Safety, consents: Consents) -> Safety:
    """Mark what somebody takes upon them.

    Raises:
        UsageError: A word names no risk of this plan.
    """
    words = [risk.word for risk in safety.risks]
    for word in consents.risks:
        if word not in words:
            raise UsageError(
                f"--accept-risk {word}: this plan has no such risk.",
                cure=f"It has {', '.join(words)}." if words else "It has none.",
            )
    return replace(
        safety,
        risks=tuple(
            replace(risk, is_accepted=risk.can_be_accepted and risk.word in consents.risks)
            for risk in safety.risks
        ),
        dangers=tuple(
            replace(danger, is_confirmed=danger.code in consents.dangers)
            for danger in safety.dangers
        ),
    )


def refuse_unsafe(safety: Safety) -> None:
    """Refuse what nobody accepted or confirmed.

    Raises:
        UnsafePlanError: One class for each kind; more than one kind at once are told together.
    """
    errors = tuple(_errors(safety))
    if len(errors) > 1:
        raise UnsafeInSeveralWaysError(errors)
    if errors:
        raise errors[0]


def _errors(safety: Safety) -> Iterator[UnsafePlanError]:
    never = [risk for risk in safety.risks if not risk.can_be_accepted]
    if never:
        yield ControllerNeedsIpsecError(flows=tuple(r.word for r in never), told=_told(never))
    left = [risk for risk in safety.risks if risk.can_be_accepted and not risk.is_accepted]
    if left:
        options = " ".join(f"--accept-risk {risk.word}" for risk in left[:_TOLD])
        options += " ..." if len(left) > _TOLD else ""
        yield LockoutError(
            risks=tuple(risk.word for risk in left),
            told=_told(left),
            cure=f"To go on all the same, plan with {options}",
        )
    for danger in safety.dangers:
        if not danger.is_confirmed:
            yield _danger(danger)


def _danger(danger: Danger) -> DangerError:
    match danger.code:
        case DangerCode.DOMAIN_CONTROLLERS:
            return ControllersInScopeError(told=danger.text, option=danger.option)
        case DangerCode.DOMAIN_ROOT:
            return DomainRootLinkError(told=danger.text, option=danger.option)
        case DangerCode.MANY_HOSTS:
            return ManyHostsError(told=danger.text, option=danger.option)
        case DangerCode.MANY_OBJECTS:
            return ManyObjectsError(told=danger.text, option=danger.option)
        case _ as never:
            assert_never(never)


def _told(risks: Sequence[Risk]) -> str:
    lines = [f"  {risk.word}: {risk.text} {risk.cure}" for risk in risks[:_TOLD]]
    if len(risks) > _TOLD:
        lines.append(f"  and {len(risks) - _TOLD} more: orchestrate plan shows all of them.")
    return "\n".join(lines)
