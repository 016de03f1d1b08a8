"""The shape of a playbook file: keys, words, defaults and their explanations."""

from typing import Annotated

from pydantic import ConfigDict, Field

from ipsec_orchestrator.adapters.specification.algorithms import (
    KeyExchangeMethodText,
    SecurityMethodText,
)
from ipsec_orchestrator.adapters.specification.fields import (
    Description,
    Label,
    MainModeLifetime,
    Name,
    PollingInterval,
    Section,
)
from ipsec_orchestrator.adapters.specification.rollout_schema import RolloutSection
from ipsec_orchestrator.adapters.specification.traffic import PortWord, ProtocolWord
from ipsec_orchestrator.adapters.specification.watch_schema import WatchSection
from ipsec_orchestrator.adapters.specification.words import (
    AssignedPolicy,
    AuthenticationWord,
    TunnelWord,
)
from ipsec_orchestrator.model.policy import (
    DEFAULT_KEY_EXCHANGE_METHODS,
    ConnectionType,
    FilterActionKind,
    GpoVia,
    Mode,
)

_ENDPOINT = (
    "An IPv4 address (10.0.1.20), a subnet (10.0.1.0/24), a network of the inventory (azure), "
    "'me' (the computer that applies the policy) or 'any'."
)


class GpoSection(Section):
    """The Group Policy object that carries the policy, and its link."""

    name: Name = Field(
        description="Display name, as GPMC shows it.",
        examples=["IPSec-Azure-OnPremises"],
    )
    ou: str = Field(
        description="The OU that the GPO is linked to: a DN, or short, relative to the domain.",
        examples=["IPSecOU", "OU=IPSecOU,DC=ipsectest,DC=com"],
    )
    link_enabled: bool = Field(default=True, description="GPMC: Link Enabled.")
    enforced: bool = Field(default=False, description="GPMC: Enforced.")
    order: Annotated[int, Field(ge=1, le=999)] | None = Field(
        None,
        description="GPMC: Link Order; 1 wins. Default: a new link goes last, an existing one "
        "stays where it is.",
    )
    via: Annotated[GpoVia, Field(strict=False)] = Field(
        GpoVia.WINRM,
        description="How a new GPO is made: winrm runs New-GPO on a domain controller; smb "
        "writes the LDAP object and the SYSVOL folder.",
    )
    adopt: bool = Field(
        default=False,
        description="Take over a GPO of that name that this tool did not make.",
    )


class UnsecuredSection(Section):
    """The two boxes on unsecured communication of a filter action."""

    accept_inbound: bool = Field(
        default=False,
        description="Accept unsecured communication, but always respond using IPsec.",
    )
    allow_fallback: bool = Field(
        default=False,
        description="Allow unsecured communication with computers that do not support IPsec.",
    )


class FilterActionSection(Section):
    """What happens to traffic that a filter matches."""

    name: Name = Field(description="As the snap-in shows it.", examples=["myEncryption"])
    description: Description = Field("", description="Free text.")
    action: Annotated[FilterActionKind, Field(strict=False)] = Field(
        description="negotiate security, permit, or block.",
        examples=["negotiate"],
    )
    unsecured: UnsecuredSection | None = Field(
        None,
        description="Unsecured communication; only with action negotiate. Default: none at all.",
    )
    methods: list[SecurityMethodText] = Field(
        [],
        description="Security methods in order of preference, as netsh writes them; an optional "
        "lifetime of the keys follows.",
        examples=[["ESP[3DES,SHA1]:100000k/3600s", "AH[SHA1]+ESP[DES,MD5]"]],
    )
    pfs: bool = Field(default=False, description="Session key perfect forward secrecy.")


class FilterSection(Section):
    """One filter: which packets are meant."""

    source: str = Field(description=_ENDPOINT, examples=["10.0.1.0/24", "azure", "me", "any"])
    destination: str = Field(
        description=_ENDPOINT,
        examples=["10.2.27.0/25", "on-premises", "me", "any"],
    )
    protocol: ProtocolWord = Field(
        0,
        description="any, icmp, igmp, tcp, udp, raw, or the protocol's number.",
        examples=["tcp", "any", 17],
    )
    source_port: PortWord = Field(
        0,
        description="A port number, or 'any' (or 0); only with tcp and udp.",
        examples=["any"],
    )
    destination_port: PortWord = Field(
        0,
        description="A port number, or 'any' (or 0); only with tcp and udp.",
        examples=[8080],
    )
    mirrored: bool = Field(
        default=True,
        description="Match the packets of the opposite direction as well.",
    )
    description: Description = Field("", description="Free text.")


class FilterListSection(Section):
    """A named list of filters. Rules share lists; lists do not share filters."""

    name: Name = Field(
        description="As the snap-in shows it.",
        examples=["azure-onpremises-HTTP8080"],
    )
    description: Description = Field("", description="Free text.")
    filters: list[FilterSection] = Field(
        description="The filters; Windows orders them itself, most specific first.",
        min_length=1,
        examples=[[{"source": "azure", "destination": "on-premises", "protocol": "tcp"}]],
    )


