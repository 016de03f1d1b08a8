"""The OU, who is in it, and which other GPOs reach it."""

from typing import Final

from ipsec_orchestrator.checks.check import (
    Need,
    Verdict,
    directory_check,
    failed,
    not_applicable,
    passed,
    unknown,
)
from ipsec_orchestrator.facts.directory_health import DirectoryHealth
from ipsec_orchestrator.facts.health import HealthFacts
from ipsec_orchestrator.model.directory import is_below
from ipsec_orchestrator.model.inventory import Host

_NO_OU: Final = "Neither a playbook nor the inventory names an OU."
_NO_PLAYBOOK: Final = "No playbook was named, so there is no GPO to look for."
# How planning marks what it makes or takes over.
_OURS: Final = "ipsec_orchestrator "
# More names than these would hide the rest of the sentence.
_SHOWN: Final = 8


def _members(facts: HealthFacts) -> tuple[Host, ...]:
    found = (facts.inventory.host(name) for name in facts.members)
    return tuple(host for host in found if host is not None)


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _exists(_: HealthFacts, directory: DirectoryHealth) -> Verdict:
    if not directory.units:
        return not_applicable(_NO_OU)
    missing = [unit.dn for unit in directory.units if not unit.exists]
    if missing:
        return failed(
            f"The domain has no {', '.join(missing)}.",
            "Create the OU and move the members' accounts into it, or correct the name in the "
            "playbook (gpo: ou) and the inventory.",
        )
    return passed(", ".join(unit.dn for unit in directory.units))


def _accounts(facts: HealthFacts, directory: DirectoryHealth) -> Verdict:
    units = [unit for unit in directory.units if unit.exists]
    if not units:
        return not_applicable("There is no OU, see ou.exists.")
    outside: list[str] = []
    absent: list[str] = []
    members = _members(facts)
    for host in members:
        account = directory.computers.find(host.fqdn)
        if account is None:
            absent.append(host.name)
        elif not any(is_below(account.dn, unit.dn) for unit in units):
            outside.append(f"{host.name} ({account.dn})")
    if absent:
        return failed(
            f"The domain has no computer account of {_names(absent)}.",
            "Join the host to the domain, or correct its FQDN in the inventory.",
        )
    if outside:
        return failed(
            f"Not in the OU: {_names(outside)}.",
            f"Move the account into {units[0].dn} (Move-ADObject), or leave the host out of the "
            "playbook's members.",
        )
    return passed(f"The accounts of all {len(members)} members are in the OU.")


def _others(facts: HealthFacts, directory: DirectoryHealth) -> Verdict:
    units = [unit for unit in directory.units if unit.exists]
    if not units:
        return not_applicable("There is no OU, see ou.exists.")
    ours = {host.fqdn.casefold() for host in _members(facts)}
    ours |= {host.fqdn.casefold() for host in facts.inventory.hosts}
    labels = {fqdn.partition(".")[0] for fqdn in ours}
    others = [
        computer.name
        for unit in units
        for computer in unit.computers.computers
        if computer.fqdn.casefold() not in ours
        and not (not computer.fqdn and computer.name.casefold() in labels)
    ]
    if others:
        return failed(
            f"The OU has computers that the inventory does not know: {_names(others)}. The "
            "policy reaches them as well.",
            "Add them to the inventory, or move them to another OU.",
        )
    return passed("The OU holds no computer but those of the inventory.")


def _inheritance(_: HealthFacts, directory: DirectoryHealth) -> Verdict:
    if not directory.units:
        return not_applicable(_NO_OU)
    blocking = [dn for unit in directory.units for dn in unit.blocking]
    if blocking:
        return failed(
            f"{_names(blocking)} inside the OU blocks inheritance, so the GPO does not reach the "
            "computers there.",
            "Take the block away, or set enforced: true under gpo in the playbook.",
        )
    return passed("Nothing inside the OU blocks inheritance.")


def _gpo(facts: HealthFacts, directory: DirectoryHealth) -> Verdict:
    if facts.playbook is None:
        return not_applicable(_NO_PLAYBOOK)
    wanted = facts.playbook.gpo
    if directory.gpo_problem is not None:
        return failed(
            directory.gpo_problem,
            "Rename all but one, or give the playbook's GPO a name of its own.",
        )
    if directory.gpo is None:
        return passed(f"No GPO is called {wanted.name!r} yet; apply makes it.")
    marked = directory.gpo.entry.attributes.text("adminDescription")
    if not (marked or "").startswith(_OURS) and not wanted.adopt:
        return unknown(
            f"There is a GPO {wanted.name!r} that bears no mark of this program.",
            "plan says whether it is ours; to take over a foreign one set adopt: true.",
        )
    return passed(f"The GPO {wanted.name!r} is there: {directory.gpo.entry.dn}.")


def _rivals(_: HealthFacts, directory: DirectoryHealth) -> Verdict:
    if not directory.units:
        return not_applicable(_NO_OU)
    found = [f"{name!r} ({unit.dn})" for unit in directory.units for name in unit.rivals]
    if found:
        return failed(
            f"Other GPOs with IPsec settings reach the members: {_names(found)}. A computer "
            "takes the policy of one GPO only, the last in processing order.",
            "Unassign the policy in the other GPO or unlink it, or see with plan that the "
            "playbook's link comes first.",
        )
    return passed("No other GPO with IPsec settings reaches the OU.")


CHECKS: Final = (
    directory_check("ou.exists", "The OU is there", _exists, guards_apply=True),
    directory_check(
        "ou.accounts", "The members' accounts are in the OU", _accounts, needs=[Need.ACCOUNTS]
    ),
    directory_check("ou.others", "Nobody else is in the OU", _others, needs=[Need.ACCOUNTS]),
    directory_check(
        "ou.inheritance", "The GPO is inherited by the members", _inheritance, needs=[Need.ACCOUNTS]
    ),
    directory_check("ou.gpo", "The GPO's name", _gpo),
    directory_check("ou.rivals", "Other GPOs with IPsec settings", _rivals, needs=[Need.ACCOUNTS]),
)
