"""Security descriptors: bytes and SDDL as Samba makes them, and the laws of both forms."""

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ipsec_orchestrator.codec.access_control import (
    OBJECT_KINDS,
    Ace,
    AceKind,
    Acl,
    AclRevision,
    OpaqueAce,
)
from ipsec_orchestrator.codec.sddl import SidNames, format_sddl, parse_sddl
from ipsec_orchestrator.codec.security_descriptor import (
    Control,
    SecurityDescriptor,
    decode_descriptor,
    encode_descriptor,
)
from ipsec_orchestrator.codec.sid import Sid
from ipsec_orchestrator.errors import CodecError

_DOMAIN = Sid.parse("S-1-5-21-1-2-3")
_NAMES = SidNames(domain=_DOMAIN)
_CASES = json.loads((Path(__file__).parent / "descriptors.json").read_text(encoding="utf-8"))[
    "cases"
]
_DIRECTORY = [pytest.param(case["directory"], case["hex"], id=case["name"]) for case in _CASES]

U32 = st.integers(0, 0xFFFFFFFF)
SIDS = st.one_of(
    st.builds(
        Sid,
        authority=st.integers(0, (1 << 48) - 1),
        parts=st.lists(U32, max_size=15).map(tuple),
    ),
    st.sampled_from([500, 512, 515, 519, 1105]).map(_DOMAIN.child),
    st.sampled_from(["S-1-5-11", "S-1-5-32-544", "S-1-3-0"]).map(Sid.parse),
)
MASKS = st.one_of(U32, st.sampled_from([0, 0x1F01FF, 0x120089, 0x1200A9, 0xF01FF, 0x100]))
PLAIN = st.builds(
    Ace,
    kind=st.sampled_from([int(kind) for kind in AceKind if kind not in OBJECT_KINDS]),
    flags=st.integers(0, 0x1F),
    mask=MASKS,
    sid=SIDS,
)
OBJECTS = st.builds(
    Ace,
    kind=st.sampled_from([int(kind) for kind in OBJECT_KINDS]),
    flags=st.sampled_from([0, 2, 0x5A, 0xC0]),
    mask=MASKS,
    sid=SIDS,
    object_type=st.one_of(st.none(), st.uuids()),
    inherited_object_type=st.one_of(st.none(), st.uuids()),
)
OPAQUE = st.builds(
    OpaqueAce,
    kind=st.integers(9, 255),
    flags=st.integers(0, 255),
    body=st.integers(0, 5).flatmap(lambda words: st.binary(min_size=words * 4, max_size=words * 4)),
)
LISTS = st.builds(Acl, aces=st.lists(st.one_of(PLAIN, OBJECTS, OPAQUE), max_size=4).map(tuple))


def _settled(descriptor: SecurityDescriptor) -> SecurityDescriptor:
    """Set the bits that follow from the lists."""
    control = descriptor.control | Control.SELF_RELATIVE
    control |= Control.DACL_PRESENT if descriptor.dacl is not None else 0
    control |= Control.SACL_PRESENT if descriptor.sacl is not None else 0
    return replace(descriptor, control=int(control))


DESCRIPTORS = st.builds(
    SecurityDescriptor,
    owner=st.one_of(st.none(), SIDS),
    group=st.one_of(st.none(), SIDS),
    dacl=st.one_of(st.none(), LISTS),
    sacl=st.one_of(st.none(), LISTS),
    control=st.integers(0, 0xFFFF),
    resource_manager=st.integers(0, 255),
).map(_settled)


def _as_text_has_it(acl: Acl | None) -> Acl | None:
    """Drop what SDDL has no words for: opaque entries and an unneeded revision."""
    if acl is None:
        return None
    aces = tuple(ace for ace in acl.aces if isinstance(ace, Ace))
    objects = any(ace.kind in OBJECT_KINDS for ace in aces)
    return Acl(aces=aces, revision=AclRevision.DIRECTORY if objects else AclRevision.PLAIN)


