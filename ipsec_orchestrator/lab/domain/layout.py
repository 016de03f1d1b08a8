"""Where everything of one lab lives: folders, addresses, ports and names. Pure values."""

from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from ipsec_orchestrator.errors import UsageError

REALM = "IPSECTEST.COM"
DNS_DOMAIN = "ipsectest.com"
NETBIOS_DOMAIN = "IPSECTEST"
DOMAIN_DN = "DC=ipsectest,DC=com"
DC_NAME = "dc1"
ADMINISTRATOR = "Administrator"

FIRST_NETWORK = 50
LAST_NETWORK = 249
HOSTS_PER_OCTET = 254

MAX_MEMBERS = HOSTS_PER_OCTET * HOSTS_PER_OCTET
"""Addresses from 127.N.1.1 to 127.N.254.254 without .0 and .255, which look like broadcasts."""

LONGEST_NAME = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainPorts:
    """The well-known ports that the domain controller listens on; clients expect no others."""

    dns: int = 53
    kerberos: int = 88
    rpc_endpoint_mapper: int = 135
    ldap: int = 389
    smb: int = 445
    kpasswd: int = 464
    ldaps: int = 636
    global_catalog: int = 3268
    global_catalog_tls: int = 3269

    def all(self) -> tuple[int, ...]:
        """Every port, ascending."""
        return (
            self.dns,
            self.kerberos,
            self.rpc_endpoint_mapper,
            self.ldap,
            self.smb,
            self.kpasswd,
            self.ldaps,
            self.global_catalog,
            self.global_catalog_tls,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainHost:
    """One simulated host of the domain.

    Attributes:
        name: Short name in lower case, for example ``vm1``; ``dc1`` is the domain controller.
        address: Its own loopback address.
        ou: Name of the organizational unit of its computer account, directly under the domain.
            Without meaning for ``dc1``, whose account stays in Domain Controllers.
        operating_system: What its account shows as ``operatingSystem``.
    """

    name: str
    address: IPv4Address
    ou: str = "IPSecOU"
    operating_system: str = "Windows Server 2022 Datacenter"

    @property
    def fqdn(self) -> str:
        """The name in the domain, for example ``vm1.ipsectest.com``."""
        return f"{self.name}.{DNS_DOMAIN}"

    @property
    def account(self) -> str:
        """``sAMAccountName`` of the computer account, for example ``VM1$``."""
        return f"{self.name.upper()}$"

    @property
    def is_domain_controller(self) -> bool:
        """Whether this is the host that the domain itself runs on."""
        return self.name == DC_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class LabLayout:
    """All paths, addresses and names of one lab.

    Attributes:
        state_dir: The state folder of the program, absolute.
        name: Name of the lab: lower-case letters, digits and hyphens.
        network: Second octet of the lab's own loopback block 127.N.0.0/16, 50 to 249.
    """

    state_dir: Path
    name: str
    network: int
    ports: DomainPorts = DomainPorts()

    def __post_init__(self) -> None:
        check_lab_name(self.name)

    @property
    def root(self) -> Path:
        """Everything of this lab; removed as a whole when the lab is destroyed."""
        return lab_root(self.state_dir, self.name)

    @property
    def layout_file(self) -> Path:
        """What marks the folder as a lab, and remembers its network."""
        return self.root / "layout.json"

    @property
    def samba_dir(self) -> Path:
        """Everything that Samba itself reads and writes."""
        return self.root / "samba"

    @property
    def pristine_dir(self) -> Path:
        """Copy of ``samba_dir`` as it was before the first start."""
        return self.root / "pristine"

    @property
    def smb_conf(self) -> Path:
        """Configuration with real paths, for offline tools such as ``samba-tool ntacl``."""
        return self.samba_dir / "etc" / "smb.conf"

    @property
    def server_conf(self) -> Path:
        """Configuration of the server, with the paths of its private mount namespace."""
        return self.samba_dir / "etc" / "server.conf"

    @property
    def client_conf(self) -> Path:
        """Configuration for Samba's clients; use it with ``tools.run_in_lab``."""
        return self.root / "client.conf"

    @property
    def client_dir(self) -> Path:
        """What Samba's clients write: locks and caches."""
        return self.root / "client"

    @property
    def server_log(self) -> Path:
        """What the server's root process wrote."""
        return self.root / "samba.log"

    @property
    def server_lock(self) -> Path:
        """Locked for as long as the server lives; holds the process id of its guard."""
        return self.root / "samba.lock"

    @property
    def tls_dir(self) -> Path:
        """Certificates and keys."""
        return self.root / "tls"

    @property
    def ca_file(self) -> Path:
        """The lab's own certificate authority, PEM."""
        return self.tls_dir / "ca.pem"

    @property
    def secrets_dir(self) -> Path:
        """Passwords, keytabs and credential caches, mode 700."""
        return self.root / "secrets"

    @property
    def admin_password_file(self) -> Path:
        """The Administrator's password, without a line end, mode 600."""
        return self.secrets_dir / "administrator.password"

    @property
    def computer_passwords_file(self) -> Path:
        """JSON object of host name to the password of its computer account, mode 600."""
        return self.secrets_dir / "computers.json"

    @property
    def keytab(self) -> Path:
        """Keys of all simulated hosts: HTTP, HOST, WSMAN and the accounts themselves."""
        return self.secrets_dir / "hosts.keytab"

    @property
    def ntlm_user_file(self) -> Path:
        """``NTLM_USER_FILE`` of the simulated hosts, mode 600."""
        return self.secrets_dir / "ntlm-users"

    @property
    def ccache(self) -> Path:
        """The Administrator's credential cache, mode 600."""
        return self.secrets_dir / "administrator.ccache"

    @property
    def krb5_conf(self) -> Path:
        """What ``KRB5_CONFIG`` must name for every Kerberos program of this lab."""
        return self.root / "krb5.conf"

    @property
    def hosts_file(self) -> Path:
        """Names and addresses of the lab in the format of ``/etc/hosts``."""
        return self.root / "hosts"

    @property
    def dc_fqdn(self) -> str:
        """Name of the domain controller."""
        return f"{DC_NAME}.{DNS_DOMAIN}"

    @property
    def dc_address(self) -> IPv4Address:
        """Address of the domain controller, and of the simulated host ``dc1``."""
        return IPv4Address(f"127.{self.network}.0.1")

    def member_address(self, index: int) -> IPv4Address:
        """Address of the member number ``index``, counted from 0.

        Raises:
            UsageError: More members than a block has addresses.
        """
        if not 0 <= index < MAX_MEMBERS:
            raise UsageError(
                f"A lab has room for {MAX_MEMBERS} members.", cure="Ask for fewer with --members."
            )
        third, fourth = divmod(index, HOSTS_PER_OCTET)
        return IPv4Address(f"127.{self.network}.{third + 1}.{fourth + 1}")

    def certificate(self, name: str) -> Path:
        """Certificate of a host with its chain, PEM."""
        return self.tls_dir / f"{name}.pem"

    def private_key(self, name: str) -> Path:
        """Private key of a host, PEM, mode 600."""
        return self.tls_dir / f"{name}.key"


def lab_root(state_dir: Path, name: str) -> Path:
    """Folder of a lab, whether it exists or not."""
    return state_dir / "lab" / name


def check_lab_name(name: str) -> None:
    """Refuse names that are no plain folder names.

    Raises:
        UsageError: With what is allowed.
    """
    allowed = name.isascii() and name.replace("-", "").isalnum() and name == name.lower()
    if not allowed or name.startswith("-") or len(name) > LONGEST_NAME:
        raise UsageError(
            f"{name!r} is no name for a lab.",
            cure=f"Use up to {LONGEST_NAME} lower-case letters, digits and hyphens.",
        )
