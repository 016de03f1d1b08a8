"""Other GPOs that carry IPsec settings and reach the same computers.

A computer takes exactly one policy: that of the last GPO in processing order that carries the
IPsec extension, even if that GPO assigns nothing.
"""

from uuid import UUID

from ipsec_orchestrator.codec.extension_names import IPSEC_PAIR, parse_extension_names
from ipsec_orchestrator.codec.gp_link import GpLinks, parse_gp_link
from ipsec_orchestrator.errors import CodecError
from ipsec_orchestrator.facts.gpo import ObservedGpo, read_gpo_by_id
from ipsec_orchestrator.model.directory import parent_dn, same_dn
from ipsec_orchestrator.ports import Directory


def read_rivals(
    directory: Directory,
    ou: str,
) -> tuple[tuple[ObservedGpo, ...], frozenset[UUID]]:
    """Give the GPOs with the IPsec pair linked to the OU or above, and the enforced ones above.

    Disabled links and links to GPOs that no longer exist count for nothing.
    """
    found: dict[UUID, ObservedGpo] = {}
    enforced: set[UUID] = set()
    for level, dn in enumerate(_upwards(ou, directory.names().domain_dn)):
        for link in _links(directory, dn).links:
            if link.disabled or link.gpo_id is None:
                continue
            gpo = found.get(link.gpo_id) or read_gpo_by_id(directory, link.gpo_id)
            if gpo is None or not _has_pair(gpo):
                continue
            found[link.gpo_id] = gpo
            if level and link.enforced:
                enforced.add(link.gpo_id)
    return tuple(found.values()), frozenset(enforced)


def _upwards(ou: str, domain_dn: str) -> list[str]:
    dns = [ou]
    while not same_dn(dns[-1], domain_dn) and parent_dn(dns[-1]):
        dns.append(parent_dn(dns[-1]))
    return dns


def _links(directory: Directory, dn: str) -> GpLinks:
    entry = directory.read(dn, ("gPLink",))
    text = entry.attributes.text("gPLink") if entry else None
    return parse_gp_link(text or "")


def _has_pair(gpo: ObservedGpo) -> bool:
    try:
        names = parse_extension_names(gpo.entry.attributes.text("gPCMachineExtensionNames") or "")
    except CodecError:
        # Members can't read such a value either; it decides nothing.
        return False
    return names.has(IPSEC_PAIR)
