"""Which IP security objects the directory holds, and whether we may read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from ipsec_orchestrator.errors import AccessDeniedError
from ipsec_orchestrator.facts.identity import IDENTITY_ATTRIBUTES, identified
from ipsec_orchestrator.facts.run_lock import is_lock_dn
from ipsec_orchestrator.model.directory import Entry, Scope, dn_key
from ipsec_orchestrator.ports import Directory

# Everything that [MS-GPIPSEC] 2.2.1 stores, and our mark.
OBJECT_ATTRIBUTES = (
    "objectClass",
    "ipsecName",
    "description",
    "ipsecID",
    "ipsecDataType",
    "ipsecData",
    "ipsecOwnersReference",
    "ipsecISAKMPReference",
    "ipsecNFAReference",
    "ipsecNegotiationPolicyReference",
    "ipsecFilterReference",
    "iPSECNegotiationPolicyAction",
    "iPSECNegotiationPolicyType",
    "adminDescription",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IpSecurityContainer:
    """The children of ``CN=IP Security``, by the comparable form of their DN."""

    dn: str
    entries: Mapping[str, Entry] = field(default_factory=dict[str, Entry], hash=False)

    def entry(self, dn: str) -> Entry | None:
        """Find an object by DN."""
        return self.entries.get(dn_key(dn))

    def of_class(self, object_class: str) -> tuple[Entry, ...]:
        """Give all objects of a class, in DN order."""
        wanted = object_class.casefold()
        return tuple(
            entry
            for _, entry in sorted(self.entries.items())
            if wanted in {name.casefold() for name in entry.attributes.texts("objectClass")}
        )

    def marked(self, mark: str) -> tuple[Entry, ...]:
        """Give all objects that carry this ``adminDescription``."""
        return tuple(
            entry
            for _, entry in sorted(self.entries.items())
            if entry.attributes.text("adminDescription") == mark
        )


def read_ip_security_container(directory: Directory) -> IpSecurityContainer:
    """Read all IP security objects of the domain; locks of runs are none.

    Raises:
        AccessDeniedError: The objects are listed but without content: on today's domains
            ordinary users may not read them, and emptiness must not be taken for absence.
    """
    base = f"CN=IP Security,CN=System,{directory.names().domain_dn}"
    found = [
        identified(entry)
        for entry in directory.search(
            base,
            Scope.CHILDREN,
            "(objectClass=*)",
            (*OBJECT_ATTRIBUTES, *IDENTITY_ATTRIBUTES),
        )
        if not is_lock_dn(entry.dn)
    ]
    for entry in found:
        if not entry.attributes.values_of("objectClass"):
            raise AccessDeniedError(
                target=base,
                reason=f"{entry.dn} is listed, but its attributes can't be read",
                cure="Use an account that may read IP security policies, such as a Domain Admin.",
            )
    return IpSecurityContainer(dn=base, entries={dn_key(entry.dn): entry for entry in found})
