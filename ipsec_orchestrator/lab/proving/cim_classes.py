"""MSFT_NetQuickModeSA and MSFT_NetMainModeSA out of a guest's kernel and charon. Pure."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ipsec_orchestrator.lab.windows.rsop_log import CimInstance
from ipsec_orchestrator.lab.wire.associations import Associations, KernelState
from ipsec_orchestrator.lab.wire.guest_policy import Child, GuestPolicy

ROOT_STANDARD: Final = r"root\StandardCimv2"
# The kernel's words to the codes of the classes; what has none there is shown as 65535.
_CIPHERS: Final[Mapping[str, int]] = MappingProxyType(
    {"": 0, "ecb(cipher_null)": 0, "cipher_null": 0, "cbc(des)": 2, "cbc(des3_ede)": 6},
)
_INTEGRITIES: Final[Mapping[str, int]] = MappingProxyType(
    {"": 0, "digest_null": 0, "hmac(md5)": 2, "hmac(sha1)": 3},
)
_UNKNOWN: Final = 65535
_MAIN_CIPHERS: Final[Mapping[str, int]] = MappingProxyType({"DES_CBC": 2, "3DES_CBC": 6})
_MAIN_HASHES: Final[Mapping[str, int]] = MappingProxyType(
    {"HMAC_MD5_96": 2, "HMAC_SHA1_96": 3},
)
_GROUPS: Final[Mapping[str, int]] = MappingProxyType(
    {"MODP_768": 1, "MODP_1024": 2, "MODP_2048": 14},
)
_AH: Final = 1
_ESP: Final = 4
_IKE_V1: Final = 0


def quick_mode_instances(found: Associations, policy: GuestPolicy) -> Sequence[CimInstance]:
    """Give the rows: those of charon's pairs that are in the kernel, with its algorithms."""
    states = {state.spi: state for state in found.states}
    children = {child.request_id: child for known in policy.connections for child in known.children}
    return [
        _row(
            str(main.local), str(main.remote), states[quick.spi_in], children.get(quick.request_id)
        )
        for main in found.main_modes
        for quick in main.quick_modes
        if quick.spi_in in states
    ]


def _row(local: str, remote: str, inbound: KernelState, child: Child | None) -> CimInstance:
    return {
        "LocalEndpoint": local,
        "RemoteEndpoint": remote,
        "LocalPort": child.local_port if child else 0,
        "RemotePort": child.remote_port if child else 0,
        "IpProtocol": child.ip_protocol if child else 0,
        "QmSaId": inbound.spi,
        "FirstTransformType": _AH if inbound.protocol == "ah" else _ESP,
        "FirstCipherAlgorithm": _CIPHERS.get(inbound.cipher, _UNKNOWN),
        "FirstIntegrityAlgorithm": _INTEGRITIES.get(inbound.integrity, _UNKNOWN),
    }


def main_mode_instances(found: Associations) -> Sequence[CimInstance]:
    """Give the rows of main modes that are established."""
    return [
        {
            "LocalEndpoint": str(main.local),
            "RemoteEndpoint": str(main.remote),
            "KeyModule": _IKE_V1,
            "CipherAlgorithm": _MAIN_CIPHERS.get(main.cipher, _UNKNOWN),
            "HashAlgorithm": _MAIN_HASHES.get(main.integrity, _UNKNOWN),
            "GroupId": _GROUPS.get(main.group, _UNKNOWN),
        }
        for main in found.main_modes
        if main.is_established
    ]
