"""The two-letter words of SDDL, [MS-DTYP] 2.5.1.1, as tables."""

from collections.abc import Mapping
from typing import Final

from ipsec_orchestrator.codec.access_control import AceFlag, AceKind
from ipsec_orchestrator.codec.security_descriptor import Control

KINDS: Final[Mapping[str, AceKind]] = {
    "A": AceKind.ALLOWED,
    "D": AceKind.DENIED,
    "AU": AceKind.AUDIT,
    "AL": AceKind.ALARM,
    "OA": AceKind.ALLOWED_OBJECT,
    "OD": AceKind.DENIED_OBJECT,
    "OU": AceKind.AUDIT_OBJECT,
    "OL": AceKind.ALARM_OBJECT,
}

FLAGS: Final[Mapping[str, AceFlag]] = {
    "OI": AceFlag.OBJECT_INHERIT,
    "CI": AceFlag.CONTAINER_INHERIT,
    "NP": AceFlag.NO_PROPAGATE_INHERIT,
    "IO": AceFlag.INHERIT_ONLY,
    "ID": AceFlag.INHERITED,
    "SA": AceFlag.SUCCESSFUL_ACCESS,
    "FA": AceFlag.FAILED_ACCESS,
}

RIGHTS: Final[Mapping[str, int]] = {
    "CC": 0x00000001,
    "DC": 0x00000002,
    "LC": 0x00000004,
    "SW": 0x00000008,
    "RP": 0x00000010,
    "WP": 0x00000020,
    "DT": 0x00000040,
    "LO": 0x00000080,
    "CR": 0x00000100,
    "SD": 0x00010000,
    "RC": 0x00020000,
    "WD": 0x00040000,
    "WO": 0x00080000,
    "GA": 0x10000000,
    "GX": 0x20000000,
    "GW": 0x40000000,
    "GR": 0x80000000,
}
"""Single bits, in the order in which Windows prints them."""

COMBINED_RIGHTS: Final[Mapping[str, int]] = {
    "FA": 0x001F01FF,
    "FR": 0x00120089,
    "FW": 0x00120116,
    "FX": 0x001200A0,
}
"""File rights: words for several bits at once."""

DACL_CONTROLS: Final[Mapping[str, Control]] = {
    "P": Control.DACL_PROTECTED,
    "AR": Control.DACL_AUTO_INHERIT_REQ,
    "AI": Control.DACL_AUTO_INHERITED,
}
SACL_CONTROLS: Final[Mapping[str, Control]] = {
    "P": Control.SACL_PROTECTED,
    "AR": Control.SACL_AUTO_INHERIT_REQ,
    "AI": Control.SACL_AUTO_INHERITED,
}

WELL_KNOWN_SIDS: Final[Mapping[str, str]] = {
    "WD": "S-1-1-0",
    "CO": "S-1-3-0",
    "CG": "S-1-3-1",
    "OW": "S-1-3-4",
    "NU": "S-1-5-2",
    "IU": "S-1-5-4",
    "SU": "S-1-5-6",
    "AN": "S-1-5-7",
    "ED": "S-1-5-9",
    "PS": "S-1-5-10",
    "AU": "S-1-5-11",
    "RC": "S-1-5-12",
    "SY": "S-1-5-18",
    "LS": "S-1-5-19",
    "NS": "S-1-5-20",
    "WR": "S-1-5-33",
    "BA": "S-1-5-32-544",
    "BU": "S-1-5-32-545",  # codespell:ignore bu
    "BG": "S-1-5-32-546",
    "PU": "S-1-5-32-547",
    "AO": "S-1-5-32-548",
    "SO": "S-1-5-32-549",
    "PO": "S-1-5-32-550",
    "BO": "S-1-5-32-551",
    "RE": "S-1-5-32-552",
    "RU": "S-1-5-32-554",
    "RD": "S-1-5-32-555",
    "NO": "S-1-5-32-556",
    "MU": "S-1-5-32-558",
    "LU": "S-1-5-32-559",
    "IS": "S-1-5-32-568",
    "CY": "S-1-5-32-569",
    "ER": "S-1-5-32-573",
    "CD": "S-1-5-32-574",
    "RA": "S-1-5-32-575",
    "ES": "S-1-5-32-576",
    "MS": "S-1-5-32-577",
    "HA": "S-1-5-32-578",
    "AA": "S-1-5-32-579",
    "RM": "S-1-5-32-580",
    "AC": "S-1-15-2-1",
    "LW": "S-1-16-4096",
    "ME": "S-1-16-8192",
    "HI": "S-1-16-12288",
    "SI": "S-1-16-16384",
}

DOMAIN_RIDS: Final[Mapping[str, int]] = {
    "LA": 500,
    "LG": 501,
    "DA": 512,
    "DU": 513,
    "DG": 514,
    "DC": 515,
    "DD": 516,
    "CA": 517,
    "PA": 520,
    "CN": 522,
    "AP": 525,
    "KA": 526,
    "RS": 553,
}
"""Accounts and groups of the domain."""

ROOT_DOMAIN_RIDS: Final[Mapping[str, int]] = {"RO": 498, "SA": 518, "EA": 519, "EK": 527}
"""Groups of the forest's root domain."""
