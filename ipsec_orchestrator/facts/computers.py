"""Which computer accounts the OU holds: everybody whom the policy would reach."""

from dataclasses import dataclass, field

from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.facts.gpo import escape_filter
from ipsec_orchestrator.model.directory import Entry, Scope
from ipsec_orchestrator.ports import Directory

# userAccountControl SERVER_TRUST_ACCOUNT [MS-ADTS] 2.2.16: a domain controller.
_SERVER_TRUST_ACCOUNT = 0x2000
# ACCOUNTDISABLE, likewise.
_DISABLED = 0x2


@dataclass(frozen=True, slots=True, kw_only=True)
class Computer:
    """One computer account; ``sid`` is its security identifier, as text."""

    dn: str
    name: str
    fqdn: str
    is_domain_controller: bool
    sid: str | None = None
    is_disabled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedComputers:
    """The computer accounts in the OU and below, in DN order."""

    computers: tuple[Computer, ...]
    _by_fqdn: dict[str, Computer] = field(init=False, repr=False, compare=False)
    _by_name: dict[str, Computer] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Many thousand hosts are looked up one by one; of several the first in DN order counts.
        backwards = self.computers[::-1]
        by_fqdn = {each.fqdn.casefold(): each for each in backwards if each.fqdn}
        by_name = {each.name.casefold(): each for each in backwards if not each.fqdn}
        object.__setattr__(self, "_by_fqdn", by_fqdn)
        object.__setattr__(self, "_by_name", by_name)

    def find(self, fqdn: str) -> Computer | None:
        """Find an account by DNS name or, failing that, by the first label as its name."""
        wanted = fqdn.casefold()
        return self._by_fqdn.get(wanted) or self._by_name.get(wanted.partition(".")[0])


def find_account(directory: Directory, host: str) -> str | None:
    """Find a host's computer account anywhere in the domain.

    Args:
        directory: The DC.
        host: DNS name of the host, or the DN of its account.

    Returns:
        The DN; that which was given if it is one.

    Raises:
        BackendError: The directory can't be read.
    """
    if "=" in host:
        return host
    name, label = escape_filter(host), escape_filter(host.partition(".")[0])
    wanted = f"(&(objectClass=computer)(|(dNSHostName={name})(sAMAccountName={label}$)))"
    found = directory.search(directory.names().domain_dn, Scope.SUBTREE, wanted, ("cn",))
    return next((entry.dn for entry in found), None)


def read_computers(directory: Directory, base: str) -> ObservedComputers:
    """Read the computer accounts in an OU and below."""
    found = directory.search(
        base,
        Scope.SUBTREE,
        # A group managed service account is a computer by class, but no machine.
        "(&(objectClass=computer)(!(objectClass=msDS-GroupManagedServiceAccount)))",
        ("cn", "dNSHostName", "userAccountControl", "objectSid"),
    )
    computers = [_computer(entry) for entry in found]
    return ObservedComputers(computers=tuple(sorted(computers, key=lambda c: c.dn.casefold())))


def _computer(entry: Entry) -> Computer:
    control = int(entry.attributes.text("userAccountControl") or "0")
    sids = (str(Sid.from_bytes(value)) for value in entry.attributes.values_of("objectSid"))
    return Computer(
        dn=entry.dn,
        name=entry.attributes.text("cn") or "",
        fqdn=entry.attributes.text("dNSHostName") or "",
        is_domain_controller=bool(control & _SERVER_TRUST_ACCOUNT),
        sid=next(sids, None),
        is_disabled=bool(control & _DISABLED),
    )
