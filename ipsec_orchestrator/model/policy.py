"""What is wanted, in the administrator's words: GPO, filter actions, filter lists, policies.

The words are those of the IP Security Policies snap-in and of ``netsh ipsec static``;
:mod:`ipsec_orchestrator.planning.lower` alone translates them into the directory's.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, TypeAlias

from ipsec_orchestrator.model.inventory import Address, Subnet
from ipsec_orchestrator.model.rollout import Rollout
from ipsec_orchestrator.model.watch_rules import WatchRules


class Cipher(StrEnum):
    """Encryption that the directory format can carry [MS-GPIPSEC 2.2.1.4.1]."""

    NONE = "None"
    DES = "DES"
    TRIPLE_DES = "3DES"


class Integrity(StrEnum):
    """Integrity that the directory format can carry [MS-GPIPSEC 2.2.1.4.1]."""

    NONE = "None"
    MD5 = "MD5"
    SHA1 = "SHA1"


class DhGroup(StrEnum):
    """Diffie-Hellman groups of main mode, as netsh numbers them: low, medium, DH2048."""

    GROUP_1 = "1"
    GROUP_2 = "2"
    GROUP_14 = "3"


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityMethod:
    """One quick-mode proposal: ESP, AH, or both; at least one of them.

    Attributes:
        esp: (encryption, integrity) of ESP, ``None`` without ESP.
        ah: Integrity of AH, ``None`` without AH.
        lifetime_kilobytes: New key after that much traffic; 0 leaves it to Windows.
        lifetime_seconds: New key after that time; 0 leaves it to Windows.
    """

    esp: tuple[Cipher, Integrity] | None = None
    ah: Integrity | None = None
    lifetime_kilobytes: int = 0
    lifetime_seconds: int = 0


class FilterActionKind(StrEnum):
    """What happens to traffic that a filter matches."""

    NEGOTIATE = "negotiate"
    PERMIT = "permit"
    BLOCK = "block"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterAction:
    """A filter action.

    Attributes:
        name: As shown in the snap-in.
        description: Free text, may be empty.
        kind: Negotiate, permit or block.
        accept_unsecured: Accept unsecured communication, but always respond using IPsec.
        allow_fallback: Allow unsecured communication with computers that don't support IPsec.
        methods: Security methods in order of preference; empty unless kind is negotiate.
        pfs: Session key perfect forward secrecy.
    """

    name: str
    description: str = ""
    kind: FilterActionKind = FilterActionKind.NEGOTIATE
    accept_unsecured: bool = False
    allow_fallback: bool = False
    methods: tuple[SecurityMethod, ...] = ()
    pfs: bool = False


class Mode(StrEnum):
    """What happens to traffic whose other end does not do IPsec."""

    REQUEST = "request"
    REQUIRE = "require"


def in_mode(action: FilterAction, mode: Mode) -> FilterAction:
    """Give a filter action as a mode wants it.

    Clear both ways with computers that don't do IPsec needs both boxes: with the one on inbound
    traffic alone, the request gets in and the answer waits for an association that never comes
    (KB977526).
    """
    if mode is Mode.REQUIRE or action.kind is not FilterActionKind.NEGOTIATE:
        return action
    return replace(action, accept_unsecured=True, allow_fallback=True)


class NamedEndpoint(StrEnum):
    """Endpoints that are words: the member's own addresses, or any address."""

    ME = "me"
    ANY = "any"


Endpoint: TypeAlias = NamedEndpoint | Address | Subnet


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """One filter. Port 0 means any port; protocol 0 means any protocol (IANA numbers)."""

    source: Endpoint
    destination: Endpoint
    protocol: int = 0
    source_port: int = 0
    destination_port: int = 0
    mirrored: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilterList:
    """A named list of filters; lists are shared between rules, filters are not."""

    name: str
    filters: tuple[Filter, ...]
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyExchangeMethod:
    """One main-mode proposal, for example 3DES-SHA1-2."""

    cipher: Cipher
    integrity: Integrity
    group: DhGroup