@pytest.mark.parametrize(("sddl", "blob"), _DIRECTORY)
def test_text_and_bytes_mean_the_same(sddl: str, blob: str) -> None:
    """A descriptor parsed from SDDL equals the one that Samba makes of the same SDDL."""
    stored = decode_descriptor(bytes.fromhex(blob))
    # Samba always writes the list revision of directories; Windows only where it is needed.
    comparable = replace(
        stored, dacl=_as_text_has_it(stored.dacl), sacl=_as_text_has_it(stored.sacl)
    )

    assert parse_sddl(sddl, _NAMES) == comparable


@pytest.mark.parametrize(("sddl", "blob"), _DIRECTORY)
def test_text_comes_back(sddl: str, blob: str) -> None:
    """A descriptor read from bytes is written as the SDDL it was made of, but for word order."""
    text = format_sddl(decode_descriptor(bytes.fromhex(blob)), _NAMES)

    assert parse_sddl(text, _NAMES) == parse_sddl(sddl, _NAMES)
    assert sorted(text) == sorted(sddl)


@given(DESCRIPTORS)
def test_every_value_reads_back(value: SecurityDescriptor) -> None:
    """Every descriptor that can be written reads back as itself."""
    assert decode_descriptor(encode_descriptor(value)) == value


@given(DESCRIPTORS)
def test_every_value_reads_back_from_text(value: SecurityDescriptor) -> None:
    """What SDDL has words for survives it."""
    words = Control.SELF_RELATIVE | Control.DACL_PRESENT | Control.SACL_PRESENT
    value = replace(
        value,
        dacl=_as_text_has_it(value.dacl),
        sacl=_as_text_has_it(value.sacl),
        control=int(value.control & words),
        resource_manager=0,
    )

    assert parse_sddl(format_sddl(value, _NAMES), _NAMES) == value


def _outcome(blob: bytes) -> SecurityDescriptor | CodecError:
    try:
        return decode_descriptor(blob)
    except CodecError as error:
        return error


@given(st.sampled_from(_CASES), st.integers(0, 200), st.binary(min_size=1, max_size=4))
def test_any_damage(case: dict[str, str], offset: int, patch: bytes) -> None:
    """However a descriptor is damaged: a CodecError, or a value that survives being written."""
    blob = bytearray(bytes.fromhex(case["hex"]))
    blob[offset : offset + len(patch)] = patch
    outcome = _outcome(bytes(blob))
    if isinstance(outcome, CodecError):
        assert 0 <= outcome.offset <= len(blob)
    else:
        assert decode_descriptor(encode_descriptor(outcome)) == outcome


@given(st.sampled_from(_CASES), st.integers(0, 400))
def test_any_cut(case: dict[str, str], size: int) -> None:
    """A descriptor that was cut off is refused."""
    blob = bytes.fromhex(case["hex"])
    outcome = _outcome(blob[:size])

    assert isinstance(outcome, CodecError) == (size < len(blob))


@given(SIDS)
def test_sid_round_trips(sid: Sid) -> None:
    """A SID survives its text and its bytes."""
    assert Sid.parse(str(sid)) == sid
    assert Sid.from_bytes(sid.to_bytes()) == sid


@pytest.mark.parametrize(
    "text",
    [
        "",
        "S-1",
        "S-2-5-11",
        "S-1-5-",
        "S-1-5-x",
        "S-1-5-4294967296",
        "S-1-281474976710656",
        "S-1-5" + "-1" * 16,
    ],
)
def test_malformed_sid_text(text: str) -> None:
    """A text that is no SID is refused."""
    with pytest.raises(CodecError):
        Sid.parse(text)


@pytest.mark.parametrize(
    ("blob", "field", "offset"),
    [
        (b"", "Revision", 0),
        (b"\2\0" + bytes(6), "Revision", 0),
        (b"\1\x10" + bytes(70), "SubAuthorityCount", 1),
        (b"\1\1" + bytes(6) + bytes(3), "SubAuthority", 8),
        (b"\1\0" + bytes(7), "SID", 8),
    ],
)
def test_malformed_sid_bytes(blob: bytes, field: str, offset: int) -> None:
    """The error names the field and its offset."""
    with pytest.raises(CodecError) as caught:
        Sid.from_bytes(blob)

    assert (caught.value.field, caught.value.offset) == (field, offset)


