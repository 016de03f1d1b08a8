"""Every stored blob in ``tests/vectors`` decodes and encodes to the same bytes."""

import hashlib
import json
from pathlib import Path

import pytest

from ipsec_orchestrator.codec import (
    IpsecFilter,
    IsakmpPolicy,
    NegotiationPolicy,
    Nfa,
    VersionInformation,
    decode,
    encode,
    object_class_of,
)
from ipsec_orchestrator.codec.constants import AuthKind
from ipsec_orchestrator.codec.filter_blob import WINDOWS_2003_LENGTH_SKEW
from ipsec_orchestrator.errors import CodecError

_FOLDER = Path(__file__).parent.parent / "vectors"


def _load(path: Path) -> tuple[str, bytes, str]:
    vector = json.loads(path.read_text(encoding="utf-8"))
    return vector["class"], bytes.fromhex(vector["ipsecData_hex"]), vector["sha256"]


def _blob(name: str) -> tuple[str, bytes]:
    object_class, blob, _ = _load(_FOLDER / f"{name}.json")
    return object_class, blob


PATHS = sorted(_FOLDER.glob("*.json"))


def test_vectors_are_there() -> None:
    """The folder holds the whole set, so that the parametrized tests below mean something."""
    assert len(PATHS) == 56


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_vector_round_trips(path: Path) -> None:
    """A stored blob decodes, and its value encodes to the same bytes under the same class."""
    object_class, blob, digest = _load(path)
    value = decode(object_class, blob)

    assert hashlib.sha256(blob).hexdigest() == digest
    assert encode(value) == blob
    assert object_class_of(value) == object_class


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_class_name_in_any_case(path: Path) -> None:
    """The object class is understood in any case, as LDAP servers may return it."""
    object_class, blob, _ = _load(path)

    assert decode(object_class.upper(), blob) == decode(object_class.lower(), blob)


@pytest.mark.parametrize(
    "path", [p for p in PATHS if p.stem.startswith("reg_20")], ids=lambda path: path.stem
)
def test_modern_blobs_need_no_odd_fields(path: Path) -> None:
    """Blobs of Windows 10 and later have canonical lengths and nothing unknown behind them."""
    object_class, blob, _ = _load(path)
    value = decode(object_class, blob)

    assert not isinstance(value, VersionInformation)
    assert value.length_skew == 0
    assert value.trailing == (b"" if isinstance(value, IpsecFilter) else b"\0")


def test_heap_leftovers_are_kept_by_name() -> None:
    """What Windows 2000 left in unused algorithm slots is shown as such, not as algorithms."""
    value = decode(*_blob("ad_default_ipsecNegotiationPolicy_72385233-70FA-11D1-864C-14A300000000"))

    assert isinstance(value, NegotiationPolicy)
    assert [len(offer.algorithms) for offer in value.offers] == [1, 1, 1, 1, 0]
    assert value.offers[0].lifetime_seconds == 900
    assert value.offers[0].lifetime_kilobytes == 100_000
    leftover = value.offers[0].unused_algorithms.ljust(40, b"\0")
    assert leftover.decode("utf-16-le") == "\\Services\\PolicyAgen"


def test_uninitialised_padding_is_kept() -> None:
    """The 0xCD paddings of the default main mode policies appear in the padding fields only."""
    value = decode(*_blob("ad_default_ipsecISAKMPPolicy_72385231-70FA-11D1-864C-14A300000000"))

    assert isinstance(value, IsakmpPolicy)
    assert [(m.encryption, m.integrity, m.oakley_group) for m in value.methods] == [
        (3, 2, 2),
        (3, 1, 2),
        (1, 2, 1),
        (1, 1, 1),
    ]
    assert {method.zero3 for method in value.methods} == {b"\xcd\xcd"}


def test_old_filter_form_is_recognised() -> None:
    """Filters of the Windows 2000 era differ in the length form only."""
    value = decode(*_blob("ad_default_ipsecFilter_72385235-70FA-11D1-864C-14A300000000"))

    assert isinstance(value, IpsecFilter)
    assert value.length_skew == WINDOWS_2003_LENGTH_SKEW
    assert value.trailing == b"\0"
    assert [str(spec.description) for spec in value.filters] == ["ICMP"]
    assert value.filters[0].protocol == 1


def test_old_rule_form_has_no_alternate_section() -> None:
    """A rule of the Windows 2000 era says so by lacking the sections of later systems."""
    value = decode(*_blob("ad_default_ipsecNFA_72385232-70FA-11D1-864C-14A300000000"))

    assert isinstance(value, Nfa)
    assert value.alternate_auth is None
    assert [method.kind for method in value.auth_methods] == [AuthKind.KERBEROS]


def test_pre_shared_key_is_read_and_hidden() -> None:
    """The key of a stored rule can be had on purpose but appears in no representation."""
    value = decode(*_blob("w2k_vpnease_ipsecNFA_nfa2"))

    assert isinstance(value, Nfa)
    key = value.auth_methods[0].key
    assert key is not None
    assert key.reveal() == "Open-Sesame"
    assert "Sesame" not in f"{value!r} {value} {value.auth_methods!r}"
    assert "O\\x00p" not in repr(value)


def test_version_information_object() -> None:
    """The default object that is no rule is read as what it is, with the rule inside."""
    value = decode(*_blob("ad_default_ipsecNFA_6A1F5C6F-72B7-11D2-ACF0-0060B0ECCA17"))

    assert isinstance(value, VersionInformation)
    assert str(value.system) == "Windows 2000"
    assert str(value.author) == "Administrator"
    assert value.unknown == b""
    assert value.nfa.is_active == 1


def test_version_information_with_contradicting_length() -> None:
    """A length that ends inside the strings is refused."""
    object_class, blob = _blob("ad_default_ipsecNFA_6A1F5C6F-72B7-11D2-ACF0-0060B0ECCA17")
    with pytest.raises(CodecError) as caught:
        decode(object_class, blob[:16] + b"\x20" + blob[17:])

    assert (caught.value.field, caught.value.offset) == ("Data-Length", 16)
