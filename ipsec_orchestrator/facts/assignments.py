"""Which GPO assigns which policy, over the whole domain."""

from collections.abc import Mapping

from ipsec_orchestrator.model.directory import Scope, dn_key, split_dn
from ipsec_orchestrator.ports import Directory

# CN=IPSEC,CN=Windows,CN=Microsoft,CN=Machine stand above the GPO's own name.
_DEPTH = 4


def read_assignments(directory: Directory) -> Mapping[str, tuple[str, ...]]:
    """Give the display names of the GPOs that assign a policy, by the key of the policy's DN."""
    base = f"CN=Policies,CN=System,{directory.names().domain_dn}"
    found = directory.search(
        base,
        Scope.SUBTREE,
        "(&(objectClass=ipsecPolicy)(ipsecOwnersReference=*))",
        ("ipsecOwnersReference",),
    )
    assigned: dict[str, tuple[str, ...]] = {}
    for entry in found:
        gpo_dn = ",".join(split_dn(entry.dn)[_DEPTH:])
        gpo = directory.read(gpo_dn, ("displayName",))
        name = (gpo.attributes.text("displayName") if gpo else None) or gpo_dn
        for owner in entry.attributes.texts("ipsecOwnersReference"):
            key = dn_key(owner)
            assigned[key] = tuple(sorted((*assigned.get(key, ()), name)))
    return assigned