def test_sid_families() -> None:
    """A domain's SID and a relative id make an account's SID, and the other way round."""
    assert str(_DOMAIN.child(512)) == "S-1-5-21-1-2-3-512"
    assert _DOMAIN.child(512).domain == _DOMAIN


@pytest.mark.parametrize(
    ("text", "field", "offset"),
    [
        pytest.param("X:DA", "SDDL", 0, id="unknown part"),
        pytest.param("O:DAD:(A;;RP;;;AU", "SDDL", 6, id="open bracket"),
        pytest.param("O:ZZ", "owner", 2, id="unknown name"),
        pytest.param("D:(A;;RP;;AU)", "ACE", 3, id="five fields"),
        pytest.param("D:(ZA;;RP;;;AU)", "ACE type", 3, id="unknown type"),
        pytest.param("D:(A;ZZ;RP;;;AU)", "ACE flags", 3, id="unknown flag"),
        pytest.param("D:(A;;RPZ;;;AU)", "ACE rights", 3, id="half a right"),
        pytest.param("D:(A;;4294967296;;;AU)", "ACE rights", 3, id="33 bits"),
        pytest.param("D:(OA;;CR;x;;AU)", "ACE object type", 3, id="no GUID"),
        pytest.param(f"D:(A;;CR;{UUID(int=1)};;AU)", "ACE object type", 3, id="plain entry"),
        pytest.param("D:(A;;RP;;;AU)(A;;RP;;;S-1-x)", "ACE SID", 15, id="second entry"),
    ],
)
def test_malformed_sddl(text: str, field: str, offset: int) -> None:
    """The error names the word and where its part of the text starts."""
    with pytest.raises(CodecError) as caught:
        parse_sddl(text, _NAMES)

    assert (caught.value.field, caught.value.offset) == (field, offset)


def test_domain_names_need_a_domain() -> None:
    """Without the domain's SID its groups have no names, and are written out."""
    admins = SecurityDescriptor(owner=_DOMAIN.child(512))

    assert format_sddl(admins, _NAMES) == "O:DA"
    assert format_sddl(admins, SidNames()) == "O:S-1-5-21-1-2-3-512"
    with pytest.raises(CodecError):
        parse_sddl("O:DA", SidNames())


def test_forest_groups_belong_to_the_root_domain() -> None:
    """Enterprise Admins is a group of the root domain, Domain Admins one of the domain."""
    names = SidNames(domain=_DOMAIN, root_domain=Sid.parse("S-1-5-21-9-9-9"))
    value = parse_sddl("O:EAG:DA", names)

    assert (str(value.owner), str(value.group)) == ("S-1-5-21-9-9-9-519", "S-1-5-21-1-2-3-512")


def test_null_list_is_not_an_empty_list() -> None:
    """No list of permissions lets everybody in, an empty one nobody: they stay apart."""
    null, empty = parse_sddl("D:NO_ACCESS_CONTROL", _NAMES), parse_sddl("D:", _NAMES)

    assert (null.dacl, empty.dacl) == (None, Acl(revision=AclRevision.PLAIN))
    assert format_sddl(null, _NAMES) == "D:NO_ACCESS_CONTROL"
    assert format_sddl(empty, _NAMES) == "D:"
    assert decode_descriptor(encode_descriptor(null)) == null


def test_entries_without_words() -> None:
    """Entries that SDDL can't express are refused rather than left out."""
    opaque = Acl(aces=(OpaqueAce(kind=9, flags=0, body=b""),))
    data = Acl(aces=(Ace(kind=0, mask=1, sid=_DOMAIN, application_data=b"xxxx"),))
    flag = Acl(aces=(Ace(kind=0, flags=0x20, mask=1, sid=_DOMAIN),))

    for acl in (opaque, data, flag):
        with pytest.raises(CodecError):
            format_sddl(SecurityDescriptor(dacl=acl), _NAMES)


