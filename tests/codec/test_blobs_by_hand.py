"""Values put together by hand encode to what ``netsh`` of Windows 11 stored."""

import json
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from uuid import UUID

import pytest

from ipsec_orchestrator.codec import (
    AlgorithmOffer,
    AuthMethod,
    FilterAddress,
    FilterSpec,
    IpsecFilter,
    IpsecPolicy,
    IsakmpMethod,
    IsakmpPolicy,
    NegotiationPolicy,
    Nfa,
    SecurityOffer,
    decode,
    encode,
)
from ipsec_orchestrator.codec.constants import (
    AddressKind,
    AddressVersion,
    Cipher,
    Integrity,
    InterfaceType,
    MethodOverride,
    SecurityProtocol,
)
from ipsec_orchestrator.codec.filter_spec import ANY_ADDRESS, ANY_MASK, HOST_MASK
from ipsec_orchestrator.model.secret import Secret

_FOLDER = Path(__file__).parent.parent / "vectors"
_ESP = AlgorithmOffer(
    protocol=SecurityProtocol.ESP, algorithm=Cipher.TRIPLE_DES, integrity=Integrity.SHA1
)
_AH = AlgorithmOffer(protocol=SecurityProtocol.AH, algorithm=Integrity.SHA1)


def _stored(start: str) -> bytes:
    (path,) = _FOLDER.glob(f"{start}*.json")
    return bytes.fromhex(json.loads(path.read_text(encoding="utf-8"))["ipsecData_hex"])


def test_policy() -> None:
    """A policy with the usual polling interval needs no argument at all."""
    assert encode(IpsecPolicy()) == _stored("reg_2019_ipsecPolicy")


def test_key_exchange_of_netsh() -> None:
    """The two default methods of ``netsh``: DH2 and, as an override, DH2048."""
    value = IsakmpPolicy(
        instance_id=UUID("7684b62f-6bf7-44e2-b45a-606d93a88dbf"),
        methods=(
            IsakmpMethod(),
            IsakmpMethod(override=MethodOverride.TRIPLE_DES_SHA1_GROUP_14),
        ),
    )

    assert encode(value) == _stored("reg_2026_ipsecISAKMPPolicy")


def test_key_exchange_of_the_console() -> None:
    """The management console leaves instance, key lengths and rounds at zero."""
    method = IsakmpMethod(encryption_key_length=0, encryption_rounds=0, hash_key_length=0)

    value = IsakmpPolicy(instance_id=UUID(int=0), methods=(method,))

    assert encode(value) == _stored("reg_2019_ipsecISAKMPPolicy")


def test_active_rule() -> None:
    """A rule with Kerberos on all interfaces."""
    value = Nfa.modern(auth_methods=(AuthMethod.kerberos(),))

    assert encode(value) == _stored("reg_2019_ipsecNFA_7963c026")


def test_inactive_rule() -> None:
    """The rule of a switched-off default response."""
    value = Nfa.modern(auth_methods=(AuthMethod.kerberos(),), is_active=False)

    assert encode(value) == _stored("evulpes_ipsecNFA")


def test_dial_up_rule() -> None:
    """A rule that holds for dial-up connections only."""
    value = Nfa.modern(auth_methods=(AuthMethod.kerberos(),), interface_type=InterfaceType.DIALUP)

    assert encode(value) == _stored("reg_2019_ipsecNFA_55e17124")


def test_rule_of_windows_2000_with_pre_shared_key() -> None:
    """A rule without the later sections; the key is stored with its terminator."""
    value = Nfa(
        auth_methods=(AuthMethod.pre_shared_key(Secret("Open-Sesame")),), alternate_auth=None
    )

    assert encode(value) == _stored("w2k_vpnease_ipsecNFA_nfa2")


def test_modern_rule_repeats_key_and_authority() -> None:
    """As specified, the later section repeats everything but Kerberos, with a flag for each."""
    methods = (
        AuthMethod.certificate("CN=Root"),
        AuthMethod.pre_shared_key(Secret("k")),
        AuthMethod.kerberos(),
    )
    blob = encode(Nfa.modern(auth_methods=methods, certificate_flags=(3,)))

    assert blob[16:20] == (4 + 3 * 8 + 16 + 4 + 2 + 28).to_bytes(4, "little")
    section = blob[blob.index(b"\1" * 16) :]
    assert section == bytes.fromhex(
        "01010101010101010101010101010101"
        "03000000"
        "030000001000000043004e003d0052006f006f0074000000"
        "01000000040000006b000000"
        "0500000000000000"
        "01010101010101010101010101010102"
        "03000000030000000000000000000000"
        "00"
    )
    assert methods[0].authority == "CN=Root"
    assert methods[1].authority is None


