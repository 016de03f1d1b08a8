"""All DCs of the domain: can each be asked, and has each what the others have?"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ipsec_orchestrator.facts.reps_from import parse_reps_from
from ipsec_orchestrator.model.directory import Entry, Scope, dn_key, parent_dn, same_dn
from ipsec_orchestrator.ports import Directory

# msDS-NCReplInboundNeighbors: one XML document a value; only flat elements are of interest here.
_ELEMENT = re.compile(r"<(?P<name>\w+)>(?P<text>[^<]*)</(?P=name)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicationPartner:
    """From whom a DC takes the domain.

    Attributes:
        name: DN of the partner's settings object, or its name in the DNS.
        failures: Consecutive failures.
        last_result: 0, or a Windows error number.
    """

    name: str
    failures: int
    last_result: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerState:
    """One DC of the domain.

    Attributes:
        fqdn: Its name.
        problem: Why it can't be asked; the rest is empty then.
        partners: From whom it takes the domain; ``None`` if it does not tell.
        gpo_versions: ``versionNumber`` of every GPO there, by DN key.
    """

    fqdn: str
    problem: str | None = None
    partners: tuple[ReplicationPartner, ...] | None = None
    gpo_versions: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)


def read_controllers(directory: Directory) -> tuple[str, ...]:
    """Give the FQDNs of all DCs that hold this domain, in order.

    Every DC has an NTDS Settings object below its server object in the configuration
    ([MS-ADTS] 6.1.1.2.2.1.2.1.1).
    """
    names = directory.names()
    found = directory.search(
        f"CN=Sites,{names.configuration_dn}",
        Scope.SUBTREE,
        "(objectClass=nTDSDSA)",
        ("hasMasterNCs", "msDS-hasMasterNCs"),
    )
    fqdns: set[str] = set()
    for settings in found:
        held = (
            *settings.attributes.texts("msDS-hasMasterNCs"),
            *settings.attributes.texts("hasMasterNCs"),
        )
        if held and not any(same_dn(dn, names.domain_dn) for dn in held):
            continue
        server = directory.read(parent_dn(settings.dn), ("dNSHostName",))
        fqdn = server.attributes.text("dNSHostName") if server else None
        if fqdn:
            fqdns.add(fqdn)
    return tuple(sorted(fqdns, key=str.casefold))


def read_controller(fqdn: str, directory: Directory) -> ControllerState:
    """Ask one DC what it has and from whom it takes it.

    Raises:
        BackendError: It can't be read.
    """
    names = directory.names()
    domain = directory.read(names.domain_dn, ("msDS-NCReplInboundNeighbors", "repsFrom"))
    gpos = directory.search(
        f"CN=Policies,CN=System,{names.domain_dn}",
        Scope.CHILDREN,
        "(objectClass=groupPolicyContainer)",
        ("versionNumber",),
    )
    return ControllerState(
        fqdn=fqdn,
        partners=(_partners(domain) if domain else ()) or None,
        gpo_versions={dn_key(gpo.dn): gpo.attributes.text("versionNumber") or "0" for gpo in gpos},
    )


def _partners(domain: Entry) -> tuple[ReplicationPartner, ...]:
    told = domain.attributes.texts("msDS-NCReplInboundNeighbors")
    if told:
        return tuple(_partner(text) for text in told)
    # A Samba DC does not make that XML of what it stores.
    stored = (parse_reps_from(value) for value in domain.attributes.values_of("repsFrom"))
    return tuple(
        ReplicationPartner(name=found.name, failures=found.failures, last_result=found.last_result)
        for found in stored
        if found is not None
    )


def _partner(text: str) -> ReplicationPartner:
    found = {match["name"]: match["text"] for match in _ELEMENT.finditer(text)}
    return ReplicationPartner(
        name=found.get("pszSourceDsaDN", ""),
        failures=_number(found.get("cNumConsecutiveSyncFailures")),
        last_result=_number(found.get("dwLastSyncResult")),
    )


def _number(text: str | None) -> int:
    return int(text) if text and text.strip().isdigit() else 0