@pytest.mark.parametrize(
    "descriptor",
    [
        SecurityDescriptor(
            dacl=Acl(aces=(Ace(kind=0, mask=1, sid=_DOMAIN, object_type=UUID(int=1)),))
        ),
        SecurityDescriptor(dacl=Acl(aces=(Ace(kind=0, mask=1 << 32, sid=_DOMAIN),))),
        SecurityDescriptor(dacl=Acl(aces=(OpaqueAce(kind=9, flags=0, body=bytes(65_532)),))),
        SecurityDescriptor(control=1 << 16),
    ],
    ids=["object type in plain entry", "33 bits", "entry too long", "17 bits of control"],
)
def test_descriptor_that_cannot_be_stored(descriptor: SecurityDescriptor) -> None:
    """Encoding refuses what does not fit."""
    with pytest.raises(CodecError):
        encode_descriptor(descriptor)


@pytest.mark.parametrize(
    ("offset", "patch", "field"),
    [
        pytest.param(0, b"\2", "Revision", id="revision"),
        pytest.param(3, b"\0", "Control", id="not self-relative"),
        pytest.param(4, b"\1\0\0\0", "OffsetOwner", id="owner in the header"),
        pytest.param(8, b"\xff" * 4, "OffsetGroup", id="group outside"),
        pytest.param(22, b"\xff\xff", "AclSize", id="list too long"),
        pytest.param(22, b"\7\0", "AclSize", id="list shorter than its header"),
        pytest.param(24, b"\xff\xff", "AceCount", id="too many entries"),
        pytest.param(24, b"\2\0", "AceType", id="one entry too many"),
        pytest.param(30, b"\xff\xff", "AceSize", id="entry too long"),
        pytest.param(30, b"\3\0", "AceSize", id="entry shorter than its header"),
        pytest.param(30, b"\x10\0", "SubAuthority", id="entry ends in its SID"),
    ],
)
def test_malformed_descriptor(offset: int, patch: bytes, field: str) -> None:
    """The error names the field that contradicts the bytes."""
    entry = Ace(kind=0, mask=1, sid=_DOMAIN)
    value = SecurityDescriptor(owner=_DOMAIN, group=_DOMAIN, dacl=Acl(aces=(entry,)))
    blob = bytearray(encode_descriptor(value))
    blob[offset : offset + len(patch)] = patch
    with pytest.raises(CodecError) as caught:
        decode_descriptor(bytes(blob))

    assert (caught.value.format, caught.value.field) == ("SECURITY_DESCRIPTOR", field)


def test_object_entry_with_unknown_fields_is_kept_as_it_is() -> None:
    """An object entry that announces parts nobody knows is not taken apart."""
    body = (0x100).to_bytes(4, "little") + (8).to_bytes(4, "little") + _DOMAIN.to_bytes()
    value = SecurityDescriptor(dacl=Acl(aces=(OpaqueAce(kind=5, flags=0, body=body),)))
    again = decode_descriptor(encode_descriptor(value))

    assert again.dacl == value.dacl


def test_rights_as_numbers() -> None:
    """Rights are understood as words, hexadecimal and decimal numbers."""
    masks = [
        ace.mask
        for text in ("D:(A;;RPWP;;;AU)", "D:(A;;0x30;;;AU)", "D:(A;;48;;;AU)")
        if (acl := parse_sddl(text, _NAMES).dacl) is not None
        for ace in acl.aces
        if isinstance(ace, Ace)
    ]

    assert masks == [0x30, 0x30, 0x30]


def test_sid_that_cannot_be() -> None:
    """A SID has 48 bits of authority and at most fifteen parts of 32 bits."""
    with pytest.raises(CodecError):
        Sid(authority=1 << 48)
    with pytest.raises(CodecError):
        Sid(authority=5, parts=(1,) * 16)
    with pytest.raises(CodecError):
        Sid(authority=5, parts=(1 << 32,))
