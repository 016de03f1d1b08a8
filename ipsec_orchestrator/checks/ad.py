"""Active Directory works, and we may do there what has to be done."""

from collections.abc import Iterable, Mapping
from typing import Final

from ipsec_orchestrator.checks.check import (
    Need,
    Verdict,
    directory_check,
    domain_check,
    failed,
    not_applicable,
    passed,
    unknown,
    unread,
    was_asked,
)
from ipsec_orchestrator.checks.clocks import judge_clock
from ipsec_orchestrator.facts.controllers import ControllerState
from ipsec_orchestrator.facts.directory_health import DirectoryHealth
from ipsec_orchestrator.facts.gpo_templates import TemplateState
from ipsec_orchestrator.facts.health import HealthFacts, NotRead
from ipsec_orchestrator.facts.rights import ObjectRights

SERVICE_RECORDS: Final = (
    "_ldap._tcp.dc._msdcs",
    "_ldap._tcp.pdc._msdcs",
    "_kerberos._tcp.dc._msdcs",
    "_kerberos._tcp",
)
"""Names below the domain, [MS-ADTS] 6.3.2.3."""

_POLICY_CLASSES: Final = (
    "ipsecPolicy",
    "ipsecISAKMPPolicy",
    "ipsecNFA",
    "ipsecNegotiationPolicy",
    "ipsecFilter",
)
_GPO_ATTRIBUTES: Final = ("versionNumber", "gPCMachineExtensionNames")
_RIGHTS_CURE: Final = "Use an account that may, or have this delegated: "


def _service_records(facts: HealthFacts) -> Verdict:
    if isinstance(facts.records, NotRead):
        if was_asked(facts.records):
            return failed(facts.records.reason, facts.records.cure)
        return not_applicable(facts.records.reason)
    missing = [name for name in SERVICE_RECORDS if not facts.records.get(name)]
    if missing:
        return failed(
            f"DNS has no SRV record {', '.join(missing)} in {facts.inventory.domain.name}.",
            "Restart the Netlogon service on the domain controllers (or run nltest /dsregdns "
            "there), and see that this workstation asks a DNS server of the domain: dns_server.",
        )
    hosts = sorted({host for found in facts.records.values() for host in found})
    return passed(f"{len(SERVICE_RECORDS)} SRV records name {', '.join(hosts)}.")


def _bind(facts: HealthFacts) -> Verdict:
    if isinstance(facts.directory, NotRead):
        return failed(
            facts.directory.reason,
            facts.directory.cure or "Check address, transport and credentials of the domain.",
        )
    names = facts.directory.names
    return passed(f"Logged on to {names.dc}, domain {names.domain}.")


def _clock(facts: HealthFacts, directory: DirectoryHealth) -> Verdict:
    if facts.directory_clock is None:
        return unknown(f"{directory.names.dc} does not tell its time.")
    return judge_clock(directory.names.dc, facts.directory_clock.ahead_seconds)


def _pdc_emulator(facts: HealthFacts, directory: DirectoryHealth) -> Verdict:
    dc, owner = directory.names.dc, directory.role_owner
    if owner is None:
        return unknown("The directory does not name its PDC emulator (fSMORoleOwner).")
    if owner.casefold() == dc.casefold():
        return passed(f"{owner} is the PDC emulator, and all is read and written there.")
    return failed(
        f"The PDC emulator is {owner}, but this run would use {dc}.",
        f"Group Policy is edited on the PDC emulator: leave out --dc and pdc, or name {owner}."
        if facts.inventory.domain.pdc or facts.inventory.domain.ldap.server
        else f"See why {owner} was not reached, or name it with --dc.",
    )