class KeyExchangeSection(Section):
    """Key exchange (main mode) settings of a policy."""

    methods: list[KeyExchangeMethodText] = Field(
        list(DEFAULT_KEY_EXCHANGE_METHODS),
        description="Encryption-integrity-group in order of preference, as netsh writes them; "
        "group 1 is DH 768, 2 is DH 1024, 3 is DH 2048.",
        min_length=1,
        examples=[["3DES-SHA1-2", "3DES-SHA1-3"]],
        json_schema_extra={"default": ["3DES-SHA1-2", "3DES-SHA1-3"]},
    )
    pfs: bool = Field(
        default=False,
        description="Master key perfect forward secrecy: every session key negotiates anew.",
    )
    quick_modes_per_main_mode: Annotated[int, Field(ge=0, le=0x7FFF_FFFF)] = Field(
        0,
        description="Renew the master key after that many sessions; 0 means no limit.",
    )
    lifetime: MainModeLifetime = Field(
        28_800,
        description="Renew the master key after that time: seconds, or '8h'.",
        examples=["8h"],
    )


class RuleSection(Section):
    """A rule joins a filter list, a filter action and authentication."""

    name: Name | None = Field(None, description="Default: the name of the filter list.")
    description: Description = Field("", description="Free text.")
    filter_list: str = Field(
        description="Name of one of the filter lists above.",
        examples=["azure-onpremises-HTTP8080"],
    )
    filter_action: str = Field(
        description="Name of one of the filter actions above.",
        examples=["myEncryption"],
    )
    tunnel: TunnelWord = Field(
        "none",
        description="Transport mode only: this rule does not specify a tunnel.",
    )
    connection: Annotated[ConnectionType, Field(strict=False)] = Field(
        ConnectionType.ALL,
        description="Network type: all network connections, lan, or dial-up.",
    )
    authentication: list[AuthenticationWord] = Field(
        ["kerberos"],
        description="Authentication methods in order of preference.",
        min_length=1,
        examples=[["kerberos"]],
    )
    active: bool = Field(default=True, description="The check mark in front of the rule.")


class PolicySection(Section):
    """An IP security policy."""

    name: Name = Field(description="As the snap-in shows it.", examples=["policy-azure-onpremises"])
    description: Description = Field("", description="Free text.")
    default_response: bool = Field(
        default=False,
        description="Activate the default response rule; Windows ignores it since Vista.",
    )
    polling_interval: PollingInterval = Field(
        10_800,
        description="How often members look for changes of the policy: seconds, or '3h'.",
        examples=["3h"],
    )
    key_exchange: KeyExchangeSection = Field(
        default_factory=lambda: KeyExchangeSection.model_validate({}),
    )
    rules: list[RuleSection] = Field(
        description="The rules; all active ones work at once, their order means nothing.",
        min_length=1,
        examples=[[{"filter_list": "a", "filter_action": "b"}]],
    )


class PlaybookFile(Section):
    """What is wanted: a GPO with an IP security policy, in the words of the snap-ins."""

    model_config = ConfigDict(title="Playbook of ipsec_orchestrator")

    name: Label | None = Field(
        None,
        description="Marks what this playbook makes in the directory. Default: the file's name "
        "without its ending.",
        examples=["azure-onpremises"],
    )
    gpo: GpoSection = Field(
        examples=[{"name": "IPSec-Azure-OnPremises", "ou": "IPSecOU"}],
    )
    mode: Annotated[Mode, Field(strict=False)] = Field(
        Mode.REQUIRE,
        description="require: as the filter actions say. request: every filter action that "
        "negotiates asks for IPsec and lets traffic go in clear where that fails, both ways, "
        "whatever it says under 'unsecured'; to find out whether everything could be encrypted, "
        "before it has to be. It protects nothing.",
        examples=["request"],
    )
    filter_actions: list[FilterActionSection] = Field(
        [],
        description="Filter actions; rules refer to them by name.",
    )
    filter_lists: list[FilterListSection] = Field(
        [],
        description="Filter lists; rules refer to them by name.",
    )
    policies: list[PolicySection] = Field(
        [],
        description="IP security policies; the assigned one takes effect.",
    )
    assignment: AssignedPolicy | None = Field(
        None,
        description="Name of the policy that is assigned to the GPO; a computer has one assigned "
        "policy at a time. Without it nothing takes effect.",
        examples=["policy-azure-onpremises"],
    )
    members: str | None = Field(
        None,
        description="Which hosts are refreshed and checked, a selector as for --limit. Default: "
        "all hosts but domain controllers whose OU is the GPO's OU or below it.",
        examples=["role=azure-vm,host1"],
    )
    rollout: RolloutSection | None = Field(
        None,
        description="Reach the members in waves. Default: all at once.",
        examples=[{"canaries": "vm1", "batches": ["25%", "100%"], "wait": "10m"}],
    )
    watch: WatchSection | None = Field(
        None,
        description="What orchestrate reconcile does about differences. Default: it reports them.",
        examples=[{"every": "30m", "on_drift": "repair"}],
    )
