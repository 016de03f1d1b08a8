"""A member's own account: where it stands and which security identifiers it holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Final

from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.errors import DirectoryError
from ipsec_orchestrator.facts.gpo import escape_filter
from ipsec_orchestrator.model.directory import Attributes, Scope
from ipsec_orchestrator.model.inventory import Address
from ipsec_orchestrator.ports import Directory

# Everyone; Authenticated Users; This Organization is left out, nobody filters by it.
_ALWAYS: Final = (Sid.parse("S-1-1-0"), Sid.parse("S-1-5-11"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ComputerAccount:
    """A computer as the domain knows it.

    Attributes:
        dn: Its object.
        sids: Its own SID and those of all its groups.
        site_dn: The Active Directory site of its address, ``None`` if there are no sites.
    """

    dn: str
    sids: frozenset[Sid]
    site_dn: str | None = None


def read_computer_account(
    directory: Directory,
    account: str,
    addresses: Sequence[Address] = (),
) -> ComputerAccount:
    """Read a computer's account.

    Args:
        directory: Read with the computer's own credentials.
        account: ``vm1$``.
        addresses: Its addresses, which decide on the site.

    Raises:
        DirectoryError: There is no such account.
    """
    wanted = f"(&(objectClass=computer)(sAMAccountName={escape_filter(account)}))"
    base = directory.names().domain_dn
    found = list(directory.search(base, Scope.SUBTREE, wanted, ("objectSid", "primaryGroupID")))
    if not found:
        raise DirectoryError(dn=account, code=32, reason="there is no such computer account")
    dn = found[0].dn
    return ComputerAccount(
        dn=dn,
        sids=_sids(directory, dn, found[0].attributes),
        site_dn=_site_dn(directory, addresses),
    )


def _sids(directory: Directory, dn: str, attributes: Attributes) -> frozenset[Sid]:
    own = [Sid.from_bytes(value) for value in attributes.values_of("objectSid")]
    primary = attributes.text("primaryGroupID")
    groups = [sid.domain.child(int(primary)) for sid in own if primary]
    # tokenGroups is constructed by the server and holds nested groups; only a base search gives it.
    entry = directory.read(dn, ("tokenGroups",))
    if entry is not None:
        groups.extend(Sid.from_bytes(value) for value in entry.attributes.values_of("tokenGroups"))
    return frozenset((*_ALWAYS, *own, *groups))


def _site_dn(directory: Directory, addresses: Sequence[Address]) -> str | None:
    """Give the site whose subnet is the narrowest around an address, else the only site."""
    base = f"CN=Sites,{directory.names().configuration_dn}"
    best: tuple[int, str] | None = None
    for entry in directory.search(
        base, Scope.SUBTREE, "(objectClass=subnet)", ("cn", "siteObject")
    ):
        name, site = entry.attributes.text("cn"), entry.attributes.text("siteObject")
        if name is None or site is None:
            continue
        subnet = ip_network(name)
        inside = any(a.version == subnet.version and a in subnet for a in addresses)
        if inside and (best is None or subnet.prefixlen > best[0]):
            best = (subnet.prefixlen, site)
    if best is not None:
        return best[1]
    sites = [
        entry.dn for entry in directory.search(base, Scope.CHILDREN, "(objectClass=site)", ("cn",))
    ]
    return sites[0] if len(sites) == 1 else None
