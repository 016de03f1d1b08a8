"""Laws of the five formats, for any bytes and any values."""

import json
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import assume, given

from ipsec_orchestrator.codec import (
    AlgorithmOffer,
    AlternateAuth,
    AuthMethod,
    CertificateFlags,
    FilterAddress,
    FilterPort,
    FilterSectionV2,
    FilterSpec,
    FilterSpecV2,
    IpsecFilter,
    IpsecPolicy,
    IpsecValue,
    IsakmpMethod,
    IsakmpPolicy,
    NegotiationPolicy,
    Nfa,
    SecurityOffer,
    VersionInformation,
    WideString,
    decode,
    encode,
    object_class_of,
)
from ipsec_orchestrator.errors import CodecError


def _vectors() -> list[tuple[str, bytes]]:
    loaded = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((Path(__file__).parent.parent / "vectors").glob("*.json"))
    ]
    return [(vector["class"], bytes.fromhex(vector["ipsecData_hex"])) for vector in loaded]


_VECTORS = _vectors()
_CLASSES = sorted({object_class for object_class, _ in _VECTORS})

U8 = st.integers(0, 0xFF)
U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFFFFFF)
STRINGS = st.one_of(
    st.builds(
        WideString.of,
        st.text(st.characters(exclude_categories=["Cs"]), max_size=8).filter(
            lambda t: "\0" not in t
        ),
    ),
    st.builds(WideString, raw=st.binary(max_size=7)),
)
IPV4 = st.integers(0, 0xFFFFFFFF).map(IPv4Address)
IPV6 = st.integers(0, (1 << 128) - 1).map(IPv6Address)


def exactly(size: int) -> st.SearchStrategy[bytes]:
    """Give byte strings of one size."""
    return st.binary(min_size=size, max_size=size)


TRAILING = st.one_of(st.just(b"\0"), st.just(b""), st.binary(max_size=20))

POLICIES = st.builds(IpsecPolicy, polling_interval_seconds=U32, trailing=TRAILING)
METHODS = st.builds(
    IsakmpMethod,
    encryption=U32,
    integrity=U32,
    oakley_group=U32,
    override=U8,
    lifetime_seconds=U32,
    lifetime_kilobytes=U32,
    quick_mode_limit=U32,
    pfs_identity_required=U32,
    encryption_key_length=U32,
    encryption_rounds=U32,
    hash_key_length=U32,
    hash_rounds=U32,
    version=exactly(2),
    zero3=exactly(2),
    zero6=exactly(8),
    zero7=exactly(7),
)
ISAKMPS = st.builds(
    IsakmpPolicy,
    instance_id=st.uuids(),
    methods=st.lists(METHODS, max_size=3).map(tuple),
    master_pfs_required=U32,
    options=U32,
    new_dh=exactly(4),
    quick_mode_limit=U32,
    lifetime_seconds=U32,
    zero1=exactly(4),
    zero2=exactly(20),
    length_skew=st.integers(-64, 0),
    trailing=TRAILING,
)
ALGORITHMS = st.builds(
    AlgorithmOffer, protocol=U32, algorithm=U32, integrity=U32, key_length=U32, rounds=U32
)
OFFERS = st.integers(0, 3).flatmap(
    lambda count: st.builds(
        SecurityOffer,
        algorithms=st.lists(ALGORITHMS, min_size=count, max_size=count).map(tuple),
        lifetime_seconds=U32,
        lifetime_kilobytes=U32,
        pfs=U32,
        options=U32,
        unused_algorithms=st.binary(max_size=(3 - count) * 20).map(lambda b: b.rstrip(b"\0")),
    )
)
NEGOTIATIONS = st.builds(
    NegotiationPolicy,
    offers=st.lists(OFFERS, max_size=6).map(tuple),
    length_skew=st.integers(-4, 0),
    trailing=TRAILING,
)
AUTH_METHODS = st.builds(
    AuthMethod, kind=st.one_of(st.sampled_from([1, 3, 5]), U32), content=st.binary(max_size=12)
)


@st.composite
def alternates(draw: st.DrawFn) -> AlternateAuth:
    """Give sections with a flag for each method, or without flags."""
    methods = tuple(draw(st.lists(AUTH_METHODS, max_size=3)))
    flags = tuple(draw(st.lists(U32, min_size=len(methods), max_size=len(methods))))
    section = draw(
        st.one_of(st.none(), st.builds(CertificateFlags, flags=st.just(flags), zero1=U32))
    )
    return AlternateAuth(methods=methods, certificate_flags=section)