def _sysvol(_: HealthFacts, directory: DirectoryHealth) -> Verdict:
    if not directory.templates:
        return unknown("No file of a GPO could be looked for in SYSVOL.")
    read = 0
    for template in directory.templates:
        if template.out_of_reach:
            return unknown(
                f"SYSVOL is out of reach from here: {template.problem}",
                "Let SMB (TCP 445) through to the domain controller.",
            )
        if template.problem is not None:
            return failed(
                f"gpt.ini of the GPO {template.name!r} can't be read: {template.problem}",
                "See that the share SYSVOL of the domain controller is there and may be read.",
            )
        if template.template_version is not None:
            read += 1
        elif not _is_playbooks(template, directory):
            return failed(
                f"SYSVOL has no gpt.ini of the GPO {template.name!r} "
                f"({{{str(template.gpo_id).upper()}}}); members end Group Policy with an error.",
                "Restore the folder of the GPO in SYSVOL from a backup or from another domain "
                "controller, or delete the GPO.",
            )
    return passed(f"gpt.ini of {read} linked GPO{'s' * (read > 1)} was read.")


def _sysvol_versions(_: HealthFacts, directory: DirectoryHealth) -> Verdict:
    differing = [
        f"{template.name!r} {template.container_version} and "
        f"{'nothing' if template.template_version is None else template.template_version}"
        for template in directory.templates
        if template.problem is None
        and template.template_version != template.container_version
        and (template.template_version is not None or _is_playbooks(template, directory))
    ]
    if differing:
        return failed(
            f"Versions in the directory and in SYSVOL differ: {', '.join(differing)}.",
            "Wait for SYSVOL to replicate. If that does not help, run apply for the playbook's "
            "own GPO, or edit another one once, so that both halves get a new version.",
        )
    known = [t for t in directory.templates if t.template_version is not None]
    if not known:
        return unknown("No version in SYSVOL could be read, see ad.sysvol.")
    return passed(f"Both halves of {len(known)} linked GPOs have the same version.")


def _is_playbooks(template: TemplateState, directory: DirectoryHealth) -> bool:
    # What is wrong with the playbook's own GPO is set right by apply.
    return directory.gpo is not None and directory.gpo.gpo_id == template.gpo_id


def _replication(facts: HealthFacts) -> Verdict:
    if isinstance(facts.controllers, NotRead):
        return unread(facts.controllers)
    controllers = facts.controllers
    if len(controllers) == 1:
        return passed(f"{controllers[0].fqdn} is the only domain controller: nothing to replicate.")
    if not controllers:
        return unknown("The configuration names no domain controller of this domain.")
    troubles = [trouble for found in controllers for trouble in _troubles(found)]
    troubles += _differences(controllers)
    if troubles:
        return failed(
            " ".join(troubles),
            "Look at repadmin /showrepl and repadmin /replsummary; members ask any domain "
            "controller, so all of them have to have the same GPOs.",
        )
    silent = [found.fqdn for found in controllers if found.problem is not None]
    if silent:
        return unknown(
            " ".join(str(found.problem) for found in controllers if found.problem),
            "Check the domain controller; members that use it get no policy either.",
        )
    return passed(f"{len(controllers)} domain controllers have the same GPOs.")


def _troubles(controller: ControllerState) -> Iterable[str]:
    for partner in controller.partners or ():
        if partner.failures or partner.last_result:
            yield (
                f"{controller.fqdn} last failed to replicate from {partner.name} with error "
                f"{partner.last_result} ({partner.failures} times in a row)."
            )


def _differences(controllers: Iterable[ControllerState]) -> Iterable[str]:
    asked = [found for found in controllers if found.problem is None]
    for other in asked[1:]:
        one, two = asked[0].gpo_versions, other.gpo_versions
        differing = sorted(dn for dn in {*one, *two} if one.get(dn) != two.get(dn))
        if differing:
            yield (
                f"{asked[0].fqdn} and {other.fqdn} do not have the same version of "
                f"{len(differing)} GPOs, first {differing[0]}."
            )