def test_block_and_permit() -> None:
    """A filter action without negotiation has no offers."""
    stored = bytes.fromhex("b920dc80c82ed111a89e00a0248d3021040000000000000000")

    assert encode(NegotiationPolicy()) == stored
    assert stored == _stored("ad_default_ipsecNegotiationPolicy_7238523B")


def test_default_response_action() -> None:
    """ESP with 3DES and SHA-1, then AH with SHA-1, no lifetimes."""
    value = NegotiationPolicy(
        offers=(SecurityOffer(algorithms=(_ESP,)), SecurityOffer(algorithms=(_AH,)))
    )

    assert encode(value) == _stored("reg_2019_ipsecNegotiationPolicy")


def test_netsh_filter() -> None:
    """``srcaddr=Me dstaddr=Any protocol=TCP dstport=21 mirrored=no``."""
    stored = _stored("reg_2026_ipsecFilter_020d6252")
    value = IpsecFilter(
        filters=(
            FilterSpec(
                id=UUID(bytes_le=stored[42:58]),
                source=ANY_ADDRESS,
                source_mask=HOST_MASK,
                destination=ANY_ADDRESS,
                destination_mask=ANY_MASK,
                protocol=6,
                destination_port=21,
                mirrored=0,
            ),
        )
    )

    assert encode(value) == stored


def test_addresses_are_in_network_order_and_ports_are_not() -> None:
    """10.1.2.3 is stored 0a 01 02 03, port 8080 is stored 90 1f."""
    spec = FilterSpec(
        id=UUID(int=0),
        source=IPv4Address("10.1.2.3"),
        source_mask=HOST_MASK,
        destination=IPv4Address("192.0.2.0"),
        destination_mask=IPv4Address("255.255.255.0"),
        protocol=6,
        destination_port=8080,
    )
    blob = encode(IpsecFilter(filters=(spec,)))

    assert blob[62:78] == bytes.fromhex("0a010203ffffffffc0000200ffffff00")
    assert blob[86:90] == bytes.fromhex("0000901f")


@pytest.mark.parametrize("count", [0, 1, 33])
def test_number_of_filters(count: int) -> None:
    """A list holds any number of filters; each plain one takes 70 bytes."""
    specs = tuple(
        FilterSpec(
            id=UUID(int=number),
            source=ANY_ADDRESS,
            source_mask=HOST_MASK,
            destination=ANY_ADDRESS,
            destination_mask=ANY_MASK,
        )
        for number in range(count)
    )
    value = IpsecFilter(filters=specs)
    blob = encode(value)

    assert len(blob) == 24 + 70 * count
    assert decode("ipsecFilter", blob) == value


def _address(kind: int, version: int, primary: str, secondary: str = "") -> FilterAddress:
    return FilterAddress(
        kind=kind,
        version=version,
        primary=bytes.fromhex(primary).ljust(16, b"\0"),
        secondary=bytes.fromhex(secondary).ljust(16, b"\0"),
    )


def test_addresses_of_version_2() -> None:
    """Single addresses, ranges and subnets show their addresses, all other kinds none."""
    single = _address(AddressKind.SINGLE, AddressVersion.IPV6, "20010db8" + "00" * 11 + "01")
    span = _address(AddressKind.RANGE, AddressVersion.IPV4, "0a000001", "0a0000ff")
    subnet = _address(AddressKind.SUBNET, AddressVersion.IPV4, "0a000000", "ff000000")
    me = _address(AddressKind.ME, AddressVersion.BOTH, "")
    odd = _address(AddressKind.SINGLE, 9, "0a000000")

    assert single.primary_address == IPv6Address("2001:db8::1")
    assert (span.primary_address, span.range_end) == (
        IPv4Address("10.0.0.1"),
        IPv4Address("10.0.0.255"),
    )
    assert (subnet.primary_address, subnet.range_end) == (IPv4Address("10.0.0.0"), None)
    assert (me.primary_address, odd.primary_address) == (None, None)
