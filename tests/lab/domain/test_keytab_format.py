"""The keytab codec against itself and against MIT Kerberos."""

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipsec_orchestrator.errors import CodecError
from ipsec_orchestrator.lab.domain.keytab import KeytabEntry, read_keytab, write_keytab

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
ENTRIES = st.builds(
    KeytabEntry,
    realm=NAMES,
    components=st.lists(NAMES, min_size=1, max_size=3).map(tuple),
    name_type=st.integers(0, 10),
    timestamp=st.integers(0, 2**32 - 1),
    key_version=st.integers(1, 2**32 - 1),
    encryption_type=st.sampled_from([17, 18, 23]),
    key=st.binary(max_size=32),
)
VM1 = KeytabEntry(
    realm="IPSECTEST.COM",
    components=("VM1$",),
    name_type=1,
    timestamp=1_000_000_000,
    key_version=300,
    encryption_type=18,
    key=bytes(range(32)),
)


@given(st.lists(ENTRIES, max_size=5))
def test_reading_what_was_written_gives_the_same(entries: list[KeytabEntry]) -> None:
    """Writing and reading a keytab is the identity."""
    assert read_keytab(write_keytab(entries)) == entries


@given(st.binary(max_size=80))
def test_damaged_keytabs_raise_one_error(junk: bytes) -> None:
    """Whatever follows the magic, the answer is entries or a CodecError."""
    try:
        entries = read_keytab(b"\x05\x02" + junk)
    except CodecError as error:
        assert error.format == "keytab"  # noqa: PT017 - either outcome is right
    else:
        assert len(entries) <= len(junk)


def test_other_files_are_refused() -> None:
    """A file without the magic is no keytab."""
    with pytest.raises(CodecError, match="version at offset 0"):
        read_keytab(b"[libdefaults]")


def test_deleted_entries_are_left_out() -> None:
    """A record of negative size is a hole and is skipped."""
    record = write_keytab([VM1])[2:]
    hole = (-8).to_bytes(4, "big", signed=True) + bytes(8)

    assert read_keytab(b"\x05\x02" + hole + record) == [VM1]


def test_key_stays_out_of_representations() -> None:
    """Printing an entry shows its name and type, not its key."""
    assert repr(VM1) == "KeytabEntry(VM1$@IPSECTEST.COM, 18)"


@pytest.mark.skipif(shutil.which("klist") is None, reason="klist of krb5-user is missing")
def test_mit_kerberos_reads_what_we_write(tmp_path: Path) -> None:
    """MIT's klist shows the account's key under the service's name with its version and type."""
    path = tmp_path / "keytab"
    path.write_bytes(write_keytab([VM1.renamed("HTTP", "vm1.ipsectest.com")]))
    shown = subprocess.run(
        ["klist", "-k", "-e", "-K", str(path)], capture_output=True, text=True, check=True
    ).stdout

    assert "300 HTTP/vm1.ipsectest.com@IPSECTEST.COM (aes256-cts-hmac-sha1-96)" in shown
    assert bytes(range(32)).hex() in shown
