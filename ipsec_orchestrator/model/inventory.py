"""What exists: the domain, its networks and hosts, and how to reach them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias

from ipsec_orchestrator.model.administration import AdministrationSettings
from ipsec_orchestrator.model.approval import ApprovalDemand
from ipsec_orchestrator.model.azure_settings import AzureResource, AzureSettings
from ipsec_orchestrator.model.json import Json

Address: TypeAlias = IPv4Address | IPv6Address
Subnet: TypeAlias = IPv4Network | IPv6Network


class HostRole(StrEnum):
    """What a host is in the scene of the how-to."""

    DOMAIN_CONTROLLER = "domain-controller"
    AZURE_VM = "azure-vm"
    ON_PREMISES = "on-premises"


class MemberTransport(StrEnum):
    """Which client library speaks to a host: PSRP (pypsrp) or a WinRS shell (pywinrm)."""

    PSRP = "psrp"
    WINRM = "winrm"


class AuthMethod(StrEnum):
    """How a client proves who it is; negotiate takes Kerberos and falls back to NTLM."""

    NEGOTIATE = "negotiate"
    KERBEROS = "kerberos"
    NTLM = "ntlm"
    SIMPLE = "simple"


class Scheme(StrEnum):
    """WinRM over HTTP (messages encrypted by the authentication) or HTTPS."""

    HTTP = "http"
    HTTPS = "https"


class LdapTransport(StrEnum):
    """LDAP on 389 with sealing by the authentication, or LDAPS on 636."""

    SEALED = "sealed"
    LDAPS = "ldaps"


# Members refresh every 90 to 120 minutes; a day without is no accident.
DEFAULT_POLICY_AGE_SECONDS: Final = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class WinrmSettings:
    """How to reach a host by WinRM. Durations in seconds."""

    transport: MemberTransport = MemberTransport.PSRP
    auth: AuthMethod = AuthMethod.NEGOTIATE
    scheme: Scheme = Scheme.HTTP
    port: int | None = None
    ca_file: str | None = None
    address: str | None = None
    connect_timeout_seconds: float = 20.0
    deadline_seconds: float = 900.0

    @property
    def effective_port(self) -> int:
        """The port, or WinRM's default of the scheme."""
        return self.port or (5986 if self.scheme is Scheme.HTTPS else 5985)


@dataclass(frozen=True, slots=True, kw_only=True)
class LdapSettings:
    """How to speak to the directory. ``server`` overrides finding the PDC emulator."""

    transport: LdapTransport = LdapTransport.SEALED
    auth: AuthMethod = AuthMethod.NEGOTIATE
    port: int | None = None
    ca_file: str | None = None
    server: str | None = None
    address: str | None = None
    connect_timeout_seconds: float = 10.0
    read_timeout_seconds: float = 60.0

    @property
    def effective_port(self) -> int:
        """The port, or the default of the transport."""
        return self.port or (636 if self.transport is LdapTransport.LDAPS else 389)


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialSource:
    r"""Where credentials come from; never the credentials themselves.

    Attributes:
        user: ``DOMAIN\user`` or ``user@REALM``; ``None`` leaves it to the ticket or to SSPI.
        ccache: Path of a Kerberos credential cache.
        keytab: Path of a keytab for ``user``.
        krb5_conf: Path of a krb5.conf to use instead of the system's.
        keyring_service: Service name under which the system keyring holds the password.
    """

    user: str | None = None
    ccache: str | None = None
    keytab: str | None = None
    krb5_conf: str | None = None
    keyring_service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """The Active Directory domain.

    ``name`` is its DNS name; ``policy_age_seconds`` is how long a member's last successful run of
    Group Policy may be ago.
    """

    name: str
    controllers: tuple[str, ...] = ()
    pdc: str | None = None
    dns_server: str | None = None
    ldap: LdapSettings = field(default_factory=LdapSettings)
    credentials: CredentialSource = field(default_factory=CredentialSource)
    policy_age_seconds: int = DEFAULT_POLICY_AGE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A named subnet that playbooks refer to."""

    name: str
    subnet: Subnet


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One Windows host. ``name`` is how the inventory and the user call it.

    ``azure_vm`` is the VM that it is, where that is not called as the host is.
    """

    name: str
    role: HostRole
    fqdn: str
    addresses: tuple[Address, ...] = ()
    ou: str | None = None
    winrm: WinrmSettings = field(default_factory=WinrmSettings)
    variables: Mapping[str, Json] = field(default_factory=dict[str, Json], hash=False)
    groups: frozenset[str] = frozenset()
    azure_vm: AzureResource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """All that exists, as the files say; ``files`` are their names for messages.

    With ``approval`` only plans that so many of its people have signed may be carried out.
    """

    domain: Domain
    networks: tuple[Network, ...] = ()
    hosts: tuple[Host, ...] = ()
    files: tuple[str, ...] = ()
    azure: AzureSettings | None = None
    administration: AdministrationSettings = field(default_factory=AdministrationSettings)
    approval: ApprovalDemand | None = None

    def host(self, name: str) -> Host | None:
        """Find a host by its inventory name, case-blind."""
        key = name.casefold()
        return next((host for host in self.hosts if host.name.casefold() == key), None)

    def network(self, name: str) -> Network | None:
        """Find a network by name, case-blind."""
        key = name.casefold()
        return next((found for found in self.networks if found.name.casefold() == key), None)

    def with_hosts(self, hosts: Iterable[Host]) -> "Inventory":
        """Give a copy that holds only these hosts."""
        return replace(self, hosts=tuple(hosts))