NFAS = st.builds(
    Nfa,
    auth_methods=st.lists(AUTH_METHODS, max_size=3).map(tuple),
    alternate_auth=st.one_of(st.none(), alternates()),
    interface_type=U32,
    interface_name=STRINGS,
    is_active=U32,
    is_tunnel=U32,
    tunnel_address=IPV4,
    tunnel_address_ipv6=st.one_of(st.none(), IPV6),
    tunnel_end_point_name=STRINGS,
    length_skew=st.integers(-28, 0),
    trailing=TRAILING.filter(lambda trailing: not trailing.startswith(b"\1\1")),
)
SPECS = st.builds(
    FilterSpec,
    id=st.uuids(),
    source=IPV4,
    source_mask=IPV4,
    destination=IPV4,
    destination_mask=IPV4,
    protocol=U32,
    source_port=U16,
    destination_port=U16,
    mirrored=U32,
    special=U8,
    source_name=STRINGS,
    destination_name=STRINGS,
    description=STRINGS,
    tunnel_address=IPV4,
    is_tunnel=U8,
    options=U16,
)
ADDRESSES = st.builds(
    FilterAddress,
    kind=st.one_of(st.sampled_from([0, 1, 2, 4, 8]), U32),
    version=st.one_of(st.integers(1, 3), U32),
    primary=exactly(16),
    secondary=exactly(16),
)
PORTS = st.builds(FilterPort, kind=U32, port=U16, range_end=U16)
SPECS_V2 = st.builds(
    FilterSpecV2,
    id=st.uuids(),
    source=ADDRESSES,
    destination=ADDRESSES,
    source_port=PORTS,
    destination_port=PORTS,
    protocol=U32,
    flags=U32,
    mirrored=U32,
    source_name=STRINGS,
    destination_name=STRINGS,
    description=STRINGS,
)
SECTIONS = st.builds(
    FilterSectionV2, filters=st.lists(SPECS_V2, max_size=2).map(tuple), legacy_count=U32
)
FILTERS = st.one_of(
    st.builds(
        IpsecFilter,
        filters=st.lists(SPECS, max_size=4).map(tuple),
        version_2=st.one_of(st.none(), SECTIONS),
        trailing=TRAILING,
    ),
    st.builds(
        IpsecFilter,
        filters=st.lists(SPECS, max_size=4).map(tuple),
        length_skew=st.just(4),
        trailing=st.binary(min_size=4, max_size=9),
    ),
)
VERSIONS = st.builds(
    VersionInformation,
    version=U32,
    made_at_unix_seconds=U32,
    system=STRINGS,
    author=STRINGS,
    comment=STRINGS,
    unknown=st.binary(max_size=9),
    nfa=NFAS,
)
VALUES: st.SearchStrategy[IpsecValue] = st.one_of(
    POLICIES, ISAKMPS, NFAS, NEGOTIATIONS, FILTERS, VERSIONS
)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, bytes]:
    """Give a real blob with some bytes changed, cut out or put in."""
    object_class, blob = draw(st.sampled_from(_VECTORS))
    bytes_left = bytearray(blob)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(bytes_left)))
        removed = draw(st.sampled_from([0, 1, 2, 4, 16, 64]))
        inserted = draw(
            st.one_of(
                st.binary(max_size=4),
                st.sampled_from(
                    [b"\xff" * 4, bytes(4), b"\1" * 16, b"\1" * 15 + b"\2", b"\1" * 15 + b"\3"]
                ),
            )
        )
        bytes_left[start : start + removed] = inserted
    return object_class, bytes(bytes_left)


def _outcome(object_class: str, blob: bytes) -> IpsecValue | CodecError:
    try:
        return decode(object_class, blob)
    except CodecError as error:
        return error


def _accepted_comes_back(object_class: str, blob: bytes) -> None:
    outcome = _outcome(object_class, blob)
    if isinstance(outcome, CodecError):
        assert 0 <= outcome.offset <= len(blob)
        assert outcome.field
    else:
        assert encode(outcome) == blob


@given(st.sampled_from(_CLASSES), st.binary(max_size=300))
def test_any_bytes(object_class: str, blob: bytes) -> None:
    """Whatever the bytes: a CodecError, or a value that encodes to them."""
    _accepted_comes_back(object_class, blob)


@given(damaged())
def test_any_damage(case: tuple[str, bytes]) -> None:
    """However a real blob is damaged: a CodecError, or a value that encodes to the damage."""
    _accepted_comes_back(*case)


@given(VALUES)
def test_any_value(value: IpsecValue) -> None:
    """Every value that can be written reads back as itself."""
    try:
        blob = encode(value)
    except CodecError as error:
        # A length may only fall short of what follows, never exceed it.
        assume(error.field not in {"Data-Length", "Data-Length1"})
        raise

    assert decode(object_class_of(value), blob) == value


@given(st.text(st.characters(exclude_categories=["Cs"])).filter(lambda text: "\0" not in text))
def test_any_text(text: str) -> None:
    """Every text without NUL survives its stored form."""
    assert WideString.of(text).text == text
