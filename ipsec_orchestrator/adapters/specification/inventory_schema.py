"""The shape of an inventory file: keys, words, defaults and their explanations."""

from typing import Annotated, Literal, TypeAlias

from pydantic import ConfigDict, Field, JsonValue

from ipsec_orchestrator.adapters.specification.administration_schema import AdministrationSection
from ipsec_orchestrator.adapters.specification.azure_schema import (
    AzureSection,
    HostAzureSection,
)
from ipsec_orchestrator.adapters.specification.fields import (
    ConnectTarget,
    Deadline,
    Description,
    DnsName,
    IpAddress,
    Label,
    PolicyAge,
    Section,
    TcpPort,
    Timeout,
)
from ipsec_orchestrator.model.inventory import (
    DEFAULT_POLICY_AGE_SECONDS,
    AuthMethod,
    HostRole,
    LdapTransport,
    MemberTransport,
    Scheme,
)

# Enumerations come as words, so they alone are not strict.
_Role: TypeAlias = Annotated[HostRole, Field(strict=False)]


class LdapSection(Section):
    """How to speak to the directory."""

    transport: Annotated[LdapTransport, Field(strict=False)] = Field(
        LdapTransport.SEALED,
        description="sealed: port 389, every message signed and encrypted by Kerberos or NTLM. "
        "ldaps: port 636 with TLS.",
    )
    auth: Annotated[AuthMethod, Field(strict=False)] = Field(
        AuthMethod.NEGOTIATE,
        description="negotiate takes Kerberos where there is a ticket and NTLM otherwise; "
        "simple is allowed with transport ldaps only.",
    )
    port: TcpPort | None = Field(None, description="Default: 389, or 636 with ldaps.")
    ca_file: str | None = Field(
        None,
        description="PEM file with the CA of the domain controllers' certificates; default: the "
        "system's. A relative path counts from this file's folder.",
        examples=["ca.pem"],
    )
    address: ConnectTarget | None = Field(
        None,
        description="Connect to this address instead of asking DNS; the server's name for "
        "Kerberos and TLS stays the domain controller's.",
        examples=["10.2.27.4"],
    )
    connect_timeout: Timeout = Field(10, description="Seconds, or '10s'.", examples=["10s"])
    read_timeout: Timeout = Field(60, description="Seconds, or '1m'.", examples=["1m"])


class CredentialsSection(Section):
    """Where credentials come from. Passwords are never written into these files."""

    user: str | None = Field(
        None,
        description="Who connects. The password comes from the prompt, the environment, the "
        "system keyring or a keytab. Without it: the Kerberos ticket or the logged-on user.",
        examples=["IPSECTEST\\ipsec-admin", "ipsec-admin@IPSECTEST.COM"],
    )
    ccache: str | None = Field(
        None,
        description="Kerberos credential cache, as kinit writes it.",
        examples=["run/admin.ccache"],
    )
    keytab: str | None = Field(
        None,
        description="Keytab that holds the key of 'user'.",
        examples=["~/ipsec-admin.keytab"],
    )
    krb5_conf: str | None = Field(
        None,
        description="A krb5.conf to use instead of the system's.",
        examples=["run/krb5.conf"],
    )
    keyring: str | None = Field(
        None,
        description="Service name under which the system keyring holds the password of 'user'.",
        examples=["ipsec-orchestrator"],
    )


class DomainSection(Section):
    """The Active Directory domain."""

    name: DnsName = Field(description="DNS name of the domain.", examples=["ipsectest.com"])
    controllers: list[DnsName] = Field(
        [],
        description="Domain controllers: names of hosts below, or FQDNs. Default: all hosts with "
        "the role domain-controller.",
        examples=[["dc1"]],
    )
    pdc: DnsName | None = Field(
        None,
        description="The domain controller that is read and written, by host name or FQDN. "
        "Default: the PDC emulator, found through DNS and the directory.",
        examples=["dc1.ipsectest.com"],
    )
    dns_server: IpAddress | None = Field(
        None,
        description="Ask this DNS server instead of the system's.",
        examples=["10.2.27.4"],
    )
    policy_age: PolicyAge = Field(
        DEFAULT_POLICY_AGE_SECONDS,
        description="How long a member's last successful run of Group Policy may be ago before "
        "drift reports it: seconds, or '24h'.",
        examples=["24h"],
    )
    ldap: LdapSection = Field(default_factory=lambda: LdapSection.model_validate({}))
    credentials: CredentialsSection = Field(
        default_factory=lambda: CredentialsSection.model_validate({}),
    )


