"""``gpt.ini`` and ``versionNumber``: one number changes, nothing else."""

import codecs

import hypothesis.strategies as st
import pytest
from hypothesis import given

from ipsec_orchestrator.codec.gpo_version import GpoVersion
from ipsec_orchestrator.codec.gpt_ini import new_gpt_ini, version, with_version
from ipsec_orchestrator.errors import CodecError

HALVES = st.integers(0, 0xFFFF)
VERSIONS = st.builds(GpoVersion, user=HALVES, machine=HALVES)

_UTF16 = codecs.BOM_UTF16_LE + "[General]\r\nVersion=65537\r\n".encode("utf-16-le")


def test_new_file() -> None:
    """A new file is what Windows writes."""
    assert new_gpt_ini() == b"[General]\r\nVersion=0\r\n"
    assert new_gpt_ini(GpoVersion(machine=1)) == b"[General]\r\nVersion=1\r\n"


@given(VERSIONS, VERSIONS)
def test_set_and_read(first: GpoVersion, second: GpoVersion) -> None:
    """A version that is set is the version that is read; setting it back restores the file."""
    content = new_gpt_ini(first)
    changed = with_version(content, second)

    assert version(changed) == second
    assert with_version(changed, first) == content


@pytest.mark.parametrize(
    ("content", "changed"),
    [
        pytest.param(
            b"[General]\r\nVersion=1\r\ndisplayName=New Group Policy Object\r\n",
            b"[General]\r\nVersion=70000\r\ndisplayName=New Group Policy Object\r\n",
            id="display name",
        ),
        pytest.param(b"[GENERAL]\nVERSION = 1 \n", b"[GENERAL]\nVERSION = 70000 \n", id="case"),
        pytest.param(
            b"\xe4\xff;\r\n[x]\r\nVersion=9\r\n[general]\r\nversion=1",
            b"\xe4\xff;\r\n[x]\r\nVersion=9\r\n[general]\r\nversion=70000",
            id="code page and other sections",
        ),
        pytest.param(
            codecs.BOM_UTF8 + b"[General]\r\nVersion=1\r\n",
            codecs.BOM_UTF8 + b"[General]\r\nVersion=70000\r\n",
            id="UTF-8",
        ),
        pytest.param(
            _UTF16.replace("65537".encode("utf-16-le"), "1".encode("utf-16-le")),
            _UTF16.replace("65537".encode("utf-16-le"), "70000".encode("utf-16-le")),
            id="UTF-16",
        ),
        pytest.param(
            codecs.BOM_UTF16_BE + "[General]\rVersion=1".encode("utf-16-be"),
            codecs.BOM_UTF16_BE + "[General]\rVersion=70000".encode("utf-16-be"),
            id="UTF-16 big endian",
        ),
    ],
)
def test_only_the_number_changes(content: bytes, changed: bytes) -> None:
    """Encoding, line ends, case, blanks and other keys stay."""
    assert version(content) == GpoVersion(machine=1)
    assert with_version(content, GpoVersion.from_number(70_000)) == changed


def _outcome(content: bytes) -> GpoVersion | CodecError:
    try:
        return version(content)
    except CodecError as error:
        return error


@given(
    st.one_of(
        st.binary(max_size=40),
        st.lists(
            st.sampled_from(
                [b"[General]", b"Version=", b"1", b"\r\n", b" ", b"\xb2", b"99999", codecs.BOM_UTF8]
            )
        ).map(b"".join),
    )
)
def test_any_bytes(content: bytes) -> None:
    """Any file is refused, or setting its own version changes nothing."""
    outcome = _outcome(content)
    if not isinstance(outcome, CodecError):
        assert with_version(content, outcome) == content


@pytest.mark.parametrize(
    ("content", "field", "offset"),
    [
        pytest.param(b"", "Version", 0, id="empty"),
        pytest.param(b"Version=1", "Version", 9, id="no section"),
        pytest.param(b"[General]\r\nVersion=x", "Version", 19, id="no number"),
        pytest.param(b"[General]\r\nVersion=", "Version", 19, id="nothing"),
        pytest.param(b"[General]\r\nVersion=\xb2", "Version", 19, id="superscript two"),
        pytest.param(codecs.BOM_UTF8 + b"\xff", "utf-8", 3, id="broken UTF-8"),
        pytest.param(codecs.BOM_UTF16_LE + b"x", "utf-16-le", 2, id="broken UTF-16"),
        pytest.param(b"[General]\r\nVersion=4294967296", "versionNumber", 0, id="33 bits"),
    ],
)
def test_malformed_file(content: bytes, field: str, offset: int) -> None:
    """The error names the field and where it was looked for."""
    with pytest.raises(CodecError) as caught:
        version(content)

    assert (caught.value.field, caught.value.offset) == (field, offset)


@given(VERSIONS)
def test_numbers(value: GpoVersion) -> None:
    """A version survives its number, with and without sign."""
    assert GpoVersion.from_number(value.number) == value
    assert GpoVersion.from_number(value.signed_number) == value
    assert -(1 << 31) <= value.signed_number < 1 << 31


@pytest.mark.parametrize(("machine", "following"), [(0, 1), (1, 2), (65_534, 65_535), (65_535, 1)])
def test_next_machine(machine: int, following: int) -> None:
    """The computer half grows by one, and skips 0 when it wraps; the user half stays."""
    value = GpoVersion(user=7, machine=machine)

    assert value.next_machine() == GpoVersion(user=7, machine=following)


def test_halves() -> None:
    """The user half is in the high bits, and the sign is its highest."""
    assert GpoVersion.from_number(65_537) == GpoVersion(user=1, machine=1)
    assert GpoVersion.from_number(-1) == GpoVersion(user=65_535, machine=65_535)
    assert GpoVersion(user=0x8000).signed_number == -(1 << 31)


@pytest.mark.parametrize("number", [1 << 32, -(1 << 31) - 1])
def test_more_than_32_bits(number: int) -> None:
    """A number of more than 32 bits is no version."""
    with pytest.raises(CodecError):
        GpoVersion.from_number(number)


def test_half_out_of_range() -> None:
    """A half has 16 bits."""
    with pytest.raises(CodecError, match="machine"):
        GpoVersion(machine=65_536)
    with pytest.raises(CodecError, match="user"):
        GpoVersion(user=-1)