# What netsh writes on Windows 11 when nothing is said (golden blob reg_2026_ipsecISAKMPPolicy).
DEFAULT_KEY_EXCHANGE_METHODS = (
    KeyExchangeMethod(cipher=Cipher.TRIPLE_DES, integrity=Integrity.SHA1, group=DhGroup.GROUP_2),
    KeyExchangeMethod(cipher=Cipher.TRIPLE_DES, integrity=Integrity.SHA1, group=DhGroup.GROUP_14),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyExchange:
    """Key exchange (main mode) settings of a policy.

    Attributes:
        methods: Proposals in order of preference.
        pfs: Master key perfect forward secrecy; implies one quick mode per main mode.
        quick_modes_per_main_mode: 0 means no limit.
        lifetime_seconds: Main-mode lifetime; 28,800 is Windows' default.
    """

    methods: tuple[KeyExchangeMethod, ...] = DEFAULT_KEY_EXCHANGE_METHODS
    pfs: bool = False
    quick_modes_per_main_mode: int = 0
    lifetime_seconds: int = 28_800


class Authentication(StrEnum):
    """Authentication methods whose stored form is proved by real objects."""

    KERBEROS = "kerberos"


class ConnectionType(StrEnum):
    """Network type of a rule."""

    ALL = "all"
    LAN = "lan"
    DIAL_UP = "dial-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule joins a filter list, a filter action and authentication; transport mode only."""

    name: str
    filter_list: str
    filter_action: str
    description: str = ""
    connection_type: ConnectionType = ConnectionType.ALL
    authentication: tuple[Authentication, ...] = (Authentication.KERBEROS,)
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """An IP security policy. Members compare its change time every ``polling_interval_seconds``."""

    name: str
    rules: tuple[Rule, ...]
    description: str = ""
    default_response: bool = False
    polling_interval_seconds: int = 10_800
    key_exchange: KeyExchange = field(default_factory=KeyExchange)


class GpoVia(StrEnum):
    """How a GPO is made and its gpt.ini written: cmdlets on a DC, or LDAP and SMB."""

    WINRM = "winrm"
    SMB = "smb"


@dataclass(frozen=True, slots=True, kw_only=True)
class GpoWish:
    """The GPO of a playbook and its link.

    Attributes:
        name: Display name.
        ou: DN of the OU (or domain) to link to.
        link_enabled: Whether the link is enabled.
        enforced: Whether the link is enforced.
        order: Link order as GPMC counts (1 wins); ``None`` puts a new link last and leaves an
            existing one where it is.
        via: How the GPO is made.
        adopt: Take over a GPO of that name that we did not make.
    """

    name: str
    ou: str
    link_enabled: bool = True
    enforced: bool = False
    order: int | None = None
    via: GpoVia = GpoVia.WINRM
    adopt: bool = False


NOT_WATCHED: Final = WatchRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """Everything that one playbook file wants.

    Attributes:
        name: From the file name, or as the file says; marks our objects in the directory.
        filter_actions: As they are in ``mode``.
        members: A selector as for ``--limit``; the hosts that are refreshed and verified.
        mode: Whether IPsec is only requested; then every filter action that negotiates lets
            clear traffic through both ways.
        assignment: Name of the policy that is assigned to the GPO; ``None`` assigns nothing.
        rollout: The waves in which members are reached; ``None`` for all at once.
        watch: What is done about differences while nobody looks.
    """

    name: str
    gpo: GpoWish
    filter_actions: tuple[FilterAction, ...]
    filter_lists: tuple[FilterList, ...]
    policies: tuple[Policy, ...]
    assignment: str | None
    members: str = ""
    mode: Mode = Mode.REQUIRE
    rollout: Rollout | None = None
    watch: WatchRules = NOT_WATCHED
    file: str = ""

    def filter_list(self, name: str) -> FilterList:
        """Find a filter list by name; the parser has checked that it is there."""
        return next(found for found in self.filter_lists if found.name == name)

    def filter_action(self, name: str) -> FilterAction:
        """Find a filter action by name; the parser has checked that it is there."""
        return next(found for found in self.filter_actions if found.name == name)
