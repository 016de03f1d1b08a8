"""Numbers and GUIDs of the format, by name.

Fields of the value classes are plain integers, because stored blobs hold numbers that no
specification lists and that have to survive; the enumerations here compare equal to them.
"""

from enum import IntEnum, IntFlag
from typing import Final
from uuid import UUID

# The GUID that starts each blob.
POLICY_BLOB_ID: Final = UUID("22202163-4f4c-11d1-863b-00a0248d3021")
ISAKMP_BLOB_ID: Final = UUID("80dc20b8-2ec8-11d1-a89e-00a0248d3021")
NFA_BLOB_ID: Final = UUID("11bbac00-498d-11d1-8639-00a0248d3021")
NEGOTIATION_BLOB_ID: Final = UUID("80dc20b9-2ec8-11d1-a89e-00a0248d3021")
FILTER_BLOB_ID: Final = UUID("80dc20b5-2ec8-11d1-a89e-00a0248d3021")
FILTER_V2_SECTION_ID: Final = UUID("35fecd3d-ae29-4373-8a6a-c5d8fab2fb08")
VERSION_INFORMATION_BLOB_ID: Final = UUID("6a1f5c6f-72b7-11d2-acf0-0060b0ecca17")

# iPSECNegotiationPolicyAction, [MS-GPIPSEC] 2.2.1.4.1.
ACTION_BLOCK: Final = UUID("3f91a819-7647-11d1-864d-d46a00000000")
ACTION_PERMIT: Final = UUID("8a171dd2-77e3-11d1-8659-a04f00000000")
ACTION_NEGOTIATE: Final = UUID("8a171dd3-77e3-11d1-8659-a04f00000000")
ACTION_INBOUND_PASS_THROUGH: Final = UUID("3f91a81a-7647-11d1-864d-d46a00000000")

# iPSECNegotiationPolicyType. The specification prints these with one dash too many; objects of
# real domains have the form below.
TYPE_STANDARD: Final = UUID("62f49e10-6c37-11d1-864c-14a300000000")
TYPE_DEFAULT_RESPONSE: Final = UUID("62f49e13-6c37-11d1-864c-14a300000000")

IPSEC_DATA_TYPE: Final = 256
"""``ipsecDataType`` to write; the default objects of a domain carry 598 (0x256)."""

DEFAULT_POLLING_INTERVAL_SECONDS: Final = 10_800
"""What a stored 0 means, and what every real policy says."""

DEFAULT_MAIN_MODE_LIFETIME_SECONDS: Final = 28_800
"""What a stored 0 means."""


class Cipher(IntEnum):
    """Encryption in main mode (Encryption-Algorithm-ID) and in ESP.

    The specification's table for ESP has 1 = null and 2 = DES; every real blob and the
    documented order of the default policies' methods say 1 = DES, 3 = 3DES.
    """

    NONE = 0
    DES = 1
    TRIPLE_DES = 3


class Integrity(IntEnum):
    """Hash in main mode (Hash-Algorithm-ID), in ESP, and the algorithm of AH."""

    NONE = 0
    MD5 = 1
    SHA1 = 2


class SecurityProtocol(IntEnum):
    """What an algorithm offer protects with."""

    AH = 1
    ESP = 2


class OakleyGroup(IntEnum):
    """Diffie-Hellman group of a main mode method."""

    UNUSED = 0
    GROUP_1 = 1
    GROUP_2 = 2
    GROUP_14 = 0x10000001


class MethodOverride(IntEnum):
    """Random-Function and New-DH: a whole method with group 14 (2048 bit) in one byte.

    ``netsh`` of Windows 11 writes DH2048 this way, with Oakley-Group left at 2.
    """

    NONE = 0
    DES_MD5_GROUP_14 = 1
    DES_SHA1_GROUP_14 = 2
    TRIPLE_DES_MD5_GROUP_14 = 3
    TRIPLE_DES_SHA1_GROUP_14 = 4


class IsakmpOption(IntFlag):
    """ISAKMP-Options."""

    NONE = 0
    CERTIFICATE_TO_ACCOUNT_MAPPING = 1
    NO_CERTIFICATE_REQUEST = 2


class AuthKind(IntEnum):
    """Auth-Type: how IKE authenticates the peer."""

    PRE_SHARED_KEY = 1
    CERTIFICATE = 3
    KERBEROS = 5


class CertificateFlag(IntFlag):
    """Alt-Auth-Method-Flags of one authentication method."""

    NONE = 0
    ACCOUNT_MAPPING = 1
    EXCLUDE_CA_NAME = 2


class InterfaceType(IntEnum):
    """Connection type of a rule."""

    ALL = 0xFFFFFFFD
    LAN = 0xFFFFFFFE
    DIALUP = 0xFFFFFFFF


class SpecialFilter(IntEnum):
    """Legacy-Special-Filter: an address that the member looks up in its own IP settings."""

    NONE = 0
    SOURCE_DNS = 0x01
    SOURCE_WINS = 0x02
    SOURCE_DHCP = 0x03
    SOURCE_GATEWAY = 0x04
    DESTINATION_DNS = 0x81
    DESTINATION_WINS = 0x82
    DESTINATION_DHCP = 0x83
    DESTINATION_GATEWAY = 0x84


class AddressKind(IntEnum):
    """IPsec-Address-Type of a version 2 filter."""

    ANY = 0
    SINGLE = 1
    RANGE = 2
    SUBNET = 4
    ME = 8
    DNS = 0x10
    WINS = 0x20
    DHCP = 0x40
    GATEWAY = 0x80


class AddressVersion(IntEnum):
    """IPsec-Address-Version; ``BOTH`` is for "me" and the server kinds only."""

    IPV4 = 1
    IPV6 = 2
    BOTH = 3


class PortKind(IntEnum):
    """Type of a port in a version 2 filter."""

    ANY = 0
    SINGLE = 1
    RANGE = 2
