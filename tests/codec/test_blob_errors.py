"""Bytes and values that are wrong end in one error that names format, field and offset."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from ipsec_orchestrator.codec import (
    AlgorithmOffer,
    AlternateAuth,
    AuthMethod,
    CertificateFlags,
    FilterAddress,
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
    WideString,
    decode,
    encode,
    object_class_of,
)
from ipsec_orchestrator.codec.constants import FILTER_V2_SECTION_ID
from ipsec_orchestrator.codec.filter_spec import ANY_ADDRESS, ANY_MASK
from ipsec_orchestrator.errors import CodecError
from ipsec_orchestrator.model.secret import Secret

_HUGE = b"\xff\xff\xff\xff"

_SPEC = FilterSpec(
    id=UUID(int=1),
    source=ANY_ADDRESS,
    source_mask=ANY_MASK,
    destination=ANY_ADDRESS,
    destination_mask=ANY_MASK,
)
_SPEC_V2 = FilterSpecV2(
    id=UUID(int=2),
    source=FilterAddress(kind=0, version=1),
    destination=FilterAddress(kind=8, version=3),
)
_POLICY = IpsecPolicy()
_ISAKMP = IsakmpPolicy(instance_id=UUID(int=3), methods=(IsakmpMethod(),))
_NFA = Nfa.modern(auth_methods=(AuthMethod.kerberos(),))
_NEGOTIATION = NegotiationPolicy(
    offers=(SecurityOffer(algorithms=(AlgorithmOffer(protocol=2, algorithm=3),)),)
)
_FILTER = IpsecFilter(filters=(_SPEC,))
_FILTER_V2 = IpsecFilter(
    filters=(_SPEC,), version_2=FilterSectionV2(filters=(_SPEC_V2,), legacy_count=1)
)


def _patched(value: IpsecValue, offset: int, patch: bytes) -> bytes:
    blob = bytearray(encode(value))
    blob[offset : offset + len(patch)] = patch
    return bytes(blob)


@pytest.mark.parametrize(
    ("object_class", "blob", "field", "offset"),
    [
        pytest.param("ipsecPolicy", b"", "IPsec-Policy-ID", 0, id="empty"),
        pytest.param("ipsecPolicy", encode(_NEGOTIATION), "IPsec-Policy-ID", 0, id="other class"),
        pytest.param("ipsecPolicy", encode(_POLICY)[:18], "Data-Length", 16, id="cut in length"),
        pytest.param(
            "ipsecPolicy", _patched(_POLICY, 16, _HUGE), "Data-Length", 16, id="huge length"
        ),
        pytest.param(
            "ipsecISAKMPPolicy",
            _patched(_ISAKMP, 80, _HUGE),
            "Security-Method-Count",
            80,
            id="huge method count",
        ),
        pytest.param(
            "ipsecISAKMPPolicy",
            _patched(_ISAKMP, 80, b"\2"),
            "Security-Method-Count",
            80,
            id="one method too many",
        ),
        pytest.param(
            "ipsecNegotiationPolicy",
            _patched(_NEGOTIATION, 20, _HUGE),
            "Security-Offer-Count",
            20,
            id="huge offer count",
        ),
        pytest.param(
            "ipsecNegotiationPolicy",
            _patched(_NEGOTIATION, 40, b"\4"),
            "Algorithm-Offer-Count",
            40,
            id="four algorithms",
        ),
        pytest.param(
            "ipsecNFA", _patched(_NFA, 20, _HUGE), "Auth-Method-Count", 20, id="huge auth count"
        ),
        pytest.param(
            "ipsecNFA", _patched(_NFA, 28, _HUGE), "Auth-Length", 28, id="huge auth length"
        ),
        pytest.param(
            "ipsecNFA",
            _patched(_NFA, 38, _HUGE),
            "Interface-Name-Length",
            38,
            id="huge interface name",
        ),
        pytest.param(
            "ipsecNFA",
            _patched(_NFA, 78, _HUGE),
            "Alt-Auth-Num-Methods-Count",
            78,
            id="huge alternate count",
        ),
        pytest.param(
            "ipsecNFA", encode(_NFA)[:70], "Alt-Auth-Method-Id1", 62, id="cut in first marker"
        ),
        pytest.param(
            "ipsecNFA", encode(_NFA)[:100], "Alt-Auth-Method-Id2", 90, id="cut in second marker"
        ),
        pytest.param(
            "ipsecNFA", encode(_NFA)[:112], "Alt-Auth-Method-Flags", 110, id="cut in flags"
        ),
        pytest.param(
            "ipsecFilter",
            _patched(_FILTER, 20, _HUGE),
            "Number-Of-Filters1",
            20,
            id="huge filter count",
        ),
        pytest.param(
            "ipsecFilter",
            _patched(_FILTER, 24, _HUGE),
            "Source-Length-Of-DNS-Name1",
            24,
            id="huge name",
        ),
        pytest.param(
            "ipsecFilter",
            _patched(_FILTER_V2, 110, _HUGE),
            "Data-Length2",
            110,
            id="huge second length",
        ),
        pytest.param(
            "ipsecFilter",
            _patched(_FILTER_V2, 118, _HUGE),
            "Number-Of-Filters2",
            118,
            id="huge second count",
        ),
        pytest.param(
            "ipsecFilter", encode(_FILTER_V2)[:200], "Number-Of-Filters2", 118, id="cut second"
        ),
    ],
)
def test_malformed_bytes(object_class: str, blob: bytes, field: str, offset: int) -> None:
    """The error names the format, the field as the specification calls it, and its offset."""
    with pytest.raises(CodecError) as caught:
        decode(object_class, blob)

    assert (caught.value.format, caught.value.field, caught.value.offset) == (
        object_class,
        field,
        offset,
    )


@pytest.mark.parametrize(
    "value",
    [_POLICY, _ISAKMP, _NFA, _NEGOTIATION, _FILTER, _FILTER_V2],
    ids=["policy", "key exchange", "rule", "filter action", "filters", "filters with section"],
)
def test_every_cut_is_an_error_or_a_shorter_value(value: IpsecValue) -> None:
    """However a blob is cut off, nothing but a CodecError comes of it, or the cut bytes again."""
    blob = encode(value)
    accepted = []
    for size in range(len(blob)):
        try:
            shorter = decode(object_class_of(value), blob[:size])
        except CodecError:
            continue
        accepted.append(size)
        assert encode(shorter) == blob[:size]

    # All a blob can lose without being noticed is its last byte or, for rules and filters, a
    # whole section that older systems did not have.
    assert len(accepted) <= 5
    assert all(size > 20 for size in accepted)


def test_length_that_ends_inside_a_filter() -> None:
    """A section found through a length that cuts a filter in two is refused."""
    hidden = replace(_FILTER_V2, hidden_from_count=1)
    with pytest.raises(CodecError) as caught:
        decode("ipsecFilter", _patched(hidden, 36, b"\6"))

    assert (caught.value.field, caught.value.offset) == ("Data-Length1", 16)


def test_unknown_class() -> None:
    """A class without a known format is refused by name."""
    with pytest.raises(CodecError, match="'user'") as caught:
        decode("user", b"")

    assert caught.value.field == "objectClass"


@pytest.mark.parametrize(
    ("make", "field"),
    [
        pytest.param(
            lambda: IpsecPolicy(polling_interval_seconds=1 << 32), "Polling-Interval", id="u32"
        ),
        pytest.param(
            lambda: IpsecPolicy(polling_interval_seconds=-1), "Polling-Interval", id="negative"
        ),
        pytest.param(lambda: IpsecPolicy(length_skew=-5), "Data-Length", id="negative length"),
        pytest.param(
            lambda: IsakmpPolicy(instance_id=UUID(int=0), methods=(), new_dh=b"\1"),
            "New-DH-1",
            id="too few bytes",
        ),
        pytest.param(
            lambda: replace(_FILTER, filters=(replace(_SPEC, source_port=65_536),)),
            "Legacy-Source-Port",
            id="port",
        ),
        pytest.param(
            lambda: replace(_FILTER, filters=(replace(_SPEC, special=256),)),
            "Legacy-Special-Filter",
            id="u8",
        ),
        pytest.param(
            lambda: NegotiationPolicy(
                offers=(SecurityOffer(algorithms=(AlgorithmOffer(protocol=1, algorithm=1),) * 4),)
            ),
            "Algorithm-Offer-Count",
            id="four algorithms",
        ),
        pytest.param(
            lambda: NegotiationPolicy(
                offers=(SecurityOffer(algorithms=(), unused_algorithms=b"x" * 61),)
            ),
            "Algorithm-Offer-Data",
            id="too many leftovers",
        ),
        pytest.param(
            lambda: replace(
                _NFA,
                alternate_auth=AlternateAuth(
                    methods=(), certificate_flags=CertificateFlags(flags=(0,), zero1=1)
                ),
            ),
            "Alt-Auth-Method-Flags",
            id="flags without method",
        ),
        pytest.param(
            lambda: NegotiationPolicy(
                offers=(SecurityOffer(algorithms=(), unused_algorithms=b"x\0"),)
            ),
            "offers",
            id="leftovers that end in zero",
        ),
        pytest.param(
            lambda: replace(_NFA, alternate_auth=None, trailing=b"\1" * 16 + bytes(4)),
            "alternate_auth",
            id="trailing bytes that are a section",
        ),
        pytest.param(
            lambda: replace(_FILTER, trailing=FILTER_V2_SECTION_ID.bytes_le + bytes(12)),
            "version_2",
            id="trailing bytes that are a filter section",
        ),
        pytest.param(
            lambda: replace(_FILTER, hidden_from_count=1), "filters", id="hidden without section"
        ),
    ],
)
def test_value_that_cannot_be_stored(make: Callable[[], IpsecValue], field: str) -> None:
    """Encoding refuses what does not fit, or would read back differently, and names the field."""
    with pytest.raises(CodecError) as caught:
        encode(make())

    assert caught.value.field == field


def test_hidden_filters_round_trip() -> None:
    """Version 1 filters that old systems do not count are found through the length."""
    value = replace(
        _FILTER_V2, filters=(_SPEC, replace(_SPEC, id=UUID(int=9))), hidden_from_count=2
    )

    assert decode("ipsecFilter", encode(value)) == value


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_without_stored_form(text: str) -> None:
    """A NUL or half a surrogate pair has no place in a stored string."""
    with pytest.raises(CodecError):
        WideString.of(text)


def test_error_about_a_key_does_not_show_it() -> None:
    """A key that can't be stored is refused without being quoted."""
    with pytest.raises(CodecError) as caught:
        AuthMethod.pre_shared_key(Secret("hush\0hush"))

    assert "hush" not in str(caught.value)


def test_key_of_unknown_kind_is_hidden() -> None:
    """Of an authentication kind that nobody knows, no content is shown."""
    assert "73" not in repr(AuthMethod(kind=77, content=b"7373"))
    assert "Root" in str(AuthMethod.certificate("Root").authority)