def _right_to_create(_: HealthFacts, directory: DirectoryHealth) -> Verdict:
    if directory.gpo is not None:
        name = directory.gpo.entry.attributes.text("displayName")
        return _may(
            directory.gpo_rights,
            f"change the GPO {name!r}",
            attributes=_GPO_ATTRIBUTES,
            cure=f"edit settings of the GPO {name!r}.",
        )
    return _may(
        directory.policies,
        "create a GPO",
        classes=("groupPolicyContainer",),
        cure="membership in Group Policy Creator Owners, or the right to create GPOs.",
    )


def _right_to_link(_: HealthFacts, directory: DirectoryHealth) -> Verdict:
    unit = next((found for found in directory.units if found.exists), None)
    if unit is None:
        return not_applicable("There is no OU to link to; name a playbook, or see ou.exists.")
    return _may(
        unit.rights,
        f"link a GPO to {unit.dn}",
        attributes=("gPLink",),
        cure=f"Link GPOs on {unit.dn} (Delegation of Control Wizard: Manage Group Policy links).",
    )


def _right_to_write_policies(_: HealthFacts, directory: DirectoryHealth) -> Verdict:
    if directory.ip_security is None:
        return failed(
            f"There is no CN=IP Security,CN=System,{directory.names.domain_dn}, or this account "
            "may not read it.",
            "Use an account that may. Every Active Directory domain is made with it; restore it, or have "
            "the domain prepared anew (adprep /domainprep).",
        )
    return _may(
        directory.ip_security,
        "create IPsec policies in CN=IP Security",
        classes=_POLICY_CLASSES,
        cure="creating and deleting the classes ipsecPolicy, ipsecISAKMPPolicy, ipsecNFA, "
        "ipsecNegotiationPolicy and ipsecFilter in CN=IP Security.",
    )


def _may(
    rights: ObjectRights | None,
    what: str,
    *,
    attributes: Iterable[str] = (),
    classes: Iterable[str] = (),
    cure: str,
) -> Verdict:
    """Compare what the directory allows with what is needed."""
    if rights is None:
        return unknown(f"The object that says whether we may {what} is not there.")
    missing: list[str] = []
    for needed, allowed in ((attributes, rights.attributes), (classes, rights.child_classes)):
        names = tuple(needed)
        if names and allowed is None:
            return unknown(f"The directory does not tell whether this account may {what}.")
        missing += [
            name for name in names if allowed is not None and name.casefold() not in allowed
        ]
    if missing:
        return failed(
            f"This account may not {what}: no right to write or create {', '.join(missing)} in "
            f"{rights.dn}.",
            _RIGHTS_CURE + cure,
        )
    return passed(f"This account may {what}.{_descriptor_words(rights)}")


def _descriptor_words(rights: ObjectRights) -> str:
    words: Mapping[int, str] = {1: "owner", 2: "group", 4: "access list", 8: "audit list"}
    found = [word for bit, word in words.items() if (rights.descriptor_bits or 0) & bit]
    return f" It may set {', '.join(found)} there." if found else ""


CHECKS: Final = (
    domain_check(
        "ad.srv-records", "Service records of the domain", [Need.RECORDS], _service_records
    ),
    domain_check("ad.bind", "Logon to the directory", [Need.DIRECTORY], _bind, guards_apply=True),
    directory_check("ad.clock", "Clock of the domain controller", _clock, guards_apply=True),
    directory_check("ad.pdc-emulator", "PDC emulator", _pdc_emulator),
    directory_check("ad.sysvol", "Templates in SYSVOL", _sysvol, guards_apply=True),
    directory_check("ad.sysvol-versions", "Versions in directory and SYSVOL", _sysvol_versions),
    domain_check(
        "ad.replication",
        "Replication between domain controllers",
        [Need.CONTROLLERS],
        _replication,
        guards_apply=True,
    ),
    directory_check(
        "ad.right-gpo", "Right to make or change the GPO", _right_to_create, guards_apply=True
    ),
    directory_check("ad.right-link", "Right to link the GPO", _right_to_link, guards_apply=True),
    directory_check(
        "ad.right-ip-security",
        "Right to write IPsec policies",
        _right_to_write_policies,
        guards_apply=True,
    ),
)