class WinrmSection(Section):
    """How to reach a host by WinRM."""

    transport: Annotated[MemberTransport, Field(strict=False)] = Field(
        MemberTransport.PSRP,
        description="psrp: PowerShell remoting. winrm: a WinRS shell, for hosts that allow no "
        "PowerShell remoting.",
    )
    auth: Literal["negotiate", "kerberos", "ntlm"] = Field(
        "negotiate",
        description="negotiate takes Kerberos where there is a ticket and NTLM otherwise.",
    )
    scheme: Annotated[Scheme, Field(strict=False)] = Field(
        Scheme.HTTP,
        description="http: messages are encrypted by Kerberos or NTLM. https: by TLS.",
    )
    port: TcpPort | None = Field(None, description="Default: 5985, or 5986 with https.")
    ca_file: str | None = Field(
        None,
        description="PEM file with the CA of the host's certificate; default: the system's.",
        examples=["ca.pem"],
    )
    address: ConnectTarget | None = Field(
        None,
        description="Connect to this address instead of asking DNS; the host's name for Kerberos "
        "and TLS stays its FQDN.",
        examples=["10.0.1.20"],
    )
    connect_timeout: Timeout = Field(20, description="Seconds, or '20s'.", examples=["20s"])
    deadline: Deadline = Field(
        900,
        description="How long a policy refresh may take on this host.",
        examples=["15m"],
    )


class SharedSettings(Section):
    """Settings that many hosts share; what a host says itself wins."""

    winrm: WinrmSection = Field(default_factory=lambda: WinrmSection.model_validate({}))
    ou: str | None = Field(
        None,
        description="OU of the computer account: a DN, or short, relative to the domain.",
        examples=["IPSecOU", "OU=IPSecOU,DC=ipsectest,DC=com"],
    )
    variables: dict[str, JsonValue] = Field(
        {},
        description="Anything else that is worth noting about the hosts; never secrets.",
        examples=[{"site": "west-europe"}],
    )


class GroupSection(SharedSettings):
    """A group of hosts, for selectors and for settings that its hosts share."""

    description: Description = Field("", description="What the group is for.")
    hosts: list[Label] = Field(
        [],
        description="Members of the group, beside those hosts that name it in their 'groups'.",
        examples=[["vm1", "vm2"]],
    )


class HostSection(SharedSettings):
    """One Windows host."""

    role: _Role = Field(
        description="What the host is.",
        examples=["azure-vm"],
    )
    fqdn: DnsName | None = Field(
        None,
        description="Default: the name of the host and the name of the domain.",
        examples=["vm1.ipsectest.com"],
    )
    addresses: list[IpAddress] = Field(
        [],
        description="All addresses of the host; the filters of a policy are checked against them.",
        examples=[["10.0.1.20"]],
    )
    groups: list[Label] = Field(
        [],
        description="Groups that the host is in.",
        examples=[["web"]],
    )
    azure: HostAzureSection | None = Field(
        None,
        description="The Azure VM that the host is; by default the one of the host's name.",
    )


class ApprovalSection(Section):
    """Who has to sign a plan before it may be carried out."""

    signers: str | list[str] = Field(
        description="File of allowed signers as of OpenSSH, or of a minisign public key; or "
        "several. A relative path counts from this file's folder.",
        examples=["allowed_signers", ["alice.pub", "bob.pub"]],
    )
    required: Annotated[int, Field(ge=1, le=99)] = Field(
        1,
        description="How many different people of them.",
        examples=[2],
    )


class InventoryFile(Section):
    """What exists: the domain, its networks and hosts. Several files make one inventory."""

    model_config = ConfigDict(title="Inventory of ipsec_orchestrator")

    domain: DomainSection | None = Field(
        None,
        description="The Active Directory domain; in one file only.",
    )
    azure: AzureSection | None = Field(
        None,
        description="The Azure side, for the checks of 'orchestrate doctor'; in one file only.",
    )
    administration: AdministrationSection | None = Field(
        None,
        description="What administration needs: a plan that would close it is refused; in one "
        "file only.",
    )
    approval: ApprovalSection | None = Field(
        None,
        description="Carry out only plans that these people have signed; in one file only.",
    )
    networks: dict[Label, str] = Field(
        {},
        description="Named subnets, to be used as source and destination in playbooks.",
        examples=[{"azure": "10.0.1.0/24", "on-premises": "10.2.27.0/25"}],
    )
    defaults: SharedSettings | None = Field(
        None,
        description="Settings of all hosts; in one file only.",
    )
    roles: dict[_Role, SharedSettings] = Field(
        {},
        description="Settings of all hosts of a role; they win over 'defaults'.",
    )
    groups: dict[Label, GroupSection] = Field(
        {},
        description="Groups; their settings win over those of roles. If any group is declared, "
        "hosts can name declared groups only.",
    )
    hosts: dict[Label, HostSection] = Field(
        {},
        description="The hosts, by the name under which --limit knows them.",
    )
